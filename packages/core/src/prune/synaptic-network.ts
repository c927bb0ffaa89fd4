// The network that SynFlow measures: batch norm as the constant that it is at initialisation in evaluation mode, and a
// scale behind each cut vertex, a layer that every path from the input to the output passes. A factor there multiplies the
// sum of outputs and all its gradients alike, so it changes no order; without it the numbers of a deep network leave
// float32.

import {
  isKernelLayer,
  type KernelLayer,
  type Layer,
  type LayerId,
  layerInputs,
  type ScalarAffineLayer,
} from '../network/layer.js'
import type { Network } from '../network/network.js'
import { groupChannels, patchLength } from '../shape/kernel.js'
import { denseNetwork } from './dense-twin.js'
import type { Scores } from './top-scores.js'

export interface SynapticNetwork {
  readonly network: Network
  /** Of each kernel of the original network: the same kernel here. */
  readonly kernels: ReadonlyMap<LayerId, KernelLayer>
  /** Names of the scales, in the order of their layers. */
  readonly scales: readonly string[]
}

/** Rebuilds a network for SynFlow, kernels dense. */
export function synapticNetwork(original: Network): SynapticNetwork {
  const cuts = cutVertices(original)
  const layers: Layer[] = []
  const placeOf: LayerId[] = []
  const kernels = new Map<LayerId, KernelLayer>()
  const scales: string[] = []
  for (const layer of denseNetwork(original).layers) {
    const moved = moveLayer(withoutStatistics(layer), layers.length, placeOf)
    layers.push(moved)
    placeOf.push(moved.id)
    if (isKernelLayer(moved)) kernels.set(layer.id, moved)
    if (!changesMagnitude(layer) || !cuts.has(layer.id) || layer.id === original.layers.length - 1) continue
    const name = `${layer.name}.synflow-scale`
    scales.push(name)
    layers.push(scaling(name, layers.length, moved, name))
    placeOf[layer.id] = layers.length - 1
  }
  return { network: { ...original, layers }, kernels, scales }
}

/** Layers that every path from the input to the output passes: no edge leads over them. */
export function cutVertices({ layers }: Network): Set<LayerId> {
  const lastReader = layers.map(() => 0)
  for (const layer of layers) for (const input of layerInputs(layer)) lastReader[input] = layer.id
  const cuts = new Set<LayerId>()
  let reach = 0
  for (const { id } of layers) {
    if (reach <= id) cuts.add(id)
    reach = Math.max(reach, lastReader[id]!)
  }
  return cuts
}

/**
 * Scales that keep the mean activation near 1 as ones flow through the kernels, by name: each channel's mean in float64,
 * borders left out. Powers of two, so that scaling rounds nothing.
 * @param weights absolute values of the kernels by layer of the original network
 * @param values other parameters by name
 */
export function balancedScales(
  { network, kernels, scales }: SynapticNetwork,
  weights: Scores,
  values: ReadonlyMap<string, Float32Array>,
): Map<string, number> {
  const weightsHere = new Map([...kernels].map(([original, { id }]) => [id, weights.get(original)!]))
  const chosen = new Map<string, number>()
  const means: Float64Array[] = []
  const number = (scalar: number | string) =>
    typeof scalar === 'number' ? scalar : (chosen.get(scalar) ?? values.get(scalar)![0]!)
  for (const layer of network.layers) {
    if (layer.op === 'scalarAffine' && typeof layer.scale === 'string' && scales.includes(layer.scale)) {
      chosen.set(layer.scale, nearestInverse(means[layer.input]!))
    }
    means.push(meansOf(layer, means, weightsHere, number))
  }
  return chosen
}

/** Mean of each channel after a layer. */
function meansOf(
  layer: Layer,
  means: readonly Float64Array[],
  weights: Scores,
  number: (scalar: number | string) => number,
): Float64Array {
  switch (layer.op) {
    case 'input':
      return new Float64Array(layer.output.channels).fill(1)
    case 'conv2d':
    case 'linear':
      return throughKernel(layer, weights.get(layer.id)!, means[layer.input]!)
    case 'add': {
      const [first, second] = layer.inputs
      return means[first]!.map((mean, channel) => mean + means[second]![channel]!)
    }
    case 'scalarAffine': {
      const residual = layer.residual === null ? null : means[layer.residual]!
      const [scale, constant] = [number(layer.scale), number(layer.shift) + number(layer.offset)]
      return means[layer.input]!.map((mean, channel) => scale * mean + constant + (residual?.[channel] ?? 0))
    }
    case 'flatten': {
      const pixels = layer.output.channels / means[layer.input]!.length
      return new Float64Array(layer.output.channels).map(
        (_, i) => means[layer.input]![Math.floor(i / pixels)]!,
      )
    }
    case 'padChannels': {
      const padded = new Float64Array(layer.output.channels)
      padded.set(means[layer.input]!)
      return padded
    }
    case 'relu':
    case 'averagePool':
    case 'maxPool':
    case 'batchNorm':
      return means[layer.input]!
  }
}

function throughKernel({ geometry }: KernelLayer, weights: Float32Array, input: Float64Array): Float64Array {
  const { outChannels, groups } = geometry
  const patch = patchLength(geometry)
  const channels = groupChannels(geometry)
  const area = geometry.size ** 2
  return new Float64Array(outChannels).map((_, o) => {
    const first = Math.floor((o * groups) / outChannels) * channels
    let sum = 0
    for (let c = 0, i = o * patch; c < channels; c++) {
      let taps = 0
      for (const end = i + area; i < end; i++) taps += weights[i]!
      sum += taps * input[first + c]!
    }
    return sum
  })
}

/** The power of two next to the inverse of the mean; 1 where nothing flows. */
function nearestInverse(means: Float64Array): number {
  const mean = means.reduce((sum, value) => sum + value, 0) / means.length
  return mean > 0 ? 2 ** -Math.round(Math.log2(mean)) : 1
}

function changesMagnitude({ op }: Layer): boolean {
  return op === 'conv2d' || op === 'linear' || op === 'add' || op === 'scalarAffine' || op === 'batchNorm'
}

/** At initialisation running means are 0 and variances 1, scales 1 and shifts 0. */
function withoutStatistics(layer: Layer): Layer {
  if (layer.op !== 'batchNorm') return layer
  return scaling(
    layer.name,
    layer.id,
    { id: layer.input, output: layer.output },
    1 / Math.sqrt(1 + layer.epsilon),
  )
}

function scaling(
  name: string,
  id: LayerId,
  { id: input, output }: Pick<Layer, 'id' | 'output'>,
  scale: number | string,
): ScalarAffineLayer {
  const constants = { residual: null, shift: 0, rectified: false, offset: 0 }
  return { op: 'scalarAffine', id, name, input, output, scale, ...constants }
}

/** The layer under another id, its inputs where they have moved to. */
function moveLayer(layer: Layer, id: LayerId, placeOf: readonly LayerId[]): Layer {
  const of = (input: LayerId) => placeOf[input]!
  switch (layer.op) {
    case 'input':
      return { ...layer, id }
    case 'add':
      return { ...layer, id, inputs: [of(layer.inputs[0]), of(layer.inputs[1])] }
    case 'scalarAffine':
      return {
        ...layer,
        id,
        input: of(layer.input),
        residual: layer.residual === null ? null : of(layer.residual),
      }
    default:
      return { ...layer, id, input: of(layer.input) }
  }
}
