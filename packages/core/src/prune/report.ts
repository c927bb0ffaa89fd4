// Whether a support lets anything through: layers left empty, and units that lie on no path of stored weights from an input
// to an output. Channels are units; where in an image a weight acts is left out.

import { isKernelLayer, type KernelLayer, type Layer, type LayerId, layerInputs } from '../network/layer.js'
import { kernelLayers, type Network, weightShape } from '../network/network.js'
import type { Supports } from '../network/parameters.js'
import { groupChannels, kernelEntries, patchLength } from '../shape/kernel.js'
import { type SupportReport, type SupportReportRow, supportReport } from '../support/index.js'

export interface ConnectionReport extends SupportReport {
  readonly layers: readonly ConnectionReportRow[]
  /** Input channels that no output depends on. */
  readonly unusedInputs: readonly number[]
  /** Outputs (classes) that depend on no input. */
  readonly unreachedOutputs: readonly number[]
}

export interface ConnectionReportRow extends SupportReportRow {
  /** Output channels or features. */
  readonly units: number
  /** Units on no path from an input to an output. */
  readonly cutUnits: number
}

/**
 * Counts and connections of supports.
 * @param supports of every sparse and DCTpS kernel; a kernel without one counts as dense
 */
export function connectionReport(network: Network, supports: Supports): ConnectionReport {
  const kernels = kernelLayers(network)
  const report = supportReport(
    kernels.map((layer) => ({ name: layer.name, shape: weightShape(layer) })),
    kernels.map((layer) => supports.get(layer.id)?.length ?? kernelEntries(layer.geometry)),
  )
  const reached = reachedUnits(network, supports)
  const used = usedUnits(network, supports)
  const cut = (id: LayerId) => (_: number, unit: number) => reached[id]![unit] === 0 || used[id]![unit] === 0
  const unitsOf = (id: LayerId) => [...reached[id]!]
  return {
    ...report,
    layers: report.layers.map((row, l) => {
      const { id } = kernels[l]!
      return { ...row, units: reached[id]!.length, cutUnits: unitsOf(id).filter(cut(id)).length }
    }),
    unusedInputs: unitsOf(0).flatMap((_, unit) => (used[0]![unit] === 0 ? [unit] : [])),
    unreachedOutputs: unitsOf(network.layers.length - 1).flatMap((flag, unit) => (flag === 0 ? [unit] : [])),
  }
}

/** Of each layer, 1 for the channels that a path from an input leads to. */
function reachedUnits(network: Network, supports: Supports): Uint8Array[] {
  const reached: Uint8Array[] = []
  for (const layer of network.layers) {
    const flags = new Uint8Array(layer.output.channels)
    reached.push(flags)
    if (layer.op === 'input') flags.fill(1)
    for (const input of layerInputs(layer)) {
      for (const [from, to] of edges(layer, reached[input]!.length, supports))
        flags[to]! |= reached[input]![from]!
    }
  }
  return reached
}

/** Of each layer, 1 for the channels from which a path leads to an output. */
function usedUnits(network: Network, supports: Supports): Uint8Array[] {
  const used = network.layers.map((layer) => new Uint8Array(layer.output.channels))
  used.at(-1)!.fill(1)
  for (const layer of network.layers.toReversed()) {
    const flags = used[layer.id]!
    for (const input of layerInputs(layer)) {
      for (const [from, to] of edges(layer, used[input]!.length, supports)) used[input]![from]! |= flags[to]!
    }
  }
  return used
}

/** Which input channel a layer leads to which output channel. */
function* edges(layer: Layer, inputs: number, supports: Supports): Generator<readonly [number, number]> {
  if (isKernelLayer(layer)) {
    yield* kernelEdges(layer, supports.get(layer.id))
  } else if (layer.op === 'flatten') {
    const pixels = layer.output.channels / inputs
    for (let to = 0; to < layer.output.channels; to++) yield [Math.floor(to / pixels), to]
  } else {
    // All others act channel by channel; padded channels have no input.
    for (let channel = 0; channel < inputs; channel++) yield [channel, channel]
  }
}

function* kernelEdges(
  { geometry }: KernelLayer,
  support: Uint32Array | undefined,
): Generator<readonly [number, number]> {
  const patch = patchLength(geometry)
  const area = geometry.size ** 2
  const channels = groupChannels(geometry)
  const filters = geometry.outChannels / geometry.groups
  const edge = (index: number): readonly [number, number] => {
    const to = Math.floor(index / patch)
    const first = Math.floor(to / filters) * channels
    return [first + Math.floor((index - to * patch) / area), to]
  }
  if (support !== undefined) for (const index of support) yield edge(index)
  else for (let index = 0; index < kernelEntries(geometry); index += area) yield edge(index)
}
