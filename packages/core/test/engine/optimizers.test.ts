import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NetworkBuilder } from '#core/network/network'
import type { OptimizerType } from '#core/program/parameter-layout'
import type { StepHyperparameters } from '#core/runtime/batch'
import { activationSize } from '#core/shape/activation'
import { Lcg } from '../reference/lcg.js'
import { ReferenceNetwork } from '../reference/network.js'
import { ReferenceAdam, ReferenceSgd } from '../reference/optimizers.js'
import { arbitraryNetwork, fillNetwork, type NetworkCase } from '../reference/random-network.js'
import { expectNear } from './compare.js'
import { type Batch, hyperparameters, Session } from './run.js'

function referenceOptimizer(hyper: StepHyperparameters): ReferenceSgd | ReferenceAdam {
  return hyper.type === 'sgd'
    ? new ReferenceSgd(hyper)
    : new ReferenceAdam({ ...hyper, betas: [hyper.beta1, hyper.beta2] })
}

/** Four batches, some of them not full. */
function fourBatches(
  { network }: NetworkCase,
  most: number,
  seed: number,
): (Batch & { x: Float64Array; labels: number[] })[] {
  const random = new Lcg(seed)
  return [most, Math.ceil(most / 2), 1 + random.integer(most), most].map((images) => ({
    images,
    x: random.values(images * activationSize(network.input)),
    labels: Array.from({ length: images }, () => random.integer(network.classes)),
  }))
}

const optimizers = ['sgd', 'adam'] as const satisfies readonly OptimizerType[]

describe.each(optimizers)('four steps of %s with partial batches', (optimizer) => {
  test('change every parameter of random networks as the formula does, given the gradients', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryNetwork(),
        fc.constantFrom(4, 8),
        fc.integer({ min: 2, max: 20 }),
        fc.nat(1000),
        async (networkCase, lanes, most, seed) => {
          const batches = fourBatches(networkCase, most, seed)
          await Session.use(networkCase, { batch: most, lanes, optimizer }, async (session) => {
            const reference = referenceOptimizer(hyperparameters(optimizer, 1))
            const trainable = new Set(
              session.runner.parameters.parameters.filter((p) => p.trainable).map((p) => p.name),
            )
            const expected = new Map(
              [...networkCase.parameters].map(([name, values]) => [name, Float64Array.from(values)]),
            )
            for (const [step, batch] of batches.entries()) {
              await session.run(batch, 'train', hyperparameters(optimizer, step + 1))
              const gradients = session.gradients(batch.images)
              reference.step(
                expected,
                new Map([...gradients].map(([name, gradient]) => [name, Float64Array.from(gradient)])),
              )
            }
            for (const [name, values] of expected) {
              const ours = session.runner.parameters.read(name)
              // One number may end near 0, with the rounding of where it came from.
              const start = Math.max(1e-3, ...networkCase.parameters.get(name)!.map(Math.abs))
              if (trainable.has(name)) expectNear(name, ours, values, 2e-6, start)
              // A frozen alpha keeps its very bits; running statistics are the forward pass's business.
              else if (name.endsWith('scaling'))
                expect([...ours]).toEqual([...networkCase.parameters.get(name)!])
            }
          })
        },
      ),
      { numRuns: 40, seed: 6 },
    )
  })

  test.each(['dctps', 'sparse', 'dense'] as const)(
    'train a smooth network of kind %s as the float64 reference does',
    async (kind) => {
      // No ReLU and no max pool: with kinks, rounding may send two correct runs on different ways.
      const builder = new NetworkBuilder('smooth', { channels: 3, height: 6, width: 6 }, { kind })
      let x = builder.conv2d('conv', builder.input, 5, { size: 3, padding: 1, stride: 2 })
      x = builder.batchNorm('bn', x, { epsilon: 1e-2 })
      const branch = builder.conv2d('branch', x, 5, { size: 3, padding: 1 })
      x = builder.averagePool(builder.add(x, branch), 3)
      builder.linear('classifier', builder.flatten(x), 4, { bias: true })
      const networkCase = fillNetwork(builder.build(), 11, 0.3, new Lcg(7))
      const { network, supports, parameters } = networkCase
      const reference = new ReferenceNetwork(network, supports, parameters)
      const update = referenceOptimizer(hyperparameters(optimizer, 1))
      await Session.use(networkCase, { lanes: 4, optimizer }, async (session) => {
        for (const [step, batch] of fourBatches(networkCase, 11, 8).entries()) {
          const { lossSum } = await session.run(batch, 'train', hyperparameters(optimizer, step + 1))
          reference.forward(batch.x, 'train')
          const { loss, gradients } = reference.backward(batch.labels)
          update.step(reference.parameters, gradients.parameters)
          expect(Math.abs(lossSum / batch.images - loss), `loss of step ${step}`).toBeLessThan(1e-5 * loss)
        }
        for (const [name, values] of reference.parameters) {
          expectNear(name, session.runner.parameters.read(name), values, 1e-4)
          expect(values, `${name} moves`).not.toEqual(parameters.get(name))
        }
      })
    },
  )
})
