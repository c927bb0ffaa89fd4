// A kernel as a list of entries, each worth one row of an input channel added to one row of an output channel: what a
// sparse kernel costs is its non-zeros times positions, and no patch is ever gathered.

import { type KernelGeometry, patchPosition } from 'dctps/internal/shape/kernel'
import type { BatchShape, Signal } from './signal.js'

/** One weight: output channel, input channel (of all groups), and the tap of the window that it reads. */
export interface Entry {
  readonly output: number
  readonly input: number
  readonly tapRow: number
  readonly tapColumn: number
  readonly value: number
}

/** The entry of a weight by its row and its column in the patch of its group, `(kh * K + kw) * Cg + c`. */
export function entryAt(geometry: KernelGeometry, row: number, column: number, value: number): Entry {
  const { size, inChannels, outChannels, groups } = geometry
  const channels = inChannels / groups
  const group = Math.floor(row / (outChannels / groups))
  const tap = Math.floor(column / channels)
  return {
    output: row,
    input: group * channels + (column % channels),
    tapRow: Math.floor(tap / size),
    tapColumn: tap % size,
    value,
  }
}

/** The stored values that are not 0: an untrained S is all zeros, and costs nothing. */
export function storedEntries(
  geometry: KernelGeometry,
  support: Uint32Array | undefined,
  values: ArrayLike<number>,
): Entry[] {
  const entries: Entry[] = []
  for (let i = 0; i < values.length; i++) {
    if (values[i] === 0) continue
    const { row, column } = patchPosition(geometry, support?.[i] ?? i)
    entries.push(entryAt(geometry, row, column, values[i]!))
  }
  return entries
}

/** Adds what the entries make of `x` to `y`. */
export function addEntries(entries: readonly Entry[], geometry: KernelGeometry, x: Signal, y: Signal): void {
  const [source, target, step] = [x.values, y.values, geometry.stride]
  for (const entry of entries)
    forEachRun(entry, geometry, x, y, (from, to, count) => {
      addMultiple(entry.value, source, from, step, target, to, 1, count)
    })
}

/** The transpose of {@link addEntries}: adds to `dx` what `dy` makes of it. */
export function addEntriesTransposed(
  entries: readonly Entry[],
  geometry: KernelGeometry,
  dy: Signal,
  dx: Signal,
): void {
  const [source, target, step] = [dy.values, dx.values, geometry.stride]
  for (const entry of entries)
    forEachRun(entry, geometry, dx, dy, (to, from, count) => {
      addMultiple(entry.value, source, from, 1, target, to, step, count)
    })
}

function addMultiple(
  factor: number,
  source: Float64Array,
  from: number,
  sourceStep: number,
  target: Float64Array,
  to: number,
  targetStep: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) target[to + i * targetStep]! += factor * source[from + i * sourceStep]!
}

/** Calls `visit` with the place in the input, the place in the output and the length of each run of positions. */
function forEachRun(
  { output, input, tapRow, tapColumn }: Entry,
  { stride, padding }: KernelGeometry,
  x: BatchShape,
  y: BatchShape,
  visit: (from: number, to: number, count: number) => void,
): void {
  const rows = insideWindow(tapRow - padding, stride, x.height, y.height)
  const columns = insideWindow(tapColumn - padding, stride, x.width, y.width)
  const count = columns.end - columns.begin
  if (count <= 0) return
  const left = columns.begin * stride + tapColumn - padding
  for (let image = 0; image < x.images; image++) {
    const source = (input * x.images + image) * x.height
    const target = (output * x.images + image) * y.height
    for (let row = rows.begin; row < rows.end; row++) {
      const line = row * stride + tapRow - padding
      visit((source + line) * x.width + left, (target + row) * y.width + columns.begin, count)
    }
  }
}

/** Output positions along an axis whose input position, `position * stride + shift`, exists. */
function insideWindow(
  shift: number,
  stride: number,
  inputs: number,
  outputs: number,
): { begin: number; end: number } {
  return {
    begin: Math.max(0, Math.ceil(-shift / stride)),
    end: Math.min(outputs, Math.floor((inputs - 1 - shift) / stride) + 1),
  }
}
