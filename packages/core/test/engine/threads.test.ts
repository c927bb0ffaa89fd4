import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findArchitecture } from '#core/models/registry'
import { kernelKinds } from '#core/network/layer'
import type { OptimizerType } from '#core/program/parameter-layout'
import { activationSize } from '#core/shape/activation'
import { Lcg } from '../reference/lcg.js'
import { arbitraryNetwork, fillNetwork, type NetworkCase } from '../reference/random-network.js'
import { expectSameBits } from './compare.js'
import { type Batch, hyperparameters, Session } from './run.js'

const lanes = 4

/** Everything a training run leaves behind. */
interface Trace {
  readonly outputs: readonly Float32Array[]
  readonly losses: readonly number[]
  readonly state: ReadonlyMap<string, Float32Array>
}

/** Full, with a partial last block, with whole blocks empty, and a single image. */
function batchesUpTo(most: number, { network }: NetworkCase, seed: number): Batch[] {
  const random = new Lcg(seed)
  return [most, most - 1, Math.max(1, most - 2 * lanes - 1), 1].map((images) => ({
    images,
    x: random.values(images * activationSize(network.input)),
    labels: Array.from({ length: images }, () => random.integer(network.classes)),
  }))
}

function trace(
  test: NetworkCase,
  batches: readonly Batch[],
  optimizer: OptimizerType,
  options: { threads: number; sharedMemory?: boolean },
): Promise<Trace> {
  const batch = Math.max(...batches.map(({ images }) => images))
  return Session.use(test, { ...options, batch, lanes, optimizer }, async (session) => {
    if (options.sharedMemory !== false) expect(session.runner.threads).toBe(options.threads)
    const outputs: Float32Array[] = []
    const losses: number[] = []
    for (const [step, batch] of batches.entries()) {
      const { logits, lossSum } = await session.run(batch, 'train', hyperparameters(optimizer, step + 1))
      outputs.push(logits)
      losses.push(lossSum)
    }
    const { logits } = await session.run(batches[0]!, 'evaluate')
    return { outputs: [...outputs, logits], losses, state: session.state() }
  })
}

async function expectSameForAllThreads(
  networkCase: NetworkCase,
  optimizer: OptimizerType,
  most: number,
  seed: number,
): Promise<void> {
  const batches = batchesUpTo(most, networkCase, seed)
  const alone = await trace(networkCase, batches, optimizer, { threads: 1 })
  for (const options of [{ threads: 2 }, { threads: 3 }, { threads: 1, sharedMemory: false }]) {
    const other = await trace(networkCase, batches, optimizer, options)
    const what = `${networkCase.network.name}, ${optimizer}, ${JSON.stringify(options)}`
    expect(other.losses, what).toEqual(alone.losses)
    other.outputs.forEach((logits, step) => {
      expectSameBits(`${what}: logits of batch ${step}`, logits, alone.outputs[step]!)
    })
    for (const [name, values] of alone.state)
      expectSameBits(`${what}: ${name}`, other.state.get(name)!, values)
  }
}

describe('1, 2 and 3 threads, and memory that is not shared, give the same bits after several training steps', () => {
  test('for random networks', async () => {
    const optimizers = fc.constantFrom<OptimizerType>('sgd', 'adam')
    const sizes = fc.integer({ min: 2 * lanes + 1, max: 4 * lanes })
    await fc.assert(
      fc.asyncProperty(arbitraryNetwork(), optimizers, sizes, fc.nat(1000), expectSameForAllThreads),
      { numRuns: 20, seed: 3 },
    )
  })

  test.each(['lenet5', 'resnet8'].flatMap((name) => kernelKinds.map((kind) => [name, kind] as const)))(
    'for %s of kind %s',
    async (name, kind) => {
      const input = { channels: 1, height: 32, width: 32 }
      const network = findArchitecture(name).build({ input, classes: 10, kernel: { kind } })
      const most = 3 * lanes - 1
      const networkCase = fillNetwork(network, most, 0.05, new Lcg(4))
      await expectSameForAllThreads(networkCase, kind === 'dense' ? 'adam' : 'sgd', most, 5)
    },
  )
})
