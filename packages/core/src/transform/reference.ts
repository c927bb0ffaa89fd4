// The transform by its formula, in float64: slow, obviously right, and what every fast form is tested against. It
// builds the matrix that a fast layer never builds.

import { DctpsError } from '../errors.js'

/** The part of a DCT that a layer uses: a patch of `inputs` entries, zero-padded to `length`, first `outputs` coefficients. */
export interface TransformShape {
  readonly length: number
  readonly inputs: number
  readonly outputs: number
}

/**
 * Checks `1 <= inputs, outputs <= length`, all integers.
 * @throws DctpsError `usage` otherwise.
 */
export function checkTransformShape(shape: TransformShape): void {
  const { length, inputs, outputs } = shape
  const fits = (count: number) => Number.isInteger(count) && count >= 1 && count <= length
  if (!Number.isInteger(length) || !fits(inputs) || !fits(outputs)) {
    throw new DctpsError(
      'usage',
      `a transform of length ${length} with ${inputs} inputs and ${outputs} outputs does not exist; expected integers with 1 <= inputs, outputs <= length`,
    )
  }
}

/**
 * `cos(pi * numerator / (2 * length))`. The integer numerator is reduced to the first quadrant beforehand, so that the
 * cosine is as exact for the last coefficient as for the first, and zero where it should be.
 */
export function quarterCosine(numerator: number, length: number): number {
  const turn = numerator % (4 * length)
  const folded = turn > 2 * length ? 4 * length - turn : turn
  if (folded === length) return 0
  return folded < length
    ? Math.cos((Math.PI * folded) / (2 * length))
    : -Math.cos((Math.PI * (2 * length - folded)) / (2 * length))
}

/** Entry of the orthonormal DCT-II: `s_k cos(pi (2n+1) k / (2 length))`, `s_0 = sqrt(1/length)`, else `sqrt(2/length)`. */
export function dct2Entry(length: number, k: number, n: number): number {
  return Math.sqrt((k === 0 ? 1 : 2) / length) * quarterCosine((2 * n + 1) * k, length)
}

/** Entry of the orthonormal DCT-IV: `sqrt(2/length) cos(pi (2n+1)(2k+1) / (4 length))`. */
export function dct4Entry(length: number, k: number, n: number): number {
  return Math.sqrt(2 / length) * quarterCosine((2 * n + 1) * (2 * k + 1), 2 * length)
}

/**
 * The DCT matrix of a layer, row-major `[outputs][inputs]` ([P] section 1: `D[k, n]`).
 * @throws DctpsError `usage` when the counts do not fit the length.
 */
export function dctMatrix(length: number, outputs: number, inputs: number): Float64Array {
  checkTransformShape({ length, inputs, outputs })
  const matrix = new Float64Array(outputs * inputs)
  for (let k = 0; k < outputs; k++) {
    for (let n = 0; n < inputs; n++) matrix[k * inputs + n] = dct2Entry(length, k, n)
  }
  return matrix
}

/** `M x` for a row-major matrix `[outputs][x.length]`: `[outputs]`. */
export function product(matrix: Float64Array, x: Float64Array): Float64Array {
  const inputs = x.length
  return Float64Array.from({ length: matrix.length / inputs }, (_, k) => {
    let sum = 0
    for (let n = 0; n < inputs; n++) sum += matrix[k * inputs + n]! * x[n]!
    return sum
  })
}

/** `M^T y` for a row-major matrix `[y.length][inputs]`: `[inputs]`. */
export function transposedProduct(matrix: Float64Array, y: Float64Array): Float64Array {
  const inputs = matrix.length / y.length
  return Float64Array.from({ length: inputs }, (_, n) => {
    let sum = 0
    for (let k = 0; k < y.length; k++) sum += matrix[k * inputs + n]! * y[k]!
    return sum
  })
}
