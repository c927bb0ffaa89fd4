// The largest initial weights of the whole network, without looking at data: for completeness.

import { kernelLayers } from '../../network/network.js'
import { kernelName } from '../../network/parameters.js'
import { Key } from '../../random/key.js'
import { initialValues } from '../../train/initialise.js'
import { denseNetwork } from '../dense-twin.js'
import type { PruneJob, PruningMethod } from '../method.js'
import { checkInformative, type Scores, topScores } from '../top-scores.js'

export const magnitude: PruningMethod = {
  name: 'magnitude',
  summary: 'largest initial weights of the whole network',
  steps: null,
  async prune(job) {
    const scores = initialMagnitudes(job)
    checkInformative(scores, this.name, job.network.name)
    return { supports: topScores(scores, job.count), hessianError: null }
  },
}

/** Absolute initial values of all kernels of the dense network. */
export function initialMagnitudes({ network, options }: PruneJob): Scores {
  const dense = denseNetwork(network)
  const values = initialValues(dense, new Map(), Key.fromSeed(options.seed))
  return new Map(
    kernelLayers(dense).map((layer) => [layer.id, values.get(`${kernelName(layer)}.weight`)!.map(Math.abs)]),
  )
}
