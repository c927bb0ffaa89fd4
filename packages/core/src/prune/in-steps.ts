// Pruning by scores made from gradients, at once or in steps: SNIP, Iter-SNIP, FORCE and GRASP-It differ in the score and
// in whether a pruned weight may return.

import type { Supports } from '../network/parameters.js'
import { countAfter } from './decay.js'
import { checkNotCancelled, DenseTwin, meanOver } from './dense-twin.js'
import type { Pruned, PruneJob } from './method.js'
import { cutEvenly } from './samples.js'
import { checkInformative, excludePruned, topScores } from './top-scores.js'

export interface GradientScore {
  readonly method: string
  /** Score of a weight, at least 0, from its initial value and its gradient in the masked network. */
  score(initial: number, gradient: number): number
  /** Whether weights that are masked now are ranked too. */
  readonly mayReturn: boolean
}

/** Steps by default; [F] takes 60. */
export const defaultSteps = 10

export function pruneInSteps(job: PruneJob, { method, score, mayReturn }: GradientScore): Promise<Pruned> {
  return DenseTwin.use(job, async (twin) => {
    const batches = cutEvenly(twin.samples, twin.batch)
    let supports: Supports | null = null
    for (let step = 1; step <= job.steps; step++) {
      if (supports !== null) twin.writeMasked(supports)
      const scores = await meanOver(batches, (batch) => twin.gradient(batch))
      for (const [layer, values] of scores) {
        const initial = twin.initial.get(layer)!
        for (let i = 0; i < values.length; i++) values[i] = score(initial[i]!, values[i]!)
      }
      if (supports === null) checkInformative(scores, method, job.network.name)
      else if (!mayReturn) excludePruned(scores, supports)
      supports = topScores(scores, countAfter(job, step))
      job.watch.onStep?.(step, job.steps)
    }
    checkNotCancelled(job.watch)
    return { supports: supports ?? new Map(), hessianError: null }
  })
}
