// Keys: distributions against their formulas, and that a draw depends on its key and counter alone.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DctpsError } from '#core/errors'
import { Key } from '#core/random/key'
import { normalQuantile, reproducibleLog } from '#core/random/normal'
import { philox4x32 } from '#core/random/philox'

const fingerprint = (key: Key): string => {
  const out = new Uint32Array(4)
  key.bits(0, out)
  return out.join(' ')
}

/** Pearson's statistic of counts that should be equal; its mean is `counts.length - 1`. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((a, b) => a + b, 0) / counts.length
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}

describe('a key', () => {
  test('uses the seed as the Philox key and the counter as its first words', () => {
    const expected = new Uint32Array(4)
    const received = new Uint32Array(4)
    philox4x32(0xabcdef01, 0x12345, 0, 0, 0x89abcdef, 0x1234, expected)
    Key.fromSeed(0x1234 * 2 ** 32 + 0x89abcdef).bits(0x12345 * 2 ** 32 + 0xabcdef01, received)
    expect(received).toEqual(expected)
  })

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('refuses the seed %s', (seed) => {
    expect(() => Key.fromSeed(seed)).toThrow(DctpsError)
    expect(() => Key.fromSeed(1).fold(seed)).toThrow(/received/)
  })

  test('folds step by step as at once', () => {
    fc.assert(
      fc.property(fc.string(), fc.maxSafeNat(), (name, number) => {
        const key = Key.fromSeed(7)
        expect(fingerprint(key.fold(name, number))).toBe(fingerprint(key.fold(name).fold(number)))
      }),
    )
  })

  test('gives different keys for different purposes, orders and types', () => {
    const key = Key.fromSeed(1)
    const keys = [
      key,
      Key.fromSeed(2),
      key.fold(''),
      key.fold('\0'),
      key.fold('\0\0\0\0\0'),
      key.fold('3'),
      key.fold(3),
      key.fold(3 * 2 ** 32),
      key.fold('ab'),
      key.fold('a', 'b'),
      key.fold('b', 'a'),
      key.fold('support', 3),
      key.fold(3, 'support'),
      key.fold('support', 4),
      key.fold('support'),
    ]
    expect(new Set(keys.map(fingerprint)).size).toBe(keys.length)
  })

  test('gives the same draws in any order of evaluation', () => {
    const key = Key.fromSeed(5).fold('order')
    const forward = Array.from({ length: 100 }, (_, i) => [key.normal(i), key.uniform(i), key.integer(i, 10)])
    for (let i = 99; i >= 0; i--) {
      expect([key.normal(i), key.uniform(i), key.integer(i, 10)]).toEqual(forward[i])
    }
  })
})

describe('uniform numbers', () => {
  test('are below 1, spread evenly, and use all 53 bits', () => {
    const key = Key.fromSeed(11)
    const counts = new Array<number>(64).fill(0)
    let odd = 0
    for (let i = 0; i < 64_000; i++) {
      const u = key.uniform(i)
      expect(u >= 0 && u < 1).toBe(true)
      counts[Math.floor(u * 64)]!++
      if ((u * 2 ** 53) % 2 === 1) odd++
    }
    // 63 degrees of freedom: 120 is beyond the 99.99% point.
    expect(chiSquare(counts)).toBeLessThan(120)
    expect(Math.abs(odd / 64_000 - 0.5)).toBeLessThan(0.01)
  })
})

describe('integers', () => {
  test('stay below their bound, up to 2^53', () => {
    const key = Key.fromSeed(3)
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (counter, bound) => {
        const value = key.integer(counter, bound)
        expect(Number.isInteger(value) && value >= 0 && value < bound).toBe(true)
      }),
    )
    expect(key.integer(0, 2 ** 53)).toBe(key.uniform(0) * 2 ** 53)
  })

  test('are unbiased where a plain remainder would favour the lower half', () => {
    // 2^53 modulo 2/3 * 2^53 is a third of 2^53: without rejection, the lower half of the range would be drawn twice
    // as often as the upper.
    const key = Key.fromSeed(4)
    const bound = Math.floor((2 ** 53 / 3) * 2)
    let low = 0
    for (let i = 0; i < 20_000; i++) if (key.integer(i, bound) < bound / 2) low++
    expect(Math.abs(low / 20_000 - 0.5)).toBeLessThan(0.02)
  })

  test.each([0, -1, 1.5, Number.NaN, 2 ** 54])('refuse the bound %s', (bound) => {
    expect(() => Key.fromSeed(1).integer(0, bound)).toThrow(/bound must be an integer from 1 to 2\^53/)
  })
})

describe('normal numbers', () => {
  test('come from the quantile function: published values of AS241 and the same algorithm in CPython', () => {
    const cases: [number, number][] = [
      [0.25, -0.6744897501960817],
      [0.001, -3.090232306167813],
      [1e-20, -9.262340089798405],
      [0.5, 0],
      [0.075, -1.4395314709384557],
      [2 ** -53, -8.209536151601386],
      [1e-5, -4.2648907939228256],
      [0.9999, 3.7190164854557084],
      [0.3, -0.5244005127080407],
    ]
    for (const [p, x] of cases) expect(Math.abs(normalQuantile(p) - x)).toBeLessThanOrEqual(4e-15)
  })

  test('use a logarithm within rounding of the engine’s', () => {
    fc.assert(
      fc.property(fc.double({ min: 2 ** -60, max: 1, noNaN: true }), (x) => {
        expect(Math.abs(reproducibleLog(x) - Math.log(x))).toBeLessThanOrEqual(4e-16 * Math.abs(Math.log(x)))
      }),
    )
  })

  test('have the moments and the distribution of the normal law', () => {
    const key = Key.fromSeed(8).fold('normal')
    const n = 100_000
    const moments = [0, 0, 0, 0]
    const counts = new Array<number>(20).fill(0)
    // The edges of 20 equally likely intervals, from the quantile function tested above.
    const edges = Array.from({ length: 19 }, (_, i) => normalQuantile((i + 1) / 20))
    for (let i = 0; i < n; i++) {
      const x = key.normal(i)
      for (let k = 0; k < 4; k++) moments[k]! += x ** (k + 1) / n
      counts[edges.filter((edge) => edge < x).length]!++
    }
    // Standard errors at n = 1e5: 0.003, 0.0045, 0.012, 0.031.
    expect(Math.abs(moments[0]!)).toBeLessThan(0.013)
    expect(Math.abs(moments[1]! - 1)).toBeLessThan(0.018)
    expect(Math.abs(moments[2]!)).toBeLessThan(0.05)
    expect(Math.abs(moments[3]! - 3)).toBeLessThan(0.13)
    expect(chiSquare(counts)).toBeLessThan(50)
  })

  test('do not repeat at counters that differ above 32 bits', () => {
    const key = Key.fromSeed(9)
    const counters = [5, 5 + 2 ** 32, 5 + 2 ** 33, 5 + 2 ** 52]
    expect(new Set(counters.map((counter) => key.normal(counter))).size).toBe(counters.length)
  })
})

describe('permutations', () => {
  test('hold every number once', () => {
    fc.assert(
      fc.property(fc.nat(500), fc.nat(), (n, seed) => {
        const sorted = Key.fromSeed(seed).permutation(n).toSorted()
        expect(Array.from(sorted)).toEqual(Array.from({ length: n }, (_, i) => i))
      }),
    )
  })

  test('of four numbers are equally likely', () => {
    const counts = new Map<string, number>()
    for (let seed = 0; seed < 24_000; seed++) {
      const order = Key.fromSeed(seed).permutation(4).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(counts.size).toBe(24)
    // 23 degrees of freedom: 60 is beyond the 99.99% point.
    expect(chiSquare([...counts.values()])).toBeLessThan(60)
  })
})
