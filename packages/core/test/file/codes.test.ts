// The small codes that files are made of: checksum, half precision, coded positions.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DctpsError } from '#core/errors'
import { crc32 } from '#core/file/crc32'
import { decodeFloat16, encodeFloat16 } from '#core/file/float16'
import { decodePositions, encodePositions } from '#core/file/golomb'
import { Key } from '#core/random/key'
import { randomPositions } from '#core/support/random-support'

describe('CRC-32', () => {
  test('gives the published check value and those of zlib', () => {
    const text = (s: string) => new TextEncoder().encode(s)
    expect(crc32(text('123456789'))).toBe(0xcbf43926)
    expect(crc32(text(''))).toBe(0)
    expect(crc32(text('The quick brown fox jumps over the lazy dog'))).toBe(0x414fa339)
    expect(crc32(new Uint8Array(32))).toBe(0x190a55ad)
  })
})

describe('float16', () => {
  const decode = (half: number) => decodeFloat16(Uint16Array.of(half))[0]!
  const encode = (value: number) => encodeFloat16([value], 'w')[0]!

  test('decodes the examples of the standard', () => {
    expect([0x3c00, 0xc000, 0x7bff, 0x0400, 0x03ff, 0x0001, 0x3555, 0x0000].map(decode)).toEqual([
      1,
      -2,
      65504,
      2 ** -14,
      1023 * 2 ** -24,
      2 ** -24,
      0.333251953125,
      0,
    ])
    expect(decode(0x8000)).toBe(-0)
    expect(decode(0x7c00)).toBe(Number.POSITIVE_INFINITY)
    expect(decode(0xfc00)).toBe(Number.NEGATIVE_INFINITY)
    expect(decode(0x7e00)).toBeNaN()
  })

  test('every finite half survives decoding and encoding', () => {
    const halves = Uint16Array.from({ length: 2 * 0x7c00 }, (_, i) => (i < 0x7c00 ? i : 0x8000 + i - 0x7c00))
    expect(encodeFloat16(decodeFloat16(halves), 'w')).toEqual(halves)
  })

  test('rounds to nearest, ties to even, between every two neighbours, subnormals included', () => {
    for (let half = 0; half < 0x7bff; half++) {
      const [low, high] = [decode(half), decode(half + 1)]
      const middle = (low + high) / 2
      const even = half % 2 === 0 ? half : half + 1
      const below = middle * (1 - 2 ** -50)
      const above = middle * (1 + 2 ** -50)
      const right =
        encode(middle) === even &&
        encode(-middle) === 0x8000 + even &&
        encode(below) === half &&
        encode(above) === half + 1
      if (!right) expect.fail(`between ${low} and ${high}`)
    }
  })

  test('rounds up to the largest half, and refuses by name what would become infinite', () => {
    expect(encode(65519.99)).toBe(0x7bff)
    expect(encode(2 ** -26)).toBe(0)
    for (const value of [65520, -70000, Number.POSITIVE_INFINITY, Number.NaN]) {
      expect(() => encodeFloat16([0, value], 'conv1.weight')).toThrow(
        `conv1.weight: value 1 is ${value}, but float16 holds magnitudes up to 65504`,
      )
    }
  })
})

describe('coded positions', () => {
  test('follow the documented layout: gaps 2, 0, 5 with k = 1 are 10|0 0|0 110|1', () => {
    const bytes = encodePositions(Uint32Array.of(2, 3, 9))
    expect(Array.from(bytes)).toEqual([1, 0b10000110, 0b10000000])
    expect(Array.from(decodePositions(bytes, 3, 10, 'x'))).toEqual([2, 3, 9])
  })

  test('come back for any ascending positions', () => {
    const positions = fc.oneof(
      fc.uniqueArray(fc.nat(300)),
      fc.uniqueArray(fc.integer({ min: 0, max: 2 ** 32 - 2 })),
    )
    fc.assert(
      fc.property(positions, (unsorted) => {
        const ascending = Uint32Array.from(unsorted).sort()
        const decoded = decodePositions(encodePositions(ascending), ascending.length, 2 ** 32 - 1, 'x')
        expect(decoded).toEqual(ascending)
      }),
      { numRuns: 500 },
    )
  })

  test('take about log2(1/density) + 1.5 bits each, within 3% of the entropy of a random support', () => {
    for (const density of [0.5, 0.1, 0.05, 0.02, 0.01, 0.001, 1e-4]) {
      const count = 20_000
      const entries = Math.round(count / density)
      const bytes = encodePositions(randomPositions(Key.fromSeed(1), entries, count))
      const bits = (8 * bytes.length) / count
      const entropy = (-density * Math.log2(density) - (1 - density) * Math.log2(1 - density)) / density
      expect(bits).toBeLessThan(-Math.log2(density) + 1.55)
      expect(bits).toBeLessThan(1.03 * entropy)
      // Choosing count out of entries positions takes a little less than `entropy` bits each; no code can do better.
      expect(bits).toBeGreaterThan(0.99 * entropy)
    }
  })

  test('choose the cheapest parameter', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2000), { minLength: 1, maxLength: 50 }), (gaps) => {
        let position = -1
        const positions = Uint32Array.from(gaps, (gap) => {
          position += gap + 1
          return position
        })
        const cost = (k: number) => gaps.reduce((bits, gap) => bits + Math.floor(gap / 2 ** k) + 1 + k, 0)
        const best = Math.min(...Array.from({ length: 32 }, (_, k) => cost(k)))
        expect(encodePositions(positions).length).toBe(1 + Math.ceil(best / 8))
      }),
    )
  })

  test('are refused when cut, extended, out of range or of another count', () => {
    const positions = randomPositions(Key.fromSeed(2), 5000, 100)
    const bytes = encodePositions(positions)
    const decode = (changed: Uint8Array, count = 100, entries = 5000) =>
      decodePositions(changed, count, entries, 'm.dctps, layer conv1')
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decode(bytes.subarray(0, length))).toThrow(DctpsError)
    }
    expect(() => decode(Uint8Array.of(...bytes, 0))).toThrow(
      'm.dctps, layer conv1: coded positions are damaged',
    )
    expect(() => decode(bytes, 100, positions[99]!)).toThrow(`position 99 is ${positions[99]}`)
    expect(() => decode(bytes, 99)).toThrow(/damaged/)
    expect(() => decode(bytes, 2 ** 31)).toThrow(/end too early/)
    expect(() => decode(Uint8Array.of(32, ...bytes.subarray(1)))).toThrow(/Rice parameter 32/)
    expect(() => decodePositions(Uint8Array.of(0, 0b01000000), 1, 5, 'x')).toThrow(/padding/)
  })

  test('are never read as positions that are not ascending or out of range, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(60), fc.nat(4000), (bytes, count, entries) => {
        try {
          const positions = decodePositions(bytes, count, entries, 'x')
          expect(positions.every((p, i) => p < entries && (i === 0 || p > positions[i - 1]!))).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(DctpsError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
