// Which layers share a buffer, and how wide its halo must be. A ReLU or a scalar shift overwrites its input where nobody
// else needs the values; a flattening of a 1x1 image changes nothing. Both decisions need only the graph.

import { isKernelLayer, type KernelLayer, type Layer, type LayerId, layerInputs } from '../network/layer.js'
import type { Network } from '../network/network.js'
import { hasTrainableScalar } from '../network/parameters.js'
import type { ActivationShape } from '../shape/activation.js'
import { type FusionPlan, planFusion } from './fusion.js'
import { isDepthwise } from './layers/depthwise.js'
import { keepsSize } from './support-rows.js'

/**
 * How the backward pass of a kernel completes its input's gradient:
 * - `rows`: row by row, and reads its input so
 * - `pairs`: two rows at a time
 * - null: by scattering into all of it
 */
export type Gathering = 'rows' | 'pairs' | null

export interface StoragePlan {
  readonly fusion: FusionPlan
  /** The layer whose buffer a layer's output lives in (itself, unless it works in place). */
  readonly root: readonly LayerId[]
  /** Zero padding around the image that the readers of a layer's storage need. */
  readonly halo: readonly number[]
  /** Zero padding around the gradient of a layer's output: for kernels that scatter into it or read windows of it. */
  readonly gradientHalo: readonly number[]
  /** Outputs that the backward pass computes anew, a row at a time, instead of keeping them. */
  readonly recomputed: ReadonlySet<LayerId>
  /** Those of them that the forward pass does not write either: only 1x1 kernels read them, a row at a time. */
  readonly neverStored: ReadonlySet<LayerId>
  /** 1x1 kernels whose output's gradient can be computed a row at a time by the batch norm behind them. */
  readonly gradientByRows: ReadonlySet<LayerId>
  /** Outputs that a kernel which keeps the size of its image reads first: it can write them itself, as far ahead as it reads. */
  readonly writtenAhead: ReadonlySet<LayerId>
  /** Kernels that read windows of their output's gradient: they can write it themselves, a few rows ahead. */
  readonly gradientAhead: ReadonlySet<LayerId>
  /** Outputs whose halo is cleared with each row that is written ahead, and gradients of outputs, row by row likewise. */
  readonly haloAhead: ReadonlySet<LayerId>
  readonly gradientHaloAhead: ReadonlySet<LayerId>
  /** Kernels of as many outputs as inputs that alone read what is written ahead, once: each row of outputs can take the place of inputs. */
  readonly overwrites: ReadonlySet<LayerId>
  /** Rectified sums of one batch norm which a depthwise layer alone reads, with a batch norm behind: a mask stands for what they sum. */
  readonly masked: ReadonlySet<LayerId>
  /** Whether the gradient of a layer's output may come to lie where a kernel overwrites it with that of its input. */
  readonly gradientOverwritten: readonly boolean[]
  /** By layer; null for those that are no kernels too. */
  readonly gathering: readonly Gathering[]
  /** How many layers read a layer's output. */
  readonly consumers: readonly number[]
  /** Whether anything upstream of (or in) a layer is trained, so that a gradient must flow into its output. */
  readonly needsGradient: readonly boolean[]
}

/** Outputs that the backward pass never reads again, so that a ReLU may overwrite them. */
const overwritable: ReadonlySet<Layer['op']> = new Set([
  'conv2d',
  'linear',
  'batchNorm',
  'add',
  'averagePool',
  'padChannels',
])

/** Layers whose backward pass does not read their input. */
const forgetful: ReadonlySet<Layer['op']> = new Set(['averagePool', 'add', 'padChannels'])

/**
 * @param inputGradient whether the gradient of the network's input is wanted too
 * @param gatheringOf how the backward pass of kernel layers completes their inputs' gradients
 */
export function planStorage(
  network: Network,
  inputGradient: boolean,
  gatheringOf: (layer: KernelLayer) => Gathering = () => null,
): StoragePlan {
  const { layers } = network
  const gathering = layers.map((layer) => (isKernelLayer(layer) ? gatheringOf(layer) : null))
  const consumers = layers.map(() => 0)
  for (const layer of layers) for (const input of layerInputs(layer)) consumers[input]!++

  const fusion = planFusion(layers, consumers)
  const root: LayerId[] = []
  for (const layer of layers) {
    const shares = !fusion.sums.has(layer.id) && inPlace(layers, layer, consumers)
    root.push(shares ? root[layerInputs(layer)[0]!]! : layer.id)
  }

  const rootHalo = layers.map(() => 0)
  for (const layer of layers) {
    if (layer.op !== 'conv2d') continue
    const storage = root[layer.input]!
    rootHalo[storage] = Math.max(rootHalo[storage]!, layer.geometry.padding)
  }

  const needsGradient: boolean[] = []
  for (const layer of layers) {
    const trained =
      layer.op === 'conv2d' ||
      layer.op === 'linear' ||
      layer.op === 'batchNorm' ||
      (layer.op === 'scalarAffine' && hasTrainableScalar(layer))
    const wanted = layer.op === 'input' && inputGradient
    needsGradient.push(trained || wanted || layerInputs(layer).some((input) => needsGradient[input]!))
  }
  const readersOf = (id: LayerId) => layers.filter((layer) => layerInputs(layer).includes(id))
  const isReadByRows = (id: LayerId) =>
    readersOf(id).every((reader) =>
      isKernelLayer(reader) ? gathering[reader.id] === 'rows' : forgetful.has(reader.op),
    )
  const halo = layers.map((layer) => rootHalo[root[layer.id]!]!)
  const recomputed = new Set(
    [...fusion.sums.values()]
      .filter(
        ({ output, terms, residual }) => terms.length === 1 && residual === null && isReadByRows(output),
      )
      .map(({ output }) => output),
  )
  const neverStored = new Set(
    [...recomputed].filter((id) =>
      readersOf(id).every((reader) => isKernelLayer(reader) && reader.geometry.size === 1),
    ),
  )
  const gradientByRows = new Set(
    layers.flatMap((layer) => {
      if (!isKernelLayer(layer) || layer.geometry.size !== 1 || layer.bias || gathering[layer.id] !== 'rows')
        return []
      return consumers[layer.id] === 1 && needsGradient[layer.input] ? [layer.id] : []
    }),
  )
  const readsRows = (layer: Layer | undefined): layer is KernelLayer =>
    layer !== undefined && isKernelLayer(layer) && gathering[layer.id] !== null
  const writtenAhead = new Set([...fusion.sums.keys()].filter((id) => readsRows(readersOf(id)[0])))
  const haloAhead = new Set(
    [...writtenAhead].filter((id) => {
      const [reader] = readersOf(id)
      return halo[id]! > 0 && readsRows(reader) && reader.geometry.padding === halo[id]
    }),
  )
  const gradientAhead = new Set(
    layers
      .filter(readsRows)
      .filter(({ id, bias, geometry, input }) => {
        return consumers[id] === 1 && !bias && geometry.size > 1 && needsGradient[input]
      })
      .map(({ id }) => id),
  )
  const hasNormBehind = ({ id, bias }: KernelLayer) =>
    !bias && consumers[id] === 1 && readersOf(id)[0]!.op === 'batchNorm'
  const gradientHaloAhead = new Set(
    [...fusion.sums.values()]
      .filter(({ terms, residual, output }) => {
        const isAlone = terms.length === 1 && residual === null
        // What scatters into a gradient wants its halo cleared before.
        const isGathered = readersOf(output).every(
          (reader) => isKernelLayer(reader) && (gathering[reader.id] !== null || reader.geometry.size === 1),
        )
        return isAlone && gradientAhead.has(terms[0].input) && isGathered
      })
      .map(({ output }) => output),
  )
  const overwrites = new Set(
    layers
      .filter(readsRows)
      .filter((layer) => {
        return (
          isDepthwise(layer) &&
          keepsSize(layer.geometry) &&
          hasSmallHalo(layer.output) &&
          consumers[layer.input] === 1 &&
          writtenAhead.has(layer.input) &&
          recomputed.has(layer.input)
        )
      })
      .map(({ id }) => id),
  )
  const masked = new Set(
    [...fusion.sums.values()]
      .filter(({ output, terms, residual, rectified }) => {
        const [reader] = readersOf(output)
        const isAlone = terms.length === 1 && residual === null && rectified && consumers[output] === 1
        return isAlone && readsRows(reader) && isDepthwise(reader) && hasNormBehind(reader)
      })
      .map(({ output }) => output),
  )
  return {
    fusion,
    root,
    halo,
    gradientHalo: gradientHalos(layers, gathering),
    haloAhead,
    gradientHaloAhead,
    overwrites,
    masked,
    gradientOverwritten: passedOn(layers, (layer) => overwrites.has(layer.id) && gradientAhead.has(layer.id)),
    recomputed,
    neverStored,
    gradientByRows,
    writtenAhead,
    gradientAhead,
    gathering,
    consumers,
    needsGradient,
  }
}

/**
 * A kernel that keeps the size of its image reads windows of its output's gradient, whose buffer may have been that of the
 * layers behind it: they pass it on. One that does not gather its input's gradient scatters into the halo.
 */
function gradientHalos(layers: readonly Layer[], gathering: readonly Gathering[]): number[] {
  const wanted = layers.map((layer) =>
    isKernelLayer(layer) && (keepsSize(layer.geometry) || gathering[layer.id] === 'pairs')
      ? layer.geometry.padding
      : 0,
  )
  for (const layer of layers) {
    if (isKernelLayer(layer) && gathering[layer.id] === null)
      wanted[layer.input] = Math.max(wanted[layer.input]!, layer.geometry.padding)
  }
  for (const layer of layers) {
    if (isKernelLayer(layer)) continue
    for (const input of layerInputs(layer)) wanted[layer.id] = Math.max(wanted[layer.id]!, wanted[input]!)
  }
  return wanted
}

/** For each layer whether something holds of it, or of one whose gradient its own gradient's buffer may become. */
function passedOn(layers: readonly Layer[], holds: (layer: Layer) => boolean): boolean[] {
  const found: boolean[] = []
  for (const layer of layers)
    found.push(holds(layer) || (!isKernelLayer(layer) && layerInputs(layer).some((input) => found[input]!)))
  return found
}

/** Most memory that a halo and a row may add to an activation which takes the place of one that has them. */
const mostPadding = 1.4

/** Small images, which lie in the cache anyway, would take twice as much memory. */
function hasSmallHalo({ height, width }: ActivationShape): boolean {
  return (height + 3) * (width + 2) < mostPadding * height * width
}

function inPlace(layers: readonly Layer[], layer: Layer, consumers: readonly number[]): boolean {
  if (layer.op === 'flatten') {
    const { height, width } = layers[layer.input]!.output
    return height === 1 && width === 1
  }
  // The gradient of a trained scale needs the input.
  const forgetsInput = layer.op === 'relu' || (layer.op === 'scalarAffine' && typeof layer.scale === 'number')
  return forgetsInput && consumers[layer.input] === 1 && isOverwritable(layers[layer.input]!)
}

/** A rectified output is the mask of its own gradient. */
function isOverwritable(layer: Layer): boolean {
  return layer.op === 'scalarAffine' ? !layer.rectified : overwritable.has(layer.op)
}
