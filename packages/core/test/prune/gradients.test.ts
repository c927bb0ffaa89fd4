// SNIP, Iter-SNIP, FORCE and GRASP-It against the float64 network: SNIP by finite differences of the loss, the iterated ones
// step by step.

import { describe, expect, test } from 'vitest'
import { prune } from '#core/prune/prune'
import { flatPositions, highest, platform, Reference64, smallTask } from './small-task.js'

const weights = 2 * 5 * 9 + 5 * 5 * 9 + 5 * 6 + 54 * 3

async function chosenBy(method: string, density: number, steps?: number): Promise<number[]> {
  const task = { ...smallTask(density), steps }
  return flatPositions(task.network, (await prune(task, method, platform())).supports)
}

interface Iteration {
  readonly score: (initial: number, gradient: number) => number
  readonly mayReturn: boolean
  readonly linear?: true
}

/** The masks after each step, as positions. */
function masks64(density: number, steps: number, { score, mayReturn, linear }: Iteration): number[][] {
  const reference = new Reference64(smallTask(density))
  const { initial } = reference
  expect(initial).toHaveLength(weights)
  let kept = Array.from(initial, (_, i) => i)
  return Array.from({ length: steps }, (_, index) => {
    const mask = new Set(kept)
    const masked = initial.map((value, i) => (mask.has(i) ? value : 0))
    const { gradient } = reference.lossAndGradient(masked)
    const scores = gradient.map((slope, i) =>
      mayReturn || mask.has(i) ? score(initial[i]!, slope) : -Infinity,
    )
    const done = (index + 1) / steps
    const share = linear ? 1 - done * (1 - density) : density ** done
    kept = highest(scores, Math.round(share * weights))
    return kept
  })
}

const snipScore = (initial: number, gradient: number) => Math.abs(initial * gradient)

describe('pruning by gradients', () => {
  test('SNIP keeps the weights whose |weight x slope of the loss| is largest, slopes by finite differences', async () => {
    const reference = new Reference64(smallTask(0.1))
    const { initial } = reference
    const step = 1e-5
    const lossAt = (index: number, offset: number) => {
      const moved = initial.slice()
      moved[index]! += offset
      return reference.lossAndGradient(moved, undefined, false).loss
    }
    const scores = initial.map((value, i) =>
      Math.abs((value * (lossAt(i, step) - lossAt(i, -step))) / (2 * step)),
    )
    for (const density of [0.02, 0.1, 0.5]) {
      expect(await chosenBy('snip', density)).toEqual(highest(scores, Math.round(density * weights)))
    }
  })

  test('Iter-SNIP follows the masks in float64; none of them takes a weight back', async () => {
    const masks = masks64(0.05, 6, { score: snipScore, mayReturn: false })
    for (const [step, mask] of masks.entries()) {
      expect(mask.every((position) => step === 0 || masks[step - 1]!.includes(position))).toBe(true)
    }
    expect(await chosenBy('iter-snip', 0.05, 6)).toEqual(masks.at(-1))
  })

  test('FORCE follows the masks in float64, and weights that had been pruned return', async () => {
    const masks = masks64(0.05, 6, { score: snipScore, mayReturn: true })
    const final = masks.at(-1)!
    const returned = final.filter((position) => masks.some((mask) => !mask.includes(position)))
    expect(returned.length).toBeGreaterThan(0)
    expect(await chosenBy('force', 0.05, 6)).toEqual(final)
    expect(await chosenBy('iter-snip', 0.05, 6)).not.toEqual(final)
  })

  test('GRASP-It follows the masks in float64', async () => {
    const masks = masks64(0.05, 6, { score: (_, gradient) => gradient ** 2, mayReturn: false })
    expect(await chosenBy('grasp-it', 0.05, 6)).toEqual(masks.at(-1))
  })

  test('a linear decay takes away equally many weights in each step', async () => {
    const masks = masks64(0.05, 4, { score: snipScore, mayReturn: true, linear: true })
    expect(masks.map(({ length }) => length)).toEqual([387, 266, 146, 25])
    const task = { ...smallTask(0.05), steps: 4, decay: 'linear' } as const
    const { supports } = await prune(task, 'force', platform())
    expect(flatPositions(task.network, supports)).toEqual(masks.at(-1))
  })
})
