// How many weights are left after each step of an iterated method.

import type { PruneJob } from './method.js'

/**
 * - `exponential`: each step keeps the same share of what is left, `density^(t/T)`
 * - `linear`: each step takes away equally many weights
 */
export type DensityDecay = 'exponential' | 'linear'

/** Weights left after `step` of the job's steps, from 1; after the last one exactly the job's count. */
export function countAfter({ weights, density, count, steps, decay }: PruneJob, step: number): number {
  if (step === steps) return count
  const done = step / steps
  const share = decay === 'linear' ? 1 - done * (1 - density) : density ** done
  return Math.max(count, Math.round(share * weights))
}
