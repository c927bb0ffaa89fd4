// SynFlow [S] (Tanaka et al., NeurIPS 2020): keeps the weights through which most flows from an input of ones to the sum of
// the outputs, all parameters positive. Needs no data. In many small steps no layer is emptied before it must be.

import { kernelName, type Supports } from '../../network/parameters.js'
import { compileProgram } from '../../program/compile.js'
import { Key } from '../../random/key.js'
import type { Runner } from '../../runtime/runner.js'
import { initialValues } from '../../train/initialise.js'
import { countAfter } from '../decay.js'
import { checkNotCancelled, denseNetwork, maskedValues } from '../dense-twin.js'
import type { PruneJob, PruningMethod } from '../method.js'
import { balancedScales, type SynapticNetwork, synapticNetwork } from '../synaptic-network.js'
import { checkInformative, excludePruned, type Scores, topScores } from '../top-scores.js'

export const synflow: PruningMethod = {
  name: 'synflow',
  summary: 'weights through which most flows, in many small steps; without data',
  steps: 100,
  async prune(job) {
    const synaptic = synapticNetwork(job.network)
    const runner = await openRunner(synaptic, job)
    try {
      return { supports: await pruneByFlow(job, synaptic, runner), hessianError: null }
    } finally {
      runner.close()
    }
  },
}

function openRunner({ network }: SynapticNetwork, { platform }: PruneJob): Promise<Runner> {
  const program = compileProgram(network, new Map(), {
    batch: 1,
    input: { type: 'floats', source: network.input },
    optimizer: 'sgd',
    objective: 'upstream',
    slots: 1,
    sharedMemory: platform.sharedMemory ?? true,
    simd: platform.simd ?? 'plain',
  })
  return platform.createRunner(program)
}

async function pruneByFlow(job: PruneJob, synaptic: SynapticNetwork, runner: Runner): Promise<Supports> {
  const { parameters } = runner
  const values = positiveValues(job)
  const names = new Map([...synaptic.kernels].map(([id, layer]) => [id, `${kernelName(layer)}.weight`]))
  const dense: Scores = new Map([...names].map(([id, name]) => [id, values.get(name)!]))
  for (const { name } of parameters.parameters) {
    const initial = values.get(name)
    if (initial !== undefined) parameters.write(name, initial)
  }
  let weights = dense
  let supports: Supports = new Map()
  for (let step = 1; step <= job.steps; step++) {
    checkNotCancelled(job.watch)
    for (const [id, name] of names) parameters.write(name, weights.get(id)!)
    for (const [name, scale] of balancedScales(synaptic, weights, values)) parameters.write(name, [scale])
    await flow(runner)
    const scores = new Map(
      [...names].map(([id, name]) => {
        const gradient = parameters.gradient(name, 1)
        const weight = weights.get(id)!
        return [id, gradient.map((slope, i) => slope * weight[i]!)]
      }),
    )
    if (step === 1) checkInformative(scores, 'synflow', job.network.name)
    else excludePruned(scores, supports)
    supports = topScores(scores, countAfter(job, step))
    weights = masked(dense, supports)
    job.watch.onStep?.(step, job.steps)
  }
  return supports
}

/** One pass of ones, and the gradient of the sum of outputs. */
async function flow(runner: Runner): Promise<void> {
  const slot = await runner.nextSlot()
  slot.floats.fill(1)
  slot.upstream.fill(1)
  await runner.submit(slot, 1, 'gradient')
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
