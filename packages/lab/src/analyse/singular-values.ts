// Singular values of a few long rows by one-sided Jacobi rotations (Hestenes 1958): the rows are turned against each other
// until all are orthogonal; their lengths are the singular values. Small ones keep their digits, which they lose where the
// Gram matrix squares them.

import { euclideanNorm } from './measures.js'

/** A pair of rows is orthogonal when its cosine is below this, which rounding makes of the longest rows. */
const ORTHOGONAL = 1e-14

/** The rotations converge quadratically: a handful of sweeps, never this many. */
const MOST_SWEEPS = 30

/**
 * All singular values of the matrix of these rows, the largest first, one a row. What rounding alone could have made is 0.
 * @param rows of equal length, at least as long as there are rows; they are left as they are
 */
export function singularValues(rows: readonly Float64Array[]): number[] {
  const largest = rows.reduce((most, row) => Math.max(most, euclideanNorm(row)), 0)
  if (largest === 0) return rows.map(() => 0)
  // Scaled, so that squares neither overflow nor fall below the smallest number.
  const turned = rows.map((row) => row.map((value) => value / largest))
  for (let sweep = 0; sweep < MOST_SWEEPS && sweepOnce(turned); sweep++);
  const values = turned.map((row) => euclideanNorm(row)).sort((a, b) => b - a)
  const length = rows[0]?.length ?? 0
  const rounding = values[0]! * Math.max(length, rows.length) * Number.EPSILON
  return values.map((value) => (value <= rounding ? 0 : value * largest))
}

/** Makes each pair of rows orthogonal once. @returns whether any was not */
function sweepOnce(rows: readonly Float64Array[]): boolean {
  let hasTurned = false
  for (let i = 1; i < rows.length; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b] = [rows[i]!, rows[j]!]
      const product = inner(a, b)
      const [ofA, ofB] = [inner(a, a), inner(b, b)]
      if (Math.abs(product) <= ORTHOGONAL * Math.sqrt(ofA * ofB)) continue
      rotate(a, b, tangent((ofB - ofA) / (2 * product)))
      hasTurned = true
    }
  }
  return hasTurned
}

/** The smaller root of `t^2 + 2 zeta t - 1 = 0`. */
function tangent(zeta: number): number {
  return (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta))
}

function rotate(a: Float64Array, b: Float64Array, t: number): void {
  const cosine = 1 / Math.hypot(1, t)
  const sine = t * cosine
  for (let k = 0; k < a.length; k++) {
    const first = a[k]!
    const second = b[k]!
    a[k] = cosine * first - sine * second
    b[k] = sine * first + cosine * second
  }
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!
  return sum
}
