// SynFlow [S] (Tanaka et al., NeurIPS 2020): keeps the weights through which most flows from an input of ones to the sum of
// the outputs, all parameters positive. Needs no data. In many small steps no layer is emptied before it must be.

import { kernelName, type Supports } from '../../network/parameters.js'
import { Key } from '../../random/key.js'
import { initialValues } from '../../train/initialise.js'
import { countAfter } from '../decay.js'
import { checkNotCancelled, denseNetwork, maskedValues } from '../dense-twin.js'
import { FlowMeter } from '../flow-meter.js'
import type { PruneJob, PruningMethod } from '../method.js'
import { synapticNetwork } from '../synaptic-network.js'
import { checkInformative, excludePruned, type Scores, topScores } from '../top-scores.js'

/** Share of its weights below which a program gives way to one that holds no others. */
const worthCompiling = 1 / 8

export const synflow: PruningMethod = {
  name: 'synflow',
  summary: 'weights through which most flows, in many small steps; without data',
  steps: 100,
  async prune(job) {
    const synaptic = synapticNetwork(job.network)
    const values = positiveValues(job)
    const dense: Scores = new Map(
      [...synaptic.kernels].map(([id, layer]) => [id, values.get(`${kernelName(layer)}.weight`)!]),
    )
    let weights = dense
    let supports: Supports = new Map()
    let held = job.weights
    let meter = await FlowMeter.open(job, synaptic, values, null)
    try {
      for (let step = 1; step <= job.steps; step++) {
        checkNotCancelled(job.watch)
        const scores = await meter.scores(weights)
        if (step === 1) checkInformative(scores, this.name, job.network.name)
        else excludePruned(scores, supports)
        const left = countAfter(job, step)
        supports = topScores(scores, left)
        weights = masked(dense, supports)
        job.watch.onStep?.(step, job.steps)
        if (step === job.steps || left > worthCompiling * held) continue
        meter.close()
        held = left
        meter = await FlowMeter.open(job, synaptic, values, supports)
      }
      return { supports, hessianError: null }
    } finally {
      meter.close()
    }
  },
}

/** Absolute initial values of all parameters of the dense network. */
function positiveValues({ network, options }: PruneJob): Map<string, Float32Array> {
  const values = initialValues(denseNetwork(network), new Map(), Key.fromSeed(options.seed))
  for (const array of values.values()) for (let i = 0; i < array.length; i++) array[i] = Math.abs(array[i]!)
  return values
}

function masked(dense: Scores, supports: Supports): Scores {
  return new Map([...dense].map(([id, values]) => [id, maskedValues(values, supports.get(id)!)]))
}
