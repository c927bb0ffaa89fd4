// The kernels of depthwise 3x3 layers, where every channel has a filter of nine numbers.

import type { KernelLayer } from '../../network/layer.js'
import { columns, type DraftCall, type DraftOperand, inBlock, number, turnIndex } from '../builder.js'
import type { Activation, ListContext } from '../context.js'
import type { TileLayout } from '../tiles.js'
import { outputRow, patchRow, windowRow } from './kernel-part.js'

/** Taps of a filter. */
export const taps = 9
/** Bytes of scratch that the gradient of one filter takes. */
const sumBytes = 16 * taps

export function isDepthwise({ geometry }: KernelLayer): boolean {
  const { size, groups, inChannels, outChannels } = geometry
  return size === 3 && groups === inChannels && groups === outChannels && groups > 1
}

/** Operands of the depthwise kernels; `filters` [channels][9]. */
function operands(
  { program }: ListContext,
  layer: KernelLayer,
  window: [DraftOperand, DraftOperand],
  pixel: [DraftOperand, DraftOperand],
  filters: DraftOperand,
  { pitch, tileBytes }: Pick<TileLayout, 'pitch' | 'tileBytes'>,
): DraftOperand[] {
  return [
    ...window,
    ...pixel,
    columns(),
    ...[layer.output.channels, program.lanes].map(number),
    filters,
    ...[pitch, tileBytes].map(number),
  ]
}

/** One row of outputs. */
export function depthwiseForward(
  context: ListContext,
  layer: KernelLayer,
  x: Activation,
  y: Activation,
  filters: DraftOperand,
): DraftCall {
  return {
    kernel: 'depthwiseProduct',
    operands: [...operands(context, layer, patchRow(x, layer), outputRow(y), filters, x.layout), number(0)],
  }
}

/** One row of the input's gradient, where the layer keeps the size of its image: windows of `dy` with the taps turned round. */
export function depthwiseGather(
  context: ListContext,
  layer: KernelLayer,
  dy: Activation,
  u: [DraftOperand, DraftOperand],
  filters: DraftOperand,
  accumulate: boolean,
): DraftCall {
  const [window, turned] = turnedWindow(dy, layer)
  return {
    kernel: 'depthwiseProduct',
    operands: [...operands(context, layer, window, u, filters, turned), number(accumulate ? 1 : 0)],
  }
}

/** Windows of `dy` from their last pixel backwards. */
function turnedWindow(
  dy: Activation,
  layer: KernelLayer,
): [[DraftOperand, DraftOperand], Pick<TileLayout, 'pitch' | 'tileBytes'>] {
  const { pitch, tileBytes } = dy.layout
  const [corner, step] = windowRow(dy, layer)
  const last = { ...corner, constant: corner.constant + 2 * (pitch + tileBytes) }
  return [[last, step], { pitch: -pitch, tileBytes: -tileBytes }]
}

/** What one row of outputs adds to the input's gradient. */
export function depthwiseScatter(
  context: ListContext,
  layer: KernelLayer,
  u: Activation,
  dy: Activation,
  filters: DraftOperand,
): DraftCall {
  return {
    kernel: 'depthwiseScatter',
    operands: operands(context, layer, patchRow(u, layer), outputRow(dy), filters, u.layout),
  }
}

/** What one row of outputs adds to the gradient of the filters. `part`: operands `first, slice, slices`. */
export function depthwiseGradient(
  context: ListContext,
  layer: KernelLayer,
  x: Activation,
  dy: Activation,
  filters: DraftOperand,
  part: readonly DraftOperand[],
): DraftCall {
  const { channels } = layer.output
  return {
    kernel: 'depthwiseGradient',
    operands: [
      ...operands(context, layer, patchRow(x, layer), outputRow(dy), filters, x.layout),
      context.builder.scratch(channels * sumBytes),
      ...part,
    ],
  }
}

/** Two rows of the gradient of an input that is twice as high and wide as the output. */
export function depthwiseGatherSquares(
  { program }: ListContext,
  layer: KernelLayer,
  dy: Activation,
  { buffer, layout }: Activation,
  filters: DraftOperand,
  accumulate: boolean,
): DraftCall {
  return {
    kernel: 'depthwiseGatherSquares',
    operands: [
      outputRow(dy)[0],
      number(dy.layout.pitch),
      inBlock(buffer, layout.origin, 2 * layout.pitch),
      number(layout.pitch),
      columns(),
      ...[layer.output.channels, program.lanes].map(number),
      filters,
      number(accumulate ? 1 : 0),
    ],
  }
}

/** What one row of inputs adds to the gradient of the filters, where the layer keeps the size of its image. */
export function depthwiseRowGradient(
  context: ListContext,
  layer: KernelLayer,
  dy: Activation,
  x: [DraftOperand, DraftOperand],
  filters: DraftOperand,
): DraftCall {
  const [window, turned] = turnedWindow(dy, layer)
  return {
    kernel: 'depthwiseGradient',
    operands: [
      ...operands(context, layer, window, x, filters, turned),
      context.builder.scratch(layer.output.channels * sumBytes),
      ...[turnIndex, number(0), number(1)],
    ],
  }
}
