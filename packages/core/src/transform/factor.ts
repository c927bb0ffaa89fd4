// The fast orthonormal DCT-II as an op list: the recursion of Plonka & Tasche, "Fast and numerically stable algorithms
// for discrete cosine transforms" (2005), which uses butterflies and rotations only, so that float32 loses nothing.
// Lengths are halved while they are even; odd ones are left to `factor-odd.ts`.
//
//   C2(N) = P^T (C2(N/2) + C4(N/2)) T0      T0: butterflies
//   C4(N) = P^T A1 (C2(N/2) + C2(N/2)) T1   T1: rotations, A1: butterflies

import { joinedParts, oddAdditionCount, oddDct2, oddDct4 } from './factor-odd.js'
import { BUTTERFLY, ListBuilder } from './list-builder.js'
import { listAdditions, type OpList } from './oplist.js'
import { prune } from './prune.js'
import { checkTransformShape, type TransformShape } from './reference.js'

/**
 * The first `outputs` coefficients of the orthonormal DCT-II of `inputs` entries zero-padded to `length`, for any
 * length. For a power of two, without zero rows and unused coefficients, it costs about `2 length log2(length)`
 * additions and multiplications.
 * @throws DctpsError `usage` when the counts do not fit the length.
 */
export function factorDct(shape: TransformShape): OpList {
  checkTransformShape(shape)
  const { length, inputs, outputs } = shape
  const halved = factorWhole(length, dct2, outputs)
  const list = prune(halved, halved.inputs.slice(0, inputs), halved.outputs.slice(0, outputs))
  const parts = paddedParts(shape)
  if (parts === null) return list
  const split = factorWhole(length / parts, (...rows) => paddedDct2(...rows, parts), outputs, length)
  const padded = prune(split, split.inputs.slice(0, inputs), split.outputs.slice(0, outputs))
  return listAdditions(padded) < PADDED_ADDITIONS * listAdditions(list) ? padded : list
}

/**
 * Additions that a padded transform in parts may have, to those of the halved one. Parts that all have the padding behind them
 * work on fewer rows at a time: with a few percent more additions they are as fast or faster (measured, 16 to 160 inputs to six times
 * as many).
 */
const PADDED_ADDITIONS = 1.05

/** Parts in which a padded transform is split: null where halving leads to the same list, or nothing is padded. */
function paddedParts({ length, inputs }: TransformShape): number | null {
  for (let parts = Math.floor(length / inputs); parts > 2; parts--) {
    if (length % parts === 0) return isPowerOfTwo(parts) ? null : parts
  }
  return null
}

const isPowerOfTwo = (n: number) => (n & (n - 1)) === 0

/** The orthonormal DCT-IV: what the odd coefficients of a DCT-II of twice the length are. */
export function factorDct4(length: number): OpList {
  return factorWhole(length, dct4, length)
}

/** Additions in the unpruned list of a DCT-II, without building it. */
export function additionCount(length: number): number {
  if (length % 2 === 1) return oddAdditionCount(length)
  return length + additionCount(length / 2) + additionCount4(length / 2)
}

function additionCount4(length: number): number {
  if (length % 2 === 1) return oddAdditionCount(length) + length - 1
  return 2 * length - 2 + 2 * additionCount(length / 2)
}

/**
 * Rows to rows. Coefficients that are not wanted are left for {@link prune} to remove, but they bear on the choice of
 * the cheapest form.
 */
type Recursion = (builder: ListBuilder, x: readonly number[], wanted: readonly boolean[]) => number[]

function factorWhole(rows: number, recursion: Recursion, outputs: number, length = rows): OpList {
  const builder = new ListBuilder()
  const inputs = builder.newRows(rows)
  const wanted = Array.from({ length }, (_, k) => k < outputs)
  const coefficients = recursion(builder, inputs, wanted)
  return { rows: builder.rows, inputs, outputs: coefficients, operations: builder.operations }
}

/** The orthonormal DCT-II of rows of a list under construction. */
export function dct2(builder: ListBuilder, x: readonly number[], wanted: readonly boolean[]): number[] {
  const length = x.length
  if (length % 2 === 1) return oddDct2(builder, x, wanted)
  const sums: number[] = []
  const differences: number[] = []
  for (let j = 0; j < length / 2; j++) {
    const pair = builder.pair(x[j]!, x[length - 1 - j]!, BUTTERFLY)
    sums.push(pair[0])
    differences.push(pair[1])
  }
  const even = dct2(
    builder,
    sums,
    sums.map((_, m) => wanted[2 * m]!),
  )
  const odd = dct4(
    builder,
    differences,
    differences.map((_, m) => wanted[2 * m + 1]!),
  )
  return x.map((_, k) => (k % 2 === 0 ? even : odd)[k >> 1]!)
}

/**
 * The orthonormal DCT-II of `M` rows zero-padded to `qM`, in q parts of length M. With `theta = pi (2n+1) / 2` coefficient
 * `qm +- j` is `sum_n cos(m theta / M) cos(j theta / qM) x_n -+ sin(m theta / M) sin(j theta / qM) x_n`: for each j a DCT-II and a DST-II of
 * multiples of x, for j = 0 the DCT-II of x and for j = q/2 its DCT-IV. The DST-II is a DCT-II of entries of alternating sign,
 * read backwards.
 */
function paddedDct2(
  builder: ListBuilder,
  x: readonly number[],
  wanted: readonly boolean[],
  q: number,
): number[] {
  const length = q * x.length
  const pairs = Math.floor((q - 1) / 2)
  const scale = Math.sqrt(1 / q)
  // Of each entry: itself, once more for the DCT-IV, and its products with a cosine and a sine for each j.
  const multiples = x.map((row, n) => {
    const factors = q % 2 === 0 ? [scale, scale] : [scale]
    for (let j = 1; j <= pairs; j++) {
      const angle = (Math.PI * j * (2 * n + 1)) / (2 * length)
      const sign = n % 2 === 0 ? 1 : -1
      factors.push(Math.SQRT2 * scale * Math.cos(angle), sign * Math.SQRT2 * scale * Math.sin(angle))
    }
    return builder.apply([row], factors)
  })
  const part = (which: number) => multiples.map((rows) => rows[which]!)
  const first = q % 2 === 0 ? 2 : 1
  const pairParts = (which: number) => Array.from({ length: pairs }, (_, j) => part(first + 2 * j + which))
  const parts = { q, folded: part(0), cosines: pairParts(0), sines: pairParts(1) }
  const y = joinedParts(builder, dct2, parts, wanted)
  if (q % 2 === 0) {
    const middle = x.map((_, m) => wanted[q * m + q / 2]!)
    dct4(builder, part(1), middle).forEach((row, m) => {
      y[q * m + q / 2] = row
    })
  }
  return y
}

function dct4(builder: ListBuilder, x: readonly number[], wanted: readonly boolean[]): number[] {
  const length = x.length
  if (length % 2 === 1) return oddDct4(builder, x, wanted)
  const half = length / 2
  const first: number[] = []
  const second: number[] = []
  for (let j = 0; j < half; j++) {
    const angle = (Math.PI * (2 * j + 1)) / (4 * length)
    const sign = j % 2 === 0 ? 1 : -1
    const c = Math.cos(angle)
    const s = Math.sin(angle)
    const pair = builder.pair(x[j]!, x[length - 1 - j]!, [c, s, -sign * s, sign * c])
    first.push(pair[0])
    second.push(pair[1])
  }
  const a = dct2(
    builder,
    first,
    first.map((_, m) => (m > 0 && wanted[2 * m - 1]!) || wanted[2 * m]!),
  )
  const b = dct2(
    builder,
    second,
    second.map((_, m) => wanted[length - 1 - 2 * m]! || (m > 0 && wanted[length - 2 * m]!)),
  )
  const y = [a[0]!]
  for (let m = 1; m < half; m++) {
    const pair = builder.pair(a[m]!, b[half - m]!, BUTTERFLY)
    y.push(pair[1], pair[0])
  }
  y.push(builder.signed(b[0]!, -1))
  return y
}
