// Gradients by central differences: the independent check of every backward function.

import { expect } from 'vitest'

/**
 * Expects `gradient` to be the derivative of `loss()` with respect to `values`, which are perturbed in place one by
 * one and restored. The tolerance is relative to the largest gradient, or to 1.
 */
export function expectGradient(
  what: string,
  loss: () => number,
  values: Float64Array,
  gradient: ArrayLike<number>,
  { step = 1e-4, tolerance = 1e-6 } = {},
): void {
  expect(gradient.length, what).toBe(values.length)
  const largest = Array.from(gradient).reduce((most, g) => Math.max(most, Math.abs(g)), 1)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    values[i] = value + step
    const above = loss()
    values[i] = value - step
    const below = loss()
    values[i] = value
    const numeric = (above - below) / (2 * step)
    const error = Math.abs(numeric - gradient[i]!)
    expect(error, `${what}[${i}]: ${gradient[i]} against ${numeric}`).toBeLessThanOrEqual(tolerance * largest)
  }
}
