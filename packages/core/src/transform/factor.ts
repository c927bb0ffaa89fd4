// The fast orthonormal DCT-II as an op list: the recursion of Plonka & Tasche, "Fast and numerically stable algorithms
// for discrete cosine transforms" (2005), which uses butterflies and rotations only, so that float32 loses nothing.
// Lengths are halved while they are even; what remains is odd and small, and is applied densely.
//
//   C2(N) = P^T (C2(N/2) + C4(N/2)) T0      T0: butterflies
//   C4(N) = P^T A1 (C2(N/2) + C2(N/2)) T1   T1: rotations, A1: butterflies

import type { Operation, OpList } from './oplist.js'
import { prune } from './prune.js'
import { checkTransformShape, dct2Entry, dct4Entry, type TransformShape } from './reference.js'

const BUTTERFLY = [Math.SQRT1_2, Math.SQRT1_2, Math.SQRT1_2, -Math.SQRT1_2]

/**
 * The first `outputs` coefficients of the orthonormal DCT-II of `inputs` entries zero-padded to `length`, for any
 * length. Without zero rows and unused coefficients it costs about `2 length log2(length)` operations.
 * @throws DctpsError `usage` when the counts do not fit the length.
 */
export function factorDct(shape: TransformShape): OpList {
  checkTransformShape(shape)
  const builder = new ListBuilder()
  const inputs = builder.newRows(shape.length)
  const outputs = dct2(builder, inputs)
  const whole = { rows: builder.rows, inputs, outputs, operations: builder.operations }
  return prune(whole, inputs.slice(0, shape.inputs), outputs.slice(0, shape.outputs))
}

/** The orthonormal DCT-IV: what the odd coefficients of a DCT-II of twice the length are. */
export function factorDct4(length: number): OpList {
  const builder = new ListBuilder()
  const inputs = builder.newRows(length)
  const outputs = dct4(builder, inputs)
  return { rows: builder.rows, inputs, outputs, operations: builder.operations }
}

/** Additions in the unpruned list of a DCT-II, without building it. */
export function additionCount(length: number): number {
  if (length === 1) return 0
  const half = Math.floor(length / 2)
  if (length % 2 === 1) return 2 * half + (half + 1) * half + half * (half - 1)
  return length + additionCount(half) + additionCount4(half)
}

function additionCount4(length: number): number {
  if (length === 1) return 0
  if (length % 2 === 1) return length * (length - 1)
  return 2 * length - 2 + 2 * additionCount(length / 2)
}

/** Numbers rows and collects operations. */
class ListBuilder {
  rows = 0
  readonly operations: Operation[] = []

  newRows(count: number): number[] {
    return Array.from({ length: count }, () => this.rows++)
  }

  apply(inputs: readonly number[], matrix: readonly number[]): number[] {
    const outputs = this.newRows(matrix.length / inputs.length)
    this.operations.push({ inputs, outputs, matrix })
    return outputs
  }

  pair(first: number, second: number, matrix: readonly number[]): [number, number] {
    const [a, b] = this.apply([first, second], matrix)
    return [a!, b!]
  }
}

function dct2(builder: ListBuilder, x: readonly number[]): number[] {
  const length = x.length
  if (length === 1) return [...x]
  const half = Math.floor(length / 2)
  const sums: number[] = []
  const differences: number[] = []
  for (let j = 0; j < half; j++) {
    const [sum, difference] = builder.pair(x[j]!, x[length - 1 - j]!, BUTTERFLY)
    sums.push(sum)
    differences.push(difference)
  }
  if (length % 2 === 1) return oddDct2(builder, [...sums, x[half]!], differences)
  const even = dct2(builder, sums)
  const odd = dct4(builder, differences)
  return x.map((_, k) => (k % 2 === 0 ? even : odd)[k >> 1]!)
}

/**
 * An odd length after its butterflies: even coefficients from the sums and the middle entry, odd ones from the
 * differences, each by its dense matrix.
 */
function oddDct2(builder: ListBuilder, sums: readonly number[], differences: readonly number[]): number[] {
  const half = differences.length
  const length = 2 * half + 1
  const entry = (k: number, n: number) => dct2Entry(length, k, n) * (n === half ? 1 : Math.SQRT2)
  const evenMatrix = sums.flatMap((_, i) => sums.map((_, n) => entry(2 * i, n)))
  const oddMatrix = differences.flatMap((_, i) => differences.map((_, n) => entry(2 * i + 1, n)))
  const even = builder.apply(sums, evenMatrix)
  const odd = builder.apply(differences, oddMatrix)
  return Array.from({ length }, (_, k) => (k % 2 === 0 ? even : odd)[k >> 1]!)
}

function dct4(builder: ListBuilder, x: readonly number[]): number[] {
  const length = x.length
  if (length === 1) return [...x]
  if (length % 2 === 1)
    return builder.apply(
      x,
      x.flatMap((_, k) => x.map((_, n) => dct4Entry(length, k, n))),
    )
  const half = length / 2
  const first: number[] = []
  const second: number[] = []
  for (let j = 0; j < half; j++) {
    const angle = (Math.PI * (2 * j + 1)) / (4 * length)
    const sign = j % 2 === 0 ? 1 : -1
    const [c, s] = [Math.cos(angle), Math.sin(angle)]
    const [a, b] = builder.pair(x[j]!, x[length - 1 - j]!, [c, s, -sign * s, sign * c])
    first.push(a)
    second.push(b)
  }
  const a = dct2(builder, first)
  const b = dct2(builder, second)
  const y = [a[0]!]
  for (let m = 1; m < half; m++) {
    const [sum, difference] = builder.pair(a[m]!, b[half - m]!, BUTTERFLY)
    y.push(difference, sum)
  }
  y.push(...builder.apply([b[0]!], [-1]))
  return y
}
