// Which layers are computed together: batch norms with the residual sum and the ReLU behind them, one pass over memory
// instead of three. Only the graph is needed to tell.

import type { AddLayer, BatchNormLayer, Layer, LayerId } from '../network/layer.js'
import { layerInputs } from '../network/layer.js'

/** `max(sum of normalised terms + residual, 0)`, without the maximum where it is not `rectified`. */
export interface NormalisedSum {
  /** The layer whose output the sum is: the last of those that are computed together. */
  readonly output: LayerId
  /** All that are computed together. */
  readonly layers: readonly LayerId[]
  /** One batch norm, or two that are added. */
  readonly terms: readonly [BatchNormLayer, ...BatchNormLayer[]]
  readonly residual: LayerId | null
  readonly rectified: boolean
}

export interface FusionPlan {
  /** By output. */
  readonly sums: ReadonlyMap<LayerId, NormalisedSum>
  /** Layers without an output of their own. */
  readonly absorbed: ReadonlySet<LayerId>
}

/** @param consumers how many layers read each output */
export function planFusion(layers: readonly Layer[], consumers: readonly number[]): FusionPlan {
  const sums = new Map<LayerId, NormalisedSum>()
  const absorbed = new Set<LayerId>()
  const onlyReader = (id: LayerId): Layer | undefined =>
    consumers[id] === 1 ? layers.find((layer) => layerInputs(layer).includes(id)) : undefined

  for (const layer of layers) {
    if (layer.op !== 'batchNorm' || absorbed.has(layer.id)) continue
    const added = onlyReader(layer.id)
    const sum = added?.op === 'add' ? sumOf(layer, added, layers, consumers) : sumAlone(layer)
    const behind = onlyReader(sum.output)
    const rectified = behind?.op === 'relu'
    const output = rectified ? behind.id : sum.output
    const together = [...new Set([...sum.terms.map((term) => term.id), sum.output, output])]
    for (const id of together) if (id !== output) absorbed.add(id)
    sums.set(output, { ...sum, output, layers: together, rectified })
  }
  return { sums, absorbed }
}

type Sum = Omit<NormalisedSum, 'rectified' | 'layers'>

function sumAlone(layer: BatchNormLayer): Sum {
  return { output: layer.id, terms: [layer], residual: null }
}

function sumOf(
  layer: BatchNormLayer,
  { id: output, inputs }: AddLayer,
  layers: readonly Layer[],
  consumers: readonly number[],
): Sum {
  const other = layers[inputs[0] === layer.id ? inputs[1] : inputs[0]]!
  return other.op === 'batchNorm' && consumers[other.id] === 1
    ? { output, terms: [layer, other], residual: null }
    : { output, terms: [layer], residual: other.id }
}
