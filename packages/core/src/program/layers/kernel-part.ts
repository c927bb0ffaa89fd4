// A kernel layer is a sum of parts: D and S of a DCTpS layer, S alone, or a dense W. Each part emits calls on one row of
// output tiles; this file holds what they share.

import type { KernelLayer } from '../../network/layer.js'
import { type DraftCall, type DraftOperand, inBlock, number } from '../builder.js'
import { type Activation, type GradientSink, pixels } from '../context.js'
import type { TileLayout } from '../tiles.js'

export interface KernelPart {
  /** Multiply-adds of one output pixel, in one direction. */
  readonly multiplyAdds: number
  /** Whether a row of outputs is complete only after the calls of the next row. */
  readonly lags: boolean
  /** The calls that compute one row of output tiles; with `accumulate` they add to what another part wrote. */
  forward(input: Activation, output: Activation, accumulate: boolean): DraftCall[]
  /**
   * Adds the steps for the part's own gradients and, where the input needs one, for the input's.
   * @returns whether they scatter into the halo of the sink
   */
  backward(input: Activation, gradient: Activation, sink: GradientSink | null): boolean
}

/** Operands `pointer, step`: the patch of the first output pixel of a row, and the distance to the next patch. */
export function patchRow(
  { buffer, layout }: Activation,
  { geometry }: KernelLayer,
): [DraftOperand, DraftOperand] {
  const corner = layout.origin - geometry.padding * (layout.pitch + layout.tileBytes)
  return [inBlock(buffer, corner, geometry.stride * layout.pitch), number(geometry.stride * layout.tileBytes)]
}

/** Operands `pointer, step`: the window of output pixels that see the first input pixel of a row, and the next window. */
export function windowRow(
  { buffer, layout }: Activation,
  { geometry }: KernelLayer,
): [DraftOperand, DraftOperand] {
  const corner = layout.origin - geometry.padding * (layout.pitch + layout.tileBytes)
  return [inBlock(buffer, corner, layout.pitch), number(layout.tileBytes)]
}

/** Operands `pointer, step` of the output tiles of a row. */
export function outputRow(output: Activation): [DraftOperand, DraftOperand] {
  return [pixels(output, output.layout.pitch), number(output.layout.tileBytes)]
}

/** Whether one output pixel reads each input number, so that the adjoint need not accumulate. */
export function patchesTile({ geometry }: KernelLayer): boolean {
  return geometry.groups === 1 && geometry.size === 1 && geometry.stride === 1 && geometry.padding === 0
}

/** Bytes between the channels of neighbouring groups in an input tile. */
export function groupBytes({ geometry }: KernelLayer, layout: TileLayout): number {
  return (geometry.inChannels / geometry.groups) * layout.rowBytes
}
