// A kernel layer is a sum of parts: D and S of a DCTpS layer, S alone, or a dense W. Each part emits calls on one row of
// output tiles; this file holds what they share.

import { DctpsError } from '../../errors.js'
import type { KernelLayer } from '../../network/layer.js'
import { type DraftCall, type DraftOperand, inBlock, number } from '../builder.js'
import type { Activation, GradientSink, PixelRow } from '../context.js'
import type { PlacedSupport } from '../position-tables.js'
import type { TileLayout } from '../tiles.js'

/** Whether calls are made, or in which case: addresses of two int32, one of which is 1 and the other 0. */
export type Condition = 'always' | 'never' | { readonly yes: number; readonly no: number }

/** What is done for each row of inputs in the backward pass, in one step while the row is in the cache. */
export interface GatheredRows {
  readonly calls: DraftCall[]
  /** Those that read the input but where S has entries: they come when the row lies in the cache for the batch norm in front. */
  readonly late: DraftCall[]
  /** What is emitted behind that step. */
  readonly after: (() => void)[]
  /** What is emitted when all gradients of the layer are there. */
  readonly last: (() => void)[]
  /** Whether the calls read all channels of the input's row. */
  wholeInput: Condition
  /** Otherwise those that a support has entries of. */
  inputChannels: PlacedSupport | null
  /** Rows of inputs that are finished at a time; the steps have as many rows fewer. */
  inputRows: 1 | 2
  multiplyAdds: number
}

/** What a layer reads. */
export interface KernelInput {
  readonly layout: TileLayout
  /** The patch of the first output pixel of a row. */
  readonly patches: PixelRow
  /** All of it; not there for a 1x1 layer whose rows are computed when they are needed. */
  readonly stored: Activation | null
}

/** The gradient of a layer's output. */
export interface OutputGradient {
  readonly layout: TileLayout
  /** For a layer that keeps the size of its image: the window of the first input pixel of a row. */
  readonly windows: PixelRow
  /** All of it; not there for a 1x1 layer whose rows are computed when they are needed. */
  readonly stored: Activation | null
}

/** All of an activation or gradient. @throws DctpsError `program` if it is not there */
export function storedOf({ stored }: Pick<KernelInput, 'stored'>): Activation {
  if (stored === null) throw new DctpsError('program', 'an activation that is not stored was asked for')
  return stored
}

export interface BackwardPlaces {
  readonly input: Activation
  /** One row of the input's pixels, where a gathering part reads it: stored, or computed anew. */
  readonly inputRow: PixelRow
  readonly gradient: OutputGradient
  /** Null where the input needs no gradient. */
  readonly sink: GradientSink | null
}

export interface KernelPart {
  /** Multiply-adds of one output pixel, in one direction. */
  readonly multiplyAdds: number
  /** Whether calls take whole rows, and a row of outputs is complete only after the calls of the next. */
  readonly lags: boolean
  /** Whether the input's gradient is gathered, in the step that all gathering parts share; otherwise scattered. */
  readonly gathers: boolean
  /** The calls that compute one row of output tiles, or a chunk of it; with `accumulate` they add to what another part wrote. */
  forward(input: KernelInput, output: Activation, accumulate: boolean): DraftCall[]
  /**
   * Adds the steps for the part's own gradients and, where the input needs one, for the input's; what gathers goes into `rows`.
   * @returns whether steps scatter into the halo of the sink
   */
  backward(places: BackwardPlaces, rows: GatheredRows): boolean
}

/** Operands `pointer, step`: the patch of the first output pixel of a row, and the distance to the next patch. */
export function patchRow(
  { buffer, layout }: Activation,
  { geometry }: KernelLayer,
): [DraftOperand, DraftOperand] {
  const corner = layout.origin - geometry.padding * (layout.pitch + layout.tileBytes)
  const step = geometry.stride * layout.tileBytes
  return [inBlock(buffer, corner, geometry.stride * layout.pitch, step), number(step)]
}

/** Operands `pointer, step`: the window of output pixels that see the first input pixel of a row, and the next window. */
export function windowRow(
  { buffer, layout }: Activation,
  { geometry }: KernelLayer,
): [DraftOperand, DraftOperand] {
  const corner = layout.origin - geometry.padding * (layout.pitch + layout.tileBytes)
  return [inBlock(buffer, corner, layout.pitch, layout.tileBytes), number(layout.tileBytes)]
}

/** Operands `pointer, step` of the output tiles of a row. */
export function outputRow({ buffer, layout }: Activation): [DraftOperand, DraftOperand] {
  const { origin, pitch, tileBytes } = layout
  return [inBlock(buffer, origin, pitch, tileBytes), number(tileBytes)]
}

/** Whether one output pixel reads each input number, so that the adjoint need not accumulate. */
export function patchesTile({ geometry }: KernelLayer): boolean {
  return geometry.groups === 1 && geometry.size === 1 && geometry.stride === 1 && geometry.padding === 0
}

/** Bytes between the channels of neighbouring groups in an input tile. */
export function groupBytes({ geometry }: KernelLayer, layout: TileLayout): number {
  return (geometry.inChannels / geometry.groups) * layout.rowBytes
}
