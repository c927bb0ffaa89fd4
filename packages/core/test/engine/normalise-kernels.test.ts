import fc from 'fast-check'
import { describe, test } from 'vitest'
import { enableRelaxedSimd } from '#core/node'
import { kernelBinaries } from '#core/runtime/kernel-binaries'
import { type SimdFlavour, simdFlavours } from '#core/transform/simd'
import { Lcg } from '../reference/lcg.js'
import { expectNear } from './compare.js'

// Rows of any number of pixels: whole quarters, and what remains of them.

type Kernels = Record<string, (...operands: number[]) => void>

interface Row {
  readonly columns: number
  readonly channels: number
  readonly lanes: number
  /** Lanes with an image. */
  readonly images: number
  readonly seed: number
  readonly simd: SimdFlavour
}

const flavours = simdFlavours.filter((simd) => simd === 'plain' || enableRelaxedSimd())

const arbitraryRow: fc.Arbitrary<Row> = fc
  .record({
    columns: fc.integer({ min: 1, max: 11 }),
    channels: fc.integer({ min: 1, max: 5 }),
    lanes: fc.constantFrom(4, 8, 16, 32),
    full: fc.boolean(),
    seed: fc.integer({ min: 0, max: 1 << 30 }),
    simd: fc.constantFrom(...flavours),
  })
  .map(({ full, ...row }) => ({ ...row, images: full ? row.lanes : Math.max(1, row.lanes - 3) }))

/** Memory of the kernels, in which each array gets a place of its own. */
class Place {
  readonly kernels: Kernels
  readonly #memory = new WebAssembly.Memory({ initial: 16, maximum: 65536 })
  #end = 1 << 16

  constructor(simd: SimdFlavour) {
    const bytes = Buffer.from(kernelBinaries[simd].unshared, 'base64')
    const imports = { env: { memory: this.#memory, abort: () => expectNear('aborted', [1], [0], 0) } }
    this.kernels = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports)
      .exports as unknown as Kernels
  }

  bytes(count: number): number {
    const at = this.#end
    this.#end += Math.ceil(count / 64) * 64
    return at
  }

  put(values: ArrayLike<number>): number {
    const at = this.bytes(4 * values.length)
    new Float32Array(this.#memory.buffer, at, values.length).set(values)
    return at
  }

  floats(at: number, count: number): Float32Array {
    return new Float32Array(this.#memory.buffer, at, count).slice()
  }

  doubles(at: number, count: number): Float64Array {
    return new Float64Array(this.#memory.buffer, at, count).slice()
  }

  /** All bits of the lanes with an image. */
  laneMask(lanes: number, images: number): number {
    const at = this.bytes(4 * lanes)
    new Uint32Array(this.#memory.buffer, at, images).fill(0xffffffff)
    return at
  }
}

/** What every kernel here is called with; a number's channel is `channelOf(i)`, its lane has an image where `counts(i)`. */
function setUp(row: Row) {
  const { columns, channels, lanes, images, seed, simd } = row
  const lcg = new Lcg(seed)
  const place = new Place(simd)
  const size = columns * channels * lanes
  const channelOf = (i: number) => Math.floor(i / lanes) % channels
  const counts = (i: number) => i % lanes < images
  const x = lcg.values(size, 2)
  const dy = lcg.values(size, 2).map((value, i) => (counts(i) ? value : 0))
  // mean, inverse deviation, scale, shift
  const moments = Array.from({ length: 4 }, () => lcg.values(channels))
  const [mean, , scale, shift] = moments as [Float64Array, Float64Array, Float64Array, Float64Array]
  const channelSums = (term: (i: number) => number) => {
    const sums = new Float64Array(channels)
    for (let i = 0; i < size; i++) sums[channelOf(i)]! += term(i)
    return sums
  }
  const shape = [columns, channels, lanes] as const
  const at = { x: place.put(x), dy: place.put(dy), moments: place.put(moments.flatMap((row) => [...row])) }
  const normalised = (i: number) => x[i]! * scale[channelOf(i)]! + shift[channelOf(i)]!
  // Rounding must not decide a sign.
  fc.pre(x.every((_, i) => Math.abs(normalised(i)) > 1e-6))
  return { place, lcg, size, channelOf, counts, x, dy, mean, normalised, channelSums, shape, at }
}

const tolerance = 1e-5
/** Of the terms of an element, which may cancel. */
const termMagnitude = 1

/** As {@link expectNear}, but sums may cancel: what rounding does to one is measured by the sum of the magnitudes of its terms. */
function expectSums(
  what: string,
  ours: ArrayLike<number>,
  channelSums: (term: (i: number) => number) => Float64Array,
  term: (i: number) => number,
): void {
  const magnitude = Math.max(...channelSums((i) => Math.abs(term(i))))
  expectNear(what, ours, channelSums(term), tolerance, Math.max(magnitude, 1e-3))
}

/** The same examples for each kernel, and some that have been of use. */
function check(property: (row: Row) => void): void {
  fc.assert(fc.property(arbitraryRow, property), { numRuns: 60 })
}

describe('kernels of batch norm on rows of any length', () => {
  for (const residual of ['none', 'as it is', 'normalised'] as const) {
    test(`normaliseRow, residual ${residual}`, () =>
      check((row) => {
        const { place, lcg, size, channelOf, normalised, shape, at } = setUp(row)
        const added = lcg.values(size)
        const addedMoments = lcg.values(4 * row.channels)
        const y = place.bytes(4 * size)
        const operands = {
          none: [0, 0],
          'as it is': [place.put(added), 0],
          normalised: [place.put(added), place.put(addedMoments)],
        }[residual] as [number, number]
        place.kernels.normaliseRow!(at.x, operands[0], y, ...shape, at.moments, operands[1], 1)
        const term = {
          none: () => 0,
          'as it is': (i: number) => added[i]!,
          normalised: (i: number) =>
            added[i]! * addedMoments[2 * row.channels + channelOf(i)]! +
            addedMoments[3 * row.channels + channelOf(i)]!,
        }[residual]
        const expected = Float64Array.from({ length: size }, (_, i) => Math.max(0, normalised(i) + term(i)))
        expectNear('y', place.floats(y, size), expected, tolerance, termMagnitude)
      }))
  }

  test('normaliseAndMask and maskedSums', () =>
    check((row) => {
      const { place, size, channelOf, x, dy, mean, normalised, channelSums, shape, at } = setUp(row)
      const y = place.bytes(4 * size)
      const mask = place.bytes(2 * size)
      place.kernels.normaliseAndMask!(at.x, y, ...shape, at.moments, mask)
      const expected = Float64Array.from({ length: size }, (_, i) => Math.max(0, normalised(i)))
      expectNear('y', place.floats(y, size), expected, tolerance, termMagnitude)
      const totals = place.bytes(16 * row.channels)
      // Weights of 0, for which the second sum does not follow from the first.
      const weight = place.put(new Float32Array(row.channels))
      const sums = place.bytes(16 * row.channels)
      const operands = [...shape, at.moments, weight, weight, sums, totals, 0] as const
      place.kernels.maskedSums!(at.x, at.dy, mask, ...operands)
      const passed = (i: number) => (normalised(i) > 0 ? dy[i]! : 0)
      const found = place.doubles(totals, 2 * row.channels)
      const even = found.filter((_, i) => i % 2 === 0)
      expectSums('sum g', even, channelSums, passed)
      const odd = found.filter((_, i) => i % 2 === 1)
      expectSums('sum g * (x - mean)', odd, channelSums, (i) => passed(i) * (x[i]! - mean[channelOf(i)]!))
    }))

  test('batchStatistics', () =>
    check((row) => {
      const { place, channelOf, counts, x, channelSums, shape, at } = setUp(row)
      const partial = place.bytes(24 * row.channels)
      const mask = place.laneMask(row.lanes, row.images)
      const sums = place.bytes(32 * row.channels)
      const pitch = 4 * row.channels * row.lanes
      place.kernels.batchStatistics!(at.x, pitch, ...shape, mask, partial, sums, 0, 0, 1)
      const found = place.doubles(partial, 3 * row.channels)
      const part = (which: number) => found.filter((_, i) => i % 3 === which)
      const pivot = (c: number) => x[c * row.lanes]!
      const deviation = (i: number) => (counts(i) ? x[i]! - pivot(channelOf(i)) : 0)
      expectNear(
        'pivot',
        part(0),
        Array.from({ length: row.channels }, (_, c) => pivot(c)),
        0,
      )
      expectSums('sum of (x - pivot)', part(1), channelSums, deviation)
      expectSums('sum of (x - pivot)^2', part(2), channelSums, (i) => deviation(i) ** 2)
    }))

  for (const sign of ['none', 'of the sum', 'of the output'] as const) {
    const code = { none: 0, 'of the sum': 1, 'of the output': 2 }[sign]

    test(`normaliseSums, sign ${sign}`, () =>
      check((row) => {
        const { place, lcg, size, channelOf, x, dy, mean, normalised, channelSums, shape, at } = setUp(row)
        const y = lcg.values(size)
        const totals = place.bytes(16 * row.channels)
        const sums = place.bytes(32 * row.channels)
        place.kernels.normaliseSums!(at.x, at.dy, place.put(y), ...shape, at.moments, code, sums, totals, 0)
        const passes = { none: () => 1, 'of the sum': normalised, 'of the output': (i: number) => y[i]! }[
          sign
        ]
        const g = Float64Array.from({ length: size }, (_, i) => (passes(i) > 0 ? dy[i]! : 0))
        const found = place.doubles(totals, 2 * row.channels)
        const even = found.filter((_, i) => i % 2 === 0)
        expectSums('sum g', even, channelSums, (i) => g[i]!)
        const odd = found.filter((_, i) => i % 2 === 1)
        expectSums('sum g * (x - mean)', odd, channelSums, (i) => g[i]! * (x[i]! - mean[channelOf(i)]!))
        if (sign === 'of the output') expectNear('g', place.floats(at.dy, size), g, 0)
      }))
  }

  for (const sign of ['none', 'of the sum'] as const) {
    for (const accumulate of [0, 1]) {
      test(`normaliseGradient, sign ${sign}${accumulate ? ', added' : ''}`, () =>
        check((row) => {
          const { place, lcg, size, channelOf, counts, x, dy, mean, normalised, shape, at } = setUp(row)
          const coefficients = lcg.values(3 * row.channels)
          const before = lcg.values(size)
          const dx = place.put(before)
          const mask = place.laneMask(row.lanes, row.images)
          const places = [mask, at.moments, place.put(coefficients)] as const
          const code = sign === 'none' ? 0 : 1
          place.kernels.normaliseGradient!(at.x, at.dy, dx, ...shape, ...places, code, accumulate)
          const expected = Float64Array.from({ length: size }, (_, i) => {
            const c = channelOf(i)
            const g = sign === 'none' || normalised(i) > 0 ? dy[i]! : 0
            const k = (which: number) => coefficients[which * row.channels + c]!
            const gradient = counts(i) ? k(0) * g + k(1) * (x[i]! - mean[c]!) + k(2) : 0
            return accumulate ? before[i]! + gradient : gradient
          })
          expectNear('dx', place.floats(dx, size), expected, tolerance, termMagnitude)
        }))
    }
  }
})
