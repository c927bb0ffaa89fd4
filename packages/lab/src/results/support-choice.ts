// What it takes to choose a support before or while training, from the definitions of the methods: estimates, since
// what an implementation may share or repeat is not counted.

import type { PassCosts } from './network-costs.js'
import type { ReadConfig, ReadSummary } from './run-files.js'

/** Samples a class that saliencies are summed over (Lee et al. 2019). */
const samplesPerClass = 10

/** Weights that are kept in a round of iterative magnitude pruning. */
const keptInRound = 0.8

/** Steps of the iterated methods where a configuration does not say: [F], [S]. */
const defaultSteps = { saliency: 10, synflow: 100 }

/** Whether a method looks at every weight of the dense network before training: then that has to be stored. */
export function needsDenseWeights({ prune }: ReadConfig): boolean {
  return Boolean(prune) && prune !== 'random'
}

/** Whether a method trains the dense network first. */
export function trainsDense({ prune }: ReadConfig): boolean {
  return prune === 'imp'
}

/**
 * Multiply-adds of choosing the support at initialisation, in all.
 * @param dense of the dense network, for one image
 */
export function choiceMultiplyAdds(
  { prune, pruneSteps, batch, density }: ReadConfig,
  { steps }: Pick<ReadSummary, 'steps'>,
  classes: number,
  dense: PassCosts,
): number {
  const samples = samplesPerClass * classes
  switch (prune) {
    case 'snip':
      return samples * dense.training
    case 'iter-snip':
    case 'force':
    case 'grasp-it':
      return (pruneSteps ?? defaultSteps.saliency) * samples * dense.training
    // One gradient, and two more for the product with the Hessian.
    case 'grasp':
      return 3 * samples * dense.training
    // One image of ones a step.
    case 'synflow':
      return (pruneSteps ?? defaultSteps.synflow) * dense.training
    // Every round trains what is left, as long as the run itself.
    case 'imp': {
      const rounds = Math.ceil(Math.log(density ?? 1) / Math.log(keptInRound))
      const relative = (1 - keptInRound ** rounds) / (1 - keptInRound)
      return relative * steps * batch * dense.training
    }
    default:
      return 0
  }
}

/**
 * Multiply-adds that finding places for new weights adds to a training step, for one image: RigL forms the gradient of all
 * weights at every `updateEvery`-th step; SET looks at nothing.
 * @param weightGradient of all dense kernels, for one image
 */
export function searchMultiplyAdds(
  { dynamic, updateEvery, updateUntil }: ReadConfig,
  weightGradient: number,
): number {
  return dynamic === 'rigl' ? (weightGradient * (updateUntil ?? 0.75)) / (updateEvery ?? 100) : 0
}
