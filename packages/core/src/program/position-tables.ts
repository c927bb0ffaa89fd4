// The tables that say where stored values lie, apart from the values: what it takes to make one, so that it can be written
// again in place when a support changes.

import type { KernelLayer } from '../network/layer.js'
import { patchLength, patchPosition } from '../shape/kernel.js'
import { adjointRows, forwardRows } from './support-rows.js'
import type { TileLayout } from './tiles.js'

/** A support as the sparse kernels read it (`assembly/sparse.ts`). */
export interface PlacedSupport {
  /** [rowCount][2]: byte offset of a channel in its tile, end of its entries in bytes. */
  readonly rows: number
  readonly rowCount: number
  /** [entries]: bytes from the pixel's pointer to the partner's number. */
  readonly offsets: number
  /** [entries]: which of the stored values an entry is. */
  readonly order: number
  readonly entries: number
}

/** Which rows of a support a kernel reads. */
export interface SupportUse {
  readonly layer: KernelLayer
  readonly direction: 'forward' | 'adjoint'
  /** Layout of the activation that the entries' partners lie in. */
  readonly partners: TileLayout
  /** Whether channels without entries have a row too. */
  readonly every: boolean
}

export type PositionTable =
  /** Compressed rows of a support. */
  | { readonly type: 'rows'; readonly use: SupportUse; readonly placed: PlacedSupport }
  /** [entries]: indices into the weight in patch order. */
  | { readonly type: 'patches'; readonly layer: KernelLayer; readonly address: number }

/** What the tables of a support hold. */
export interface SupportData {
  readonly rows: Uint32Array
  readonly offsets: Uint32Array
  readonly order: Uint32Array
}

/** @param rowCount at least as many rows as there are; those left over are of channel 0 and have no entries */
export function supportData(use: SupportUse, indices: Uint32Array, rowCount = 0): SupportData {
  const { layer, direction, partners, every } = use
  const make = direction === 'forward' ? forwardRows : adjointRows
  const { channels, offsets, order } = make(layer.geometry, indices, partners, every)
  const rows = new Uint32Array(2 * Math.max(rowCount, channels.length))
  channels.forEach(({ channel, end }, row) => {
    rows[2 * row] = channel * partners.rowBytes
    rows[2 * row + 1] = end * 4
  })
  for (let row = channels.length; row < rowCount; row++) rows[2 * row + 1] = indices.length * 4
  return { rows, offsets, order }
}

/** The most rows that a support of so many entries can have. */
export function mostRows({ layer: { geometry }, direction, every }: SupportUse, entries: number): number {
  const channels = direction === 'forward' ? geometry.outChannels : geometry.inChannels
  return every ? channels : Math.min(channels, entries)
}

/** Indices into the weight in patch order, [entries]. */
export function patchPositions({ geometry }: KernelLayer, indices: Uint32Array): Uint32Array {
  const patch = patchLength(geometry)
  return indices.map((flat) => {
    const { row, column } = patchPosition(geometry, flat)
    return row * patch + column
  })
}

/** The layer that a table belongs to. */
export function layerOf(table: PositionTable): KernelLayer {
  return table.type === 'rows' ? table.use.layer : table.layer
}

/** What has to be written where, for a table to hold other positions, as many as before. */
export function rewritten(
  table: PositionTable,
  indices: Uint32Array,
): { address: number; data: Uint32Array }[] {
  if (table.type === 'patches')
    return [{ address: table.address, data: patchPositions(table.layer, indices) }]
  const { use, placed } = table
  const { rows, offsets, order } = supportData(use, indices, placed.rowCount)
  return [
    { address: placed.rows, data: rows },
    { address: placed.offsets, data: offsets },
    { address: placed.order, data: order },
  ]
}
