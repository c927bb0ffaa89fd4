// Pruning at initialisation: what is asked for is checked here, once for all methods.

import { DctpsError } from '../errors.js'
import type { KernelKind } from '../network/layer.js'
import { kernelCount, kernelLayers, type Network } from '../network/network.js'
import type { Supports } from '../network/parameters.js'
import { checkDensity } from '../support/index.js'
import type { TrainPlatform, TrainTask } from '../train/setup.js'
import type { DensityDecay } from './decay.js'
import type { Pruned, PruneJob, PruneWatch, PruningMethod } from './method.js'
import { findPruningMethod } from './registry.js'

export interface PruneTask extends Omit<TrainTask, 'supports'> {
  /** Share of all kernel weights that stays, `0 < density <= 1`; the count is `round(density * N)`. */
  readonly density: number
  /** Steps of an iterated method. Default: the method's own. */
  readonly steps?: number | undefined
  /** How weights become fewer in the steps. Default `exponential`. */
  readonly decay?: DensityDecay | undefined
  /** What a round of IMP had left, to go on from. */
  readonly from?: Supports | undefined
}

/**
 * Chooses the supports of a sparse network by a method of ALGORITHMS section 3. Sources of randomness are the initial
 * values and the samples, both from the seed of the options: the same call gives the same supports, with any number of
 * threads.
 * @param task the network with sparse kernels, and the data and options of the run that follows
 * @param method a name in `pruningMethods`, or a method of the caller's own
 * @throws DctpsError `usage` for an unknown method, kernels that it does not apply to, a density that keeps no weight,
 * steps that the method does not have, or where it cannot tell weights apart; `usage` or `data` where options, data and
 * network do not fit together; `numeric` when a score or a loss is not finite; `cancelled` when the signal aborts
 */
export async function prune(
  task: PruneTask,
  method: string | PruningMethod,
  platform: TrainPlatform,
  watch: PruneWatch = {},
): Promise<Pruned> {
  const found = findPruningMethod(method)
  return found.prune({
    network: checkedNetwork(task.network, found),
    dataset: task.dataset,
    // What is chosen here moves later, if at all.
    options: { ...task.options, dynamic: null },
    density: task.density,
    ...checkedCount(task, found),
    steps: pruneStepsOf(found, task.steps) ?? 1,
    decay: task.decay ?? 'exponential',
    from: task.from ?? null,
    platform,
    watch,
  })
}

/**
 * Refuses kernels that cannot be pruned at initialisation.
 * @throws DctpsError `usage`
 */
export function checkPrunable(kind: KernelKind, { name }: Pick<PruningMethod, 'name'>): void {
  if (kind === 'sparse') return
  throw new DctpsError(
    'usage',
    kind === 'dctps'
      ? `${name} prunes standard networks (kind sparse), received DCTpS kernels: their sparse part starts at zero, so that every score of a weight is 0; use a random rule such as epl, or let the support move while training (dynamic: rigl)`
      : `${name} prunes standard networks (kind sparse), received dense kernels, which store every weight; use kind sparse`,
  )
}

/**
 * The steps that a method takes; null where it has no such number.
 * @param asked undefined: the method's own
 * @throws DctpsError `usage`
 */
export function pruneStepsOf({ name, steps }: PruningMethod, asked: number | undefined): number | null {
  if (asked === undefined) return steps
  if (steps === null) {
    throw new DctpsError('usage', `${name} has no number of steps to choose, received ${asked}; leave it out`)
  }
  if (!Number.isSafeInteger(asked) || asked < 1) {
    throw new DctpsError(
      'usage',
      `the steps of ${name} must be a whole number of at least 1, received ${asked}`,
    )
  }
  return asked
}

function checkedNetwork(network: Network, method: PruningMethod): Network {
  for (const layer of kernelLayers(network)) checkPrunable(layer.kind, method)
  return network
}

function checkedCount(
  { network, density }: PruneTask,
  { name }: PruningMethod,
): Pick<PruneJob, 'weights' | 'count'> {
  checkDensity(density)
  const weights = kernelCount(network)
  if (density < 1 / weights) {
    throw new DctpsError(
      'usage',
      `${name}: density ${density} of the ${weights} weights of ${network.name} is less than one weight; use at least 1/${weights}`,
    )
  }
  return { weights, count: Math.max(1, Math.round(density * weights)) }
}
