// FORCE [F] (de Jorge et al., ICLR 2021): as Iter-SNIP, but every weight is ranked anew in each step, by its initial value
// and the gradient that it would have in the masked network. Pruned weights may return.

import { defaultSteps, pruneInSteps } from '../in-steps.js'
import type { PruningMethod } from '../method.js'

export const force: PruningMethod = {
  name: 'force',
  summary: 'SNIP in steps; pruned weights may return',
  steps: defaultSteps,
  prune(job) {
    return pruneInSteps(job, {
      method: this.name,
      score: (initial, gradient) => Math.abs(initial * gradient),
      mayReturn: true,
    })
  },
}
