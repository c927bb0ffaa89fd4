// SNIP [N] (Lee et al., ICLR 2019): how much the loss would change without a weight, at initialisation.

import { pruneInSteps } from '../in-steps.js'
import type { PruningMethod } from '../method.js'

export const snip: PruningMethod = {
  name: 'snip',
  summary: 'largest |weight x gradient|, at once',
  steps: null,
  prune(job) {
    return pruneInSteps(job, {
      method: this.name,
      score: (initial, gradient) => Math.abs(initial * gradient),
      mayReturn: false,
    })
  },
}
