// A support sorted for the sparse kernels: by channel, each entry with the byte distance to its partner. Forward, the
// channels are outputs and the partners lie in the patch of inputs. Where a layer keeps the size of its image, the adjoint
// is the same sum with channels and partners exchanged: each input pixel gathers from the window of output pixels that see it.

import type { KernelLayer } from '../network/layer.js'
import type { ActivationShape } from '../shape/activation.js'
import { groupChannels, type KernelGeometry, patchPosition } from '../shape/kernel.js'
import type { TileLayout } from './tiles.js'

export interface SupportRows {
  /** Ascending; `end` is the first entry after those of the channel. */
  readonly channels: readonly { readonly channel: number; readonly end: number }[]
  /** Bytes from the first tile of the window. */
  readonly offsets: Uint32Array
  /** Which of the stored values an entry is. */
  readonly order: Uint32Array
}

interface Entry {
  readonly channel: number
  readonly offset: number
}

/** Whether every input pixel sees as large a window of outputs as every output pixel sees of inputs. */
export function keepsSize({ stride, size, padding }: KernelGeometry): boolean {
  return stride === 1 && size === 2 * padding + 1
}

/** Whether a 3x3 layer halves the size of an image, so that every square of four inputs is seen by one of four outputs. */
export function halvesSize({ geometry, output }: KernelLayer, input: ActivationShape): boolean {
  const { size, stride, padding } = geometry
  return (
    size === 3 &&
    stride === 2 &&
    padding === 1 &&
    input.height === 2 * output.height &&
    input.width === 2 * output.width
  )
}

/**
 * Rows by output channel; partners from the first tile of the patch.
 * @param every whether channels without entries have a row too
 */
export function forwardRows(
  geometry: KernelGeometry,
  indices: Uint32Array,
  input: TileLayout,
  every: boolean,
): SupportRows {
  const entries = Array.from(indices, (flat): Entry => {
    const { outChannel, inChannel, kh, kw } = entryPosition(geometry, flat)
    return {
      channel: outChannel,
      offset: kh * input.pitch + kw * input.tileBytes + inChannel * input.rowBytes,
    }
  })
  return sortedRows(entries, geometry.outChannels, every)
}

/**
 * Rows by input channel, of a layer that {@link keepsSize}; partners from the first tile of the window of outputs.
 * @param output layout of the gradient of the layer's output, with a halo of at least the layer's padding
 */
export function adjointRows(
  geometry: KernelGeometry,
  indices: Uint32Array,
  output: TileLayout,
  every: boolean,
): SupportRows {
  const last = geometry.size - 1
  const entries = Array.from(indices, (flat): Entry => {
    const { outChannel, inChannel, kh, kw } = entryPosition(geometry, flat)
    return {
      channel: inChannel,
      offset: (last - kh) * output.pitch + (last - kw) * output.tileBytes + outChannel * output.rowBytes,
    }
  })
  return sortedRows(entries, geometry.inChannels, every)
}

function entryPosition(geometry: KernelGeometry, flat: number) {
  const { row, column } = patchPosition(geometry, flat)
  const channels = groupChannels(geometry)
  const tap = Math.floor(column / channels)
  const group = Math.floor(row / (geometry.outChannels / geometry.groups))
  return {
    outChannel: row,
    inChannel: group * channels + (column % channels),
    kh: Math.floor(tap / geometry.size),
    kw: tap % geometry.size,
  }
}

/** Sorted by channel, then by place in memory. */
function sortedRows(entries: readonly Entry[], channelCount: number, every: boolean): SupportRows {
  const order = Uint32Array.from(entries.keys()).sort((a, b) => {
    const [first, second] = [entries[a]!, entries[b]!]
    return first.channel - second.channel || first.offset - second.offset
  })
  const counts = new Uint32Array(channelCount)
  for (const { channel } of entries) counts[channel]!++
  const channels: { channel: number; end: number }[] = []
  let end = 0
  counts.forEach((count, channel) => {
    end += count
    if (every || count > 0) channels.push({ channel, end })
  })
  return { channels, offsets: Uint32Array.from(order, (entry) => entries[entry]!.offset), order }
}
