// Random positions: valid, unbiased, rebuilt from their key, and cheap where the dense layer would not fit.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Key } from '#core/random/key'
import { allocate } from '#core/support/allocate'
import { randomPositions, randomSupport, randomSupports } from '#core/support/random-support'

describe('random positions', () => {
  test('are ascending, distinct, within the layer and exactly as many as asked', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 0, max: 3000 })
          .chain((n) => fc.tuple(fc.constant(n), fc.integer({ min: 0, max: n }))),
        fc.maxSafeNat(),
        ([entries, count], seed) => {
          const positions = randomPositions(Key.fromSeed(seed), entries, count)
          expect(positions.length).toBe(count)
          expect(positions.every((position, i) => i === 0 || position > positions[i - 1]!)).toBe(true)
          expect(count === 0 || positions[count - 1]! < entries).toBe(true)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('are the first distinct draws of the key, as documented', () => {
    for (const [entries, count] of [
      [50, 25],
      [1000, 300],
      [7, 1],
    ] as const) {
      const key = Key.fromSeed(entries)
      const distinct = new Set<number>()
      for (let counter = 0; distinct.size < count; counter++) distinct.add(key.integer(counter, entries))
      expect(Array.from(randomPositions(key, entries, count))).toEqual([...distinct].sort((a, b) => a - b))
    }
  })

  test.each([2, 3, 4])('every subset of %i out of 6 is equally likely', (count) => {
    const counts = new Map<string, number>()
    const subsets = count === 3 ? 20 : 15
    const draws = 1000 * subsets
    for (let seed = 0; seed < draws; seed++) {
      const name = randomPositions(Key.fromSeed(seed), 6, count).join('')
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
    expect(counts.size).toBe(subsets)
    const statistic = [...counts.values()].reduce((total, n) => total + (n - 1000) ** 2 / 1000, 0)
    // At most 19 degrees of freedom: 52 is beyond the 99.99% point.
    expect(statistic).toBeLessThan(52)
  })

  test('of a layer of 2^32 - 1 weights take memory for their own number only', () => {
    const entries = 2 ** 32 - 1
    const before = process.memoryUsage().arrayBuffers
    const positions = randomPositions(Key.fromSeed(1), entries, 10_000)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6)
    expect(positions.length).toBe(10_000)
    // Positions above 2^31 are drawn as often as below.
    const upper = positions.filter((position) => position >= 2 ** 31).length
    expect(Math.abs(upper - 5000)).toBeLessThan(250)
  })

  test.each([
    [10, 11],
    [10, -1],
    [10, 1.5],
    [2 ** 32, 1],
    [-1, 0],
    [Number.NaN, 0],
  ])('%d entries, %d positions: refused', (entries, count) => {
    expect(() => randomPositions(Key.fromSeed(1), entries, count)).toThrow(/0 <= count <= entries/)
  })
})

describe('random supports', () => {
  const kernels = [
    { id: 1, name: 'conv', shape: [6, 3, 5, 5] },
    { id: 4, name: 'conv', shape: [16, 6, 5, 5] },
    { id: 9, name: 'linear', shape: [10, 84] },
  ]

  test('hold the allocated counts by layer id', () => {
    const counts = allocate(kernels, 'epl', 0.05)
    const supports = randomSupports(kernels, 'epl', 0.05, Key.fromSeed(3))
    expect([...supports].map(([id, positions]) => [id, positions.length])).toEqual([
      [1, counts[0]],
      [4, counts[1]],
      [9, counts[2]],
    ])
  })

  test('rebuild each layer alone, and differ between layers and seeds', () => {
    const key = Key.fromSeed(3)
    const supports = randomSupports(kernels, 'erk', 0.05, key)
    const counts = allocate(kernels, 'erk', 0.05)
    expect(randomSupport(key, 2, 840, counts[2]!)).toEqual(supports.get(9))
    expect(randomSupport(key, 1, 2400, counts[1]!)).toEqual(supports.get(4))
    expect(randomSupport(key, 0, 2400, counts[1]!)).not.toEqual(supports.get(4))
    expect(randomSupports(kernels, 'erk', 0.05, Key.fromSeed(4)).get(4)).not.toEqual(supports.get(4))
  })

  test('stay as they are: a file that stores only a seed depends on these positions', () => {
    // From a separate implementation of docs/formats.md in Python; other positions would misread every stored model.
    const supports = randomSupports(kernels, 'uniform', 0.01, Key.fromSeed(2021))
    expect(Array.from(supports.get(1)!)).toEqual([111, 139, 243, 358, 391])
    expect(Array.from(supports.get(9)!)).toEqual([56, 134, 260, 459, 470, 722, 766, 774])
  })
})
