// When supports change, and by how much: pure functions of the options and the step. Source: [R], ALGORITHMS section 4.

import type { DynamicOptions } from '../options.js'

/**
 * The share of a layer's entries that moves at a step, `dropFraction / 2 * (1 + cos(pi t / T_end))`; null where supports stay.
 * The first update comes after `updateEvery` steps.
 * @param step steps taken before this one, t
 * @param steps steps of the whole run
 */
export function dropFractionAt(dynamic: DynamicOptions, step: number, steps: number): number | null {
  const end = dynamic.updateUntil * steps
  if (step === 0 || step % dynamic.updateEvery !== 0 || step >= end) return null
  return (dynamic.dropFraction / 2) * (1 + Math.cos((Math.PI * step) / end))
}

/** Steps before this one that an update of the supports took the place of. */
export function replacedSteps(dynamic: DynamicOptions, step: number, steps: number): number {
  if (dynamic.type !== 'rigl') return 0
  const end = Math.min(step, dynamic.updateUntil * steps)
  return Math.max(0, Math.ceil(end / dynamic.updateEvery) - 1)
}
