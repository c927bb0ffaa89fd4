// Where a growth pass works: one tile that the dense gradients of all layers pass through, and for each layer a record of
// what it keeps and of the best positions found so far (`assembly/rank.ts`). Memory follows the stored entries.

import { isKernelLayer, type LayerId } from '../network/layer.js'
import type { Network } from '../network/network.js'
import type { Supports } from '../network/parameters.js'
import { type KernelGeometry, kernelEntries, patchLength } from '../shape/kernel.js'
import type { ProgramBuilder } from './builder.js'
import { keepsSize } from './support-rows.js'

/**
 * Most numbers of a dense gradient at a time, as far as one row of it is not longer: a mebibyte. Smaller tiles take more
 * meetings of the threads, and rows that are not stored are computed anew for each.
 */
const tileEntries = 262144

/** Byte offsets in a record; the magnitudes follow the positions. */
export const growthRecord = { wanted: 0, found: 4, positions: 16 } as const

/** The record of one layer. */
export interface GrowthRecord {
  readonly layer: LayerId
  readonly address: number
  /** Entries of the support. */
  readonly stored: number
}

export interface GrowthPlan {
  /** Address of the tile. */
  readonly tile: number
  /** Of every layer whose support can change. */
  readonly records: ReadonlyMap<LayerId, GrowthRecord>
}

/** A dense gradient as the rows and columns that it is computed in. */
export interface GradientMatrix {
  /**
   * - `windows`: row = input channel, column = (kh, kw, o) of the window of outputs that see an input pixel; an input pixel at
   *   a time is enough, so the input need not be stored
   * - `patches`: row = output channel, column = (kh, kw, c) of the patch of inputs
   */
  readonly form: 'windows' | 'patches'
  readonly rows: number
  readonly columns: number
}

export function gradientMatrix(geometry: KernelGeometry): GradientMatrix {
  const { inChannels, outChannels, size, groups } = geometry
  return keepsSize(geometry)
    ? { form: 'windows', rows: inChannels, columns: (size * size * outChannels) / groups }
    : { form: 'patches', rows: outChannels, columns: patchLength(geometry) }
}

/** Rows of a gradient that are computed at a time: whole groups, or rows of one group. */
export interface GradientTile {
  readonly first: number
  readonly rows: number
  readonly groups: number
}

/** Cuts a gradient of `groups` groups of rows into tiles. */
export function gradientTiles({ rows, columns }: GradientMatrix, groups: number): GradientTile[] {
  const inGroup = rows / groups
  const most = Math.max(1, Math.floor(tileEntries / columns))
  const tiles: GradientTile[] = []
  if (most >= inGroup) {
    const step = Math.floor(most / inGroup) * inGroup
    for (let first = 0; first < rows; first += step) {
      const count = Math.min(step, rows - first)
      tiles.push({ first, rows: count, groups: count / inGroup })
    }
    return tiles
  }
  // The kernel takes four rows at a time.
  const step = most > 4 ? most - (most % 4) : most
  for (let start = 0; start < rows; start += inGroup) {
    for (let first = 0; first < inGroup; first += step) {
      tiles.push({ first: start + first, rows: Math.min(step, inGroup - first), groups: 1 })
    }
  }
  return tiles
}

/** Reserves memory for the growth passes of a network. */
export function planGrowth(network: Network, supports: Supports, builder: ProgramBuilder): GrowthPlan {
  const records = new Map<LayerId, GrowthRecord>()
  let longest = 0
  for (const layer of network.layers) {
    if (!isKernelLayer(layer) || layer.kind === 'dense') continue
    const stored = supports.get(layer.id)?.length ?? 0
    if (!canMove(layer.geometry, stored)) continue
    const address = builder.shared(growthRecord.positions + 8 * stored)
    records.set(layer.id, { layer: layer.id, address, stored })
    const matrix = gradientMatrix(layer.geometry)
    for (const { rows } of gradientTiles(matrix, layer.geometry.groups))
      longest = Math.max(longest, rows * matrix.columns)
  }
  return { tile: builder.shared(4 * longest), records }
}

/** Whether a support has other places to go to: not where it is empty, nor where every weight is stored. */
export function canMove(geometry: KernelGeometry, stored: number): boolean {
  return stored > 0 && stored < kernelEntries(geometry)
}
