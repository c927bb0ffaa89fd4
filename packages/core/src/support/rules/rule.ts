// What a support rule is: how many non-zeros each layer should get, as real numbers. Clipping at a layer's size,
// sharing what was clipped, and rounding to an exact budget are the same for all rules and live in `../allocate.ts`.

import type { KernelShape } from '../kernel-shape.js'

export interface SupportRule {
  /** The name in options and files. */
  readonly name: string
  /** One line for lists and help. */
  readonly summary: string
  /**
   * Target non-zeros of each kernel; they add up to `density * N`, and may exceed a kernel's weights.
   * Source: ALGORITHMS section 2, [P] section 3.
   */
  targets(kernels: readonly KernelShape[], density: number): number[]
}

/** Splits `budget` in proportion to `weights`. */
export function inProportion(budget: number, weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => (budget * weight) / total)
}
