// The support of one layer as a small grey picture: rows are output channels, columns patch entries, dark cells hold
// large weights. Large layers are binned, so the picture's size does not follow the layer's. Encoding is left to
// image.ts.

import { type KernelGeometry, patchLength, patchPosition } from 'dctps/internal/shape/kernel'
import type { ReportLayer } from './records.js'

/** Cells across at most, so that a cell can be two pixels wide in a map that fits five times beside itself. */
const MOST_COLUMNS = 90

/** Grey levels of stored weights. Few, because they compress well and more cannot be told apart. */
const LEVELS = 12
/** The lightest stored weight, still clearly darker than the empty ground. */
const LIGHTEST = 190
const EMPTY = 255

export interface SupportMap {
  readonly columns: number
  readonly rows: number
  /** Side of the square of weights that one cell stands for. */
  readonly bin: number
  /** `[rows][columns]`, 0 (the layer's largest magnitude) to 255 (nothing stored) */
  readonly grey: Uint8Array
}

/** A layer's kernel as a matrix: a `[Cout, Cg, K, K]` or `[out, in]` shape by its patches. */
export function layerGeometry(shape: readonly number[]): KernelGeometry {
  const [outChannels = 1, inChannels = 1, size = 1] = shape
  return { outChannels, inChannels, size, stride: 1, padding: 0, groups: 1 }
}

/** Null where neither positions nor values are known. A cell shows the largest magnitude that falls into it. */
export function drawSupportMap(layer: ReportLayer, mostCells: number): SupportMap | null {
  const { positions, values } = layer
  const stored = (positions ?? values)?.length
  if (stored === undefined) return null
  const geometry = layerGeometry(layer.shape)
  const width = patchLength(geometry)
  const height = geometry.outChannels
  const bin = Math.max(1, Math.ceil(width / MOST_COLUMNS), Math.ceil(Math.sqrt((width * height) / mostCells)))
  const columns = Math.ceil(width / bin)
  const rows = Math.ceil(height / bin)
  const magnitudes = new Float32Array(columns * rows).fill(-1)
  let largest = 0
  for (let i = 0; i < stored; i++) {
    const { row, column } = patchPosition(geometry, positions === null ? i : positions[i]!)
    const cell = Math.floor(row / bin) * columns + Math.floor(column / bin)
    const magnitude = Math.abs(values?.[i] ?? 0) || 0
    magnitudes[cell] = Math.max(magnitudes[cell]!, magnitude)
    largest = Math.max(largest, magnitude)
  }
  // Without values (or with only zeros) every stored weight is drawn alike, in the darkest grey.
  return { columns, rows, bin, grey: Uint8Array.from(magnitudes, (m) => shade(m, largest)) }
}

function shade(magnitude: number, largest: number): number {
  if (magnitude < 0) return EMPTY
  const relative = largest === 0 ? 1 : magnitude / largest
  return Math.round(LIGHTEST * (1 - Math.round(relative * LEVELS) / LEVELS))
}
