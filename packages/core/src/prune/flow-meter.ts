// Measures how much flows through each weight in SynFlow: a program for the synaptic network, dense at first, sparse once
// few weights are left, so that late steps cost little.

import { isKernelLayer, type LayerId } from '../network/layer.js'
import type { Network } from '../network/network.js'
import { kernelName, type Supports } from '../network/parameters.js'
import { compileProgram } from '../program/compile.js'
import type { Runner } from '../runtime/runner.js'
import type { PruneJob } from './method.js'
import { balancedScales, type SynapticNetwork } from './synaptic-network.js'
import { neverKept, type Scores } from './top-scores.js'

export class FlowMeter {
  readonly #runner: Runner
  readonly #synaptic: SynapticNetwork
  readonly #values: ReadonlyMap<string, Float32Array>
  /** Weights that the program holds, by layer of the original network; null for all of them. */
  readonly #stored: Supports | null
  readonly #names: ReadonlyMap<LayerId, string>

  private constructor(
    runner: Runner,
    synaptic: SynapticNetwork,
    values: ReadonlyMap<string, Float32Array>,
    stored: Supports | null,
  ) {
    this.#runner = runner
    this.#synaptic = synaptic
    this.#values = values
    this.#stored = stored
    this.#names = new Map([...synaptic.kernels].map(([id, layer]) => [id, `${kernelName(layer)}.weight`]))
  }

  /**
   * @param values absolute initial values of all parameters of the dense network, by name
   * @param stored the only weights that will ever flow; null for all of them
   */
  static async open(
    { platform }: PruneJob,
    synaptic: SynapticNetwork,
    values: ReadonlyMap<string, Float32Array>,
    stored: Supports | null,
  ): Promise<FlowMeter> {
    const { network } = synaptic
    const supports = new Map(
      [...(stored ?? [])].map(([id, positions]) => [synaptic.kernels.get(id)!.id, positions]),
    )
    const program = compileProgram(stored === null ? network : sparseNetwork(network), supports, {
      batch: 1,
      input: { type: 'floats', source: network.input },
      optimizer: 'sgd',
      objective: 'upstream',
      slots: 1,
      sharedMemory: platform.sharedMemory ?? true,
      simd: platform.simd ?? 'plain',
    })
    const runner = await platform.createRunner(program)
    // Kernels and scales are written for each measurement.
    for (const { name, role } of runner.parameters.parameters) {
      const initial = values.get(name)
      if (role !== 'kernel' && initial !== undefined) runner.parameters.write(name, initial)
    }
    return new FlowMeter(runner, synaptic, values, stored)
  }

  /**
   * Scores `weight x dR/dweight`; `neverKept` for weights that the program does not hold.
   * @param weights absolute values of all kernels, 0 where they are pruned
   */
  async scores(weights: Scores): Promise<Scores> {
    const { parameters } = this.#runner
    for (const [id, name] of this.#names) parameters.write(name, this.#pick(id, weights.get(id)!))
    const scales = balancedScales(this.#synaptic, weights, this.#values)
    for (const [name, scale] of scales) parameters.write(name, [scale])
    const slot = await this.#runner.nextSlot()
    slot.floats.fill(1)
    slot.upstream.fill(1)
    await this.#runner.submit(slot, 1, 'gradient')
    return new Map(
      [...this.#names].map(([id, name]) => [
        id,
        this.#score(id, parameters.gradient(name, 1), weights.get(id)!),
      ]),
    )
  }

  close(): void {
    this.#runner.close()
  }

  #pick(id: LayerId, weights: Float32Array): Float32Array {
    const stored = this.#stored?.get(id)
    return stored === undefined ? weights : Float32Array.from(stored, (position) => weights[position]!)
  }

  #score(id: LayerId, slopes: Float32Array, weights: Float32Array): Float32Array {
    const stored = this.#stored?.get(id)
    if (stored === undefined) return slopes.map((slope, i) => slope * weights[i]!)
    const scores = new Float32Array(weights.length).fill(neverKept)
    for (const [i, position] of stored.entries()) scores[position] = slopes[i]! * weights[position]!
    return scores
  }
}

function sparseNetwork(network: Network): Network {
  return {
    ...network,
    layers: network.layers.map((layer) => (isKernelLayer(layer) ? { ...layer, kind: 'sparse' } : layer)),
  }
}
