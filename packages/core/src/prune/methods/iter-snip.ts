// Iter-SNIP [F] (de Jorge et al., ICLR 2021): SNIP in steps, each with the gradients of the network that the steps before
// have left. A pruned weight never returns.

import { defaultSteps, pruneInSteps } from '../in-steps.js'
import type { PruningMethod } from '../method.js'

export const iterSnip: PruningMethod = {
  name: 'iter-snip',
  summary: 'SNIP in steps; a pruned weight never returns',
  steps: defaultSteps,
  prune(job) {
    return pruneInSteps(job, {
      method: this.name,
      score: (initial, gradient) => Math.abs(initial * gradient),
      mayReturn: false,
    })
  },
}
