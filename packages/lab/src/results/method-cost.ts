// The cost of a method at a density, and of the same network with dense kernels (ALGORITHMS section 7): stored bytes, and
// multiply-adds for one image. Sizes of files are measured; all else is computed from the supports and the compiled
// program, and is called an estimate.

import { buildSpec, kernelLayers, type Model, parameters, type TransformCache } from 'dctps'
import { isNearlyFull } from 'dctps/internal/program/layers/materialised-part'
import { denseSpec, type NetworkCosts, networkCosts, type PassCosts } from './network-costs.js'
import type { ResultRun } from './read-run.js'
import { choiceMultiplyAdds, needsDenseWeights, searchMultiplyAdds, trainsDense } from './support-choice.js'

export interface StoredBytes {
  /** Float32 values and uint32 positions. */
  readonly initial: number
  /** With the optimiser's vectors. */
  readonly training: number
  /** Of the model file; for the dense network its float32 values. */
  readonly final: number
}

export interface MethodCost {
  readonly bytes: StoredBytes
  readonly denseBytes: StoredBytes
  /** In all, to choose the support. */
  readonly choice: number
  readonly multiplyAdds: PassCosts
  readonly denseMultiplyAdds: PassCosts
}

/** Vectors of state a trainable number. */
const optimizerVectors = { adam: 2, sgd: 1 } as const

const float32Bytes = 4
const positionBytes = 4

/** Computes costs, and each network's own part of them once. */
export class CostTable {
  readonly #transforms: TransformCache
  readonly #networks = new Map<string, NetworkCosts>()

  constructor(transforms: TransformCache) {
    this.#transforms = transforms
  }

  costOf({ config, summary }: ResultRun, model: Model): MethodCost {
    const { spec, network, supports } = model
    const costs = this.#networkCosts(model, config.batch)
    const dense = buildSpec(denseSpec(spec))
    const own = storedNumbers(parameters(network, supports))
    const whole = storedNumbers(parameters(dense.network, dense.supports))
    const vectors = optimizerVectors[config.optimizer]
    const positions = [...supports.values()].reduce((sum, list) => sum + list.length, 0)
    const bytesOf = ({ all, trainable }: StoredNumbers, positions: number) => ({
      initial: float32Bytes * all + positionBytes * positions,
      training: float32Bytes * (all + vectors * trainable) + positionBytes * positions,
    })
    const denseBytes = { ...bytesOf(whole, 0), final: float32Bytes * whole.all }
    const ownBytes = bytesOf(own, positions)
    const denseMultiplyAdds = sum(
      costs.kernels.map((kernel) => kernel.dense),
      costs.others,
    )
    const multiplyAdds = sum(this.#kernels(model, costs), costs.others)
    const weightGradient = costs.kernels.reduce((total, kernel) => total + kernel.dense.use, 0)
    return {
      bytes: {
        initial: needsDenseWeights(config) ? denseBytes.initial : ownBytes.initial,
        training: trainsDense(config) ? denseBytes.training : ownBytes.training,
        final: summary.modelBytes,
      },
      denseBytes,
      choice: choiceMultiplyAdds(config, summary, spec.classes, denseMultiplyAdds),
      multiplyAdds: {
        use: multiplyAdds.use,
        training: multiplyAdds.training + searchMultiplyAdds(config, weightGradient),
      },
      denseMultiplyAdds,
    }
  }

  /** S by its non-zeros, D as executed. */
  #kernels({ network, supports }: Model, { kernels }: NetworkCosts): PassCosts[] {
    return kernelLayers(network).map((layer, index) => {
      const { entries, dense, transform } = kernels[index]!
      const stored = supports.get(layer.id)?.length ?? entries
      // Such a layer is executed as a dense one, with D written into its weights.
      if (layer.kind === 'dense' || (layer.kind === 'dctps' && isNearlyFull(layer, stored))) return dense
      const share = stored / entries
      const own = { use: share * dense.use, training: share * dense.training }
      return layer.kind === 'dctps' ? sum([own], transform) : own
    })
  }

  #networkCosts({ spec }: Model, batch: number): NetworkCosts {
    const { support: _support, kernel, ...shape } = spec
    const key = JSON.stringify([shape, kernel.alpha, batch])
    const known = this.#networks.get(key) ?? networkCosts(spec, batch, this.#transforms)
    this.#networks.set(key, known)
    return known
  }
}

interface StoredNumbers {
  readonly all: number
  readonly trainable: number
}

function storedNumbers(list: ReturnType<typeof parameters>): StoredNumbers {
  const count = (some: typeof list) => some.reduce((total, { size }) => total + size, 0)
  return { all: count(list), trainable: count(list.filter(({ trainable }) => trainable)) }
}

function sum(parts: readonly PassCosts[], start: PassCosts): PassCosts {
  return parts.reduce(
    (total, { use, training }) => ({ use: total.use + use, training: total.training + training }),
    start,
  )
}
