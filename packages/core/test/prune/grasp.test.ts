// GraSP's Hessian-vector product against one in float64, and what it keeps.

import { describe, expect, test } from 'vitest'
import { DenseTwin, denseNetwork } from '#core/prune/dense-twin'
import type { PruningMethod } from '#core/prune/method'
import { cooled, halves, hessianTimesGradient } from '#core/prune/methods/grasp'
import { type PruneTask, prune } from '#core/prune/prune'
import { topScores } from '#core/prune/top-scores'
import { flatPositions, highest, platform, Reference64, smallTask } from './small-task.js'

const norm = (values: Float64Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))

/** `H g` of the loss of logits / 200, by a difference so small that no ReLU changes its mind. */
function product64(task: PruneTask): { initial: Float64Array; product: Float64Array } {
  const reference = new Reference64(task, cooled(denseNetwork(task.network)))
  const batches = reference.batches((samples) => halves(samples, 3, 16))
  const { initial } = reference
  const { gradient } = reference.lossAndGradient(initial, batches)
  const step = (1e-7 * norm(initial)) / norm(gradient)
  const at = (length: number) =>
    reference.lossAndGradient(
      initial.map((value, i) => value + length * gradient[i]!),
      batches,
    ).gradient
  const [above, below] = [at(step), at(-step)]
  return { initial, product: above.map((value, i) => (value - below[i]!) / (2 * step)) }
}

/** The engine's `H g`, and the error that it reports. */
async function product32(task: PruneTask): Promise<{ product: number[]; error: number }> {
  let found = { product: [0], error: 0 }
  const probe: PruningMethod = {
    name: 'probe',
    summary: 'Hg itself',
    steps: null,
    prune: (job) =>
      DenseTwin.use(
        job,
        async (twin) => {
          const { product, error } = await hessianTimesGradient(twin, job)
          found = { product: [...product.values()].flatMap((values) => [...values]), error }
          return { supports: topScores(product, job.count), hessianError: error }
        },
        { network: cooled(denseNetwork(job.network)), decisions: 'kept' },
      ),
  }
  await prune(task, probe, platform())
  return found
}

describe('GraSP', () => {
  test('multiplies the Hessian with the gradient as float64 does, within the error that it reports', async () => {
    const task = smallTask(0.1)
    const { product: expected } = product64(task)
    const { product, error } = await product32(task)
    const difference = norm(expected.map((value, i) => value - product[i]!)) / norm(expected)
    expect(error).toBeLessThan(5e-3)
    expect(difference).toBeLessThan(error)
  })

  test.each([0.02, 0.1, 0.25])('removes the largest -weight x Hg, at density %s', async (density) => {
    const task = smallTask(density)
    const { initial, product } = product64(task)
    const scores = product.map((value, i) => value * initial[i]!)
    const { supports } = await prune(task, 'grasp', platform())
    expect(flatPositions(task.network, supports)).toEqual(
      highest(scores, Math.round(density * scores.length)),
    )
  })

  test('takes each draw in two halves: all images of a few classes, one of each of many', () => {
    const samples = Uint32Array.from({ length: 30 }, (_, i) => i)
    expect(halves(samples, 3, 16).map(({ length }) => length)).toEqual([15, 15])
    expect(halves(samples, 3, 8).map(({ length }) => length)).toEqual([8, 7, 8, 7])
    const many = Uint32Array.from({ length: 2000 }, (_, i) => i)
    expect(halves(many, 200, 128).map(({ length }) => length)).toEqual(Array(20).fill(100))
    expect(halves(many, 200, 64).map(({ length }) => length)).toEqual(Array(40).fill(50))
  })
})
