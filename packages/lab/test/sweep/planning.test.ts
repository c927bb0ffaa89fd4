// How a sweep is spread over cores and machines, and how long it is expected to take.

import { describe, expect, test } from 'vitest'
import { resolveConfig } from '#lab/config/index'
import {
  chooseParallelism,
  expandExperiment,
  parseExperiment,
  parseShard,
  SpeedBook,
  shardRuns,
  totalSeconds,
} from '#lab/sweep/index'

const runs = (seeds: number, settings: object = {}) =>
  expandExperiment(
    parseExperiment({
      title: 'Seeds',
      shows: 'Nothing.',
      settings,
      grid: { seed: Array.from({ length: seeds }, (_, seed) => seed) },
    }),
  ).runs

describe('cores', () => {
  test.each([
    ['one thread a run while there are enough runs', undefined, 20, {}, 8, { jobs: 8, threads: 1 }],
    ['more threads where there are fewer runs', undefined, 2, {}, 8, { jobs: 2, threads: 4 }],
    ['as many runs as asked for', 3, 20, {}, 8, { jobs: 3, threads: 2 }],
    ['more runs than cores where that is asked for', 16, 20, {}, 8, { jobs: 16, threads: 1 }],
    ['as many runs as threads allow', undefined, 20, { threads: 3 }, 8, { jobs: 2, threads: 3 }],
    ['at least one run at once', undefined, 20, { threads: 16 }, 8, { jobs: 1, threads: 16 }],
    ['nothing left to do', undefined, 0, {}, 8, { jobs: 1, threads: 8 }],
  ] as const)('%s', (_, jobs, count, settings, cores, expected) => {
    const waiting = count === 0 ? [] : runs(count, settings)
    expect(chooseParallelism(jobs, waiting, cores)).toEqual(expected)
  })
})

describe('parts', () => {
  test.each([1, 2, 3, 7])('%i of them hold every run once and differ by one run at most', (count) => {
    const all = runs(20)
    const parts = Array.from({ length: count }, (_, i) => shardRuns(all, parseShard(`${i + 1}/${count}`)))
    const names = parts.flat().map(({ name }) => name)
    expect(names.sort()).toEqual(all.map(({ name }) => name).sort())
    const sizes = parts.map(({ length }) => length)
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
  })

  test('do not depend on the order of the experiment', () => {
    const all = runs(9)
    const shard = parseShard('2/2')
    const names = (list: typeof all) => shardRuns(list, shard).map(({ name }) => name)
    expect(names(all.toReversed()).sort()).toEqual(names(all).sort())
  })

  test.each(['0/2', '3/2', '1', '1/0', 'a/b', '-1/2', '1.5/2', ''])('"%s" is none', (text) => {
    expect(() => parseShard(text)).toThrow(/--shard must be PART\/PARTS/)
  })
})

describe('time', () => {
  test('runs go to whoever is free first', () => {
    const estimates = [5, 1, 1, 4].map((seconds, index) => ({ run: runs(4)[index]!, bytes: 0, seconds }))
    // 5 beside 1 + 1 + 4.
    expect(totalSeconds(estimates, 2)).toBe(6)
    expect(totalSeconds(estimates, 1)).toBe(11)
    expect(totalSeconds(estimates, 9)).toBe(5)
  })

  test('is guessed from the same shape, else from the same network, else from all', () => {
    const speeds = new SpeedBook()
    const config = (settings: object) => resolveConfig({ epochs: 10, ...settings })
    expect(speeds.guess(config({}))).toBeNaN()
    speeds.learn(config({ seed: 3, lr: 0.5 }), 2)
    speeds.learn(config({ kind: 'dense' }), 4)
    speeds.learn(config({ network: 'vgg19' }), 60)
    expect(speeds.guess(config({ epochs: 5 }))).toBe(10)
    expect(speeds.guess(config({ density: 0.5 }))).toBe(30)
    expect(speeds.guess(config({ network: 'resnet18' }))).toBe(220)
    speeds.learn(config({}), 8)
    expect(speeds.guess(config({}))).toBe(80)
  })
})
