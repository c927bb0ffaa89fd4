import fc from 'fast-check'
import { describe, test } from 'vitest'
import { findArchitecture } from '#core/models/registry'
import { kernelKinds } from '#core/network/layer'
import { activationSize } from '#core/shape/activation'
import { Lcg } from '../reference/lcg.js'
import {
  arbitraryLayerCase,
  arbitraryNetwork,
  fillNetwork,
  type NetworkCase,
} from '../reference/random-network.js'
import { expectNear, expectSameBits } from './compare.js'
import { type BatchOutput, Session } from './run.js'

type Options = Parameters<typeof Session.open>[1]

interface Result extends BatchOutput {
  readonly gradients: ReadonlyMap<string, Float32Array>
  readonly state: ReadonlyMap<string, Float32Array>
}

/** Images that leave no number in the arena as it was: every lane of every block is touched. */
const dirt = [Number.NaN, Infinity, 3e38]

/** Runs full batches of dirt in both modes, then the case, its parameters restored. */
async function runAfterDirt(
  session: Session,
  { network, parameters, images, x }: NetworkCase,
  labels: ArrayLike<number>,
  upstream: ArrayLike<number> | undefined,
): Promise<Result> {
  const { batch } = session.runner.program
  for (const value of dirt) {
    const dirty = {
      images: batch,
      x: new Float32Array(batch * activationSize(network.input)).fill(value),
      labels: new Int32Array(batch),
      upstream: new Float32Array(upstream === undefined ? 0 : batch * network.classes).fill(value),
    }
    await session.run(dirty, 'evaluate')
    await session.run(dirty, 'gradient')
  }
  // The dirty batches moved running statistics; parameters are not part of what must be forgotten.
  session.write(parameters)
  return runClean(session, { images, x }, labels, upstream)
}

async function runClean(
  session: Session,
  { images, x }: { images: number; x: ArrayLike<number> },
  labels: ArrayLike<number>,
  upstream: ArrayLike<number> | undefined,
): Promise<Result> {
  const output = await session.run({ images, x, labels, ...(upstream && { upstream }) }, 'gradient')
  return { ...output, gradients: session.gradients(images), state: session.state() }
}

/**
 * A dirtied program with room for `room` more images against a fresh one that fits exactly, with the same lanes: the
 * same bits. `upstream` makes it a check of the input gradient too.
 */
async function expectNothingLeft(
  test: NetworkCase,
  lanes: number,
  room: number,
  upstream?: ArrayLike<number>,
): Promise<void> {
  const { labels, images } = test
  const options: Options = { lanes, objective: upstream === undefined ? 'crossEntropy' : 'upstream' }
  const fresh = await Session.use(test, options, (session) => runClean(session, test, labels, upstream))
  const dirty = await Session.use(test, { ...options, batch: images + room }, (session) =>
    runAfterDirt(session, test, labels, upstream),
  )
  expectSameBits('logits', dirty.logits, fresh.logits)
  expectSameBits('loss', Float32Array.of(dirty.lossSum), Float32Array.of(fresh.lossSum))
  expectSameBits('input gradient', dirty.inputGradient, fresh.inputGradient)
  for (const [name, gradient] of fresh.gradients) expectSameBits(name, dirty.gradients.get(name)!, gradient)
  for (const [name, values] of fresh.state) expectSameBits(name, dirty.state.get(name)!, values)
}

const laneCounts = fc.constantFrom(4, 8, 16, 32)
const rooms = fc.nat({ max: 40 })

describe('what a larger batch of NaN, infinite and huge images left in lanes, halos and sums is never seen', () => {
  test('by single layers', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryLayerCase(), laneCounts, rooms, (layerCase, lanes, room) =>
        expectNothingLeft(layerCase, lanes, room, layerCase.dy),
      ),
      { numRuns: 100, seed: 11 },
    )
  })

  test('by random networks', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryNetwork(), laneCounts, rooms, (networkCase, lanes, room) =>
        expectNothingLeft(networkCase, lanes, room),
      ),
      { numRuns: 100, seed: 12 },
    )
  })

  test.each(kernelKinds)(
    'by resnet8 of kind %s, whose halos share memory with other buffers',
    async (kind) => {
      const input = { channels: 3, height: 32, width: 32 }
      const network = findArchitecture('resnet8').build({ input, classes: 10, kernel: { kind } })
      await expectNothingLeft(fillNetwork(network, 5, 0.05, new Lcg(13)), 4, 6)
    },
  )
})

describe('the number of lanes', () => {
  test('changes results by no more than rounding', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryLayerCase(), async (layerCase) => {
        const results: Result[] = []
        for (const lanes of [4, 8, 16, 32]) {
          const options: Options = { lanes, objective: 'upstream' }
          results.push(
            await Session.use(layerCase, options, (session) =>
              runClean(session, layerCase, layerCase.labels, layerCase.dy),
            ),
          )
        }
        const [first, ...others] = results
        const summed = Math.hypot(...layerCase.dy)
        for (const other of others) {
          expectNear('y', other.logits, first!.logits, 2e-6)
          expectNear('dx', other.inputGradient, first!.inputGradient, 2e-6)
          for (const [name, gradient] of first!.gradients)
            expectNear(name, other.gradients.get(name)!, gradient, 2e-6, summed)
        }
      }),
      { numRuns: 40, seed: 14 },
    )
  })
})
