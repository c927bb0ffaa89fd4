// How closely the float64 reference must meet PyTorch's float64 results, which are stored as float32.

import { expect } from 'vitest'

// Rounding to float32 costs 6e-8; the rest is room for the order of sums.
const relativeTolerance = 1e-6

/** Expects `max|ours - expected| <= 1e-6 * max|expected|`. */
export function expectClose(ours: ArrayLike<number>, expected: Float64Array, what: string): void {
  expect(ours.length, what).toBe(expected.length)
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const error = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - ours[i]!)), 0)
  const allowed = relativeTolerance * largest
  expect(error, `${what}: largest error, where values reach ${largest}`).toBeLessThanOrEqual(allowed)
}
