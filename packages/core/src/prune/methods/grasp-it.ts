// GRASP-It [F] (de Jorge et al., ICLR 2021): the weights with the largest gradients, in steps as Iter-SNIP.

import { defaultSteps, pruneInSteps } from '../in-steps.js'
import type { PruningMethod } from '../method.js'

export const graspIt: PruningMethod = {
  name: 'grasp-it',
  summary: 'largest squared gradient in steps; a pruned weight never returns',
  steps: defaultSteps,
  prune(job) {
    return pruneInSteps(job, {
      method: this.name,
      score: (_, gradient) => gradient * gradient,
      mayReturn: false,
    })
  },
}
