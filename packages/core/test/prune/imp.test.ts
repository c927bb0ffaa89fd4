import { describe, expect, test } from 'vitest'
import { kernelLayers } from '#core/network/network'
import type { Supports } from '#core/network/parameters'
import type { PruneRound } from '#core/prune/method'
import { impCounts } from '#core/prune/methods/imp'
import { prune } from '#core/prune/prune'
import { Trainer } from '#core/train/trainer'
import { countOf, flatPositions, highest, platform, smallTask } from './small-task.js'

const task = smallTask(0.45)
const { network, dataset, options } = task
const weights = 507

/** Trains from the initial values, and keeps the largest magnitudes: a round by hand. */
async function roundByHand(supports: Supports, count: number): Promise<number[]> {
  const trainer = await Trainer.create({ network, supports, dataset, options }, platform())
  for await (const event of trainer.run()) void event
  const magnitudes = new Float64Array(weights).fill(-1)
  const stored = kernelLayers(network).flatMap(({ name }) => [
    ...trainer.runner.parameters.read(`${name}.weight`),
  ])
  trainer.close()
  for (const [i, position] of flatPositions(network, supports).entries())
    magnitudes[position] = Math.abs(stored[i]!)
  return highest(magnitudes, count)
}

async function rounds(from?: Supports): Promise<PruneRound[]> {
  const seen: PruneRound[] = []
  const steps: number[] = []
  const watch = {
    onRound: async (round: PruneRound) => void seen.push(round),
    onStep: (done: number, all: number) => void steps.push(done / all),
  }
  const { supports } = await prune({ ...task, from }, 'imp', platform(), watch)
  expect(supports).toBe(seen.at(-1)?.supports ?? from)
  expect(steps).toEqual(steps.toSorted((a, b) => a - b))
  return seen
}

describe('IMP', () => {
  test('removes a fifth a round, and in the last one what is left to remove', () => {
    expect(impCounts({ weights: 1000, count: 400 })).toEqual([800, 640, 512, 410, 400])
    expect(impCounts({ weights: 1000, count: 640 })).toEqual([800, 640])
    expect(impCounts({ weights: 5, count: 1 })).toEqual([4, 3, 2, 1])
    expect(impCounts({ weights: 5, count: 5 })).toEqual([])
  })

  test('trains, keeps the largest magnitudes and rewinds, round by round', async () => {
    const seen = await rounds()
    expect(seen.map(({ round, rounds, supports }) => [round, rounds, countOf(supports)])).toEqual([
      [1, 4, 406],
      [2, 4, 325],
      [3, 4, 260],
      [4, 4, 228],
    ])
    const [first, , third, last] = seen
    const full = new Map(
      [...first!.supports.keys()].map((id, l) => [
        id,
        Uint32Array.from({ length: [90, 225, 30, 162][l]! }, (_, i) => i),
      ]),
    )
    expect(flatPositions(network, first!.supports)).toEqual(await roundByHand(full, 406))
    expect(flatPositions(network, last!.supports)).toEqual(await roundByHand(third!.supports, 228))
  })

  test('goes on from any round as if it had not stopped', async () => {
    const seen = await rounds()
    for (const from of [seen[1]!, seen[3]!]) {
      const rest = await rounds(from.supports)
      expect(rest.map(({ round }) => round)).toEqual([1, 2, 3, 4].slice(from.round))
      expect(rest.at(-1)?.supports ?? from.supports).toEqual(seen.at(-1)!.supports)
    }
  })

  test('refuses supports that no round leaves', async () => {
    const [first] = await rounds()
    const wrong = new Map(first!.supports).set(1, Uint32Array.of(0))
    await expect(prune({ ...task, from: wrong }, 'imp', platform())).rejects.toThrow(
      'no round of IMP from 507 to 228 weights leaves',
    )
  })
})
