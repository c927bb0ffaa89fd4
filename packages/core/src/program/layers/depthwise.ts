// Depthwise 3x3 layers, where every channel has a filter of nine numbers: D as a table of its nine columns, and dense filters.

import type { KernelLayer } from '../../network/layer.js'
import { transformLength } from '../../shape/kernel.js'
import { dctMatrix } from '../../transform/index.js'
import { columns, type DraftCall, type DraftOperand, number } from '../builder.js'
import type { Activation, ListContext } from '../context.js'
import { keepsSize } from '../support-rows.js'
import type { TileLayout } from '../tiles.js'
import type { FreeTransform } from './free-transform.js'
import { outputRow, patchRow, storedOf, windowRow } from './kernel-part.js'

/** Taps of a filter. */
const taps = 9
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
  const { pitch, tileBytes } = dy.layout
  const [corner, step] = windowRow(dy, layer)
  const last = { ...corner, constant: corner.constant + 2 * (pitch + tileBytes) }
  const turned = { pitch: -pitch, tileBytes: -tileBytes }
  return {
    kernel: 'depthwiseProduct',
    operands: [...operands(context, layer, [last, step], u, filters, turned), number(accumulate ? 1 : 0)],
  }
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

/** D of a depthwise layer: row o of D is the filter of channel o. */
export function depthwiseTransform(context: ListContext, layer: KernelLayer): FreeTransform {
  const { channels } = layer.output
  const length = transformLength(layer.geometry)
  const filters = context.program.tables.table(`filters-${length}-${channels}`, () =>
    Float32Array.from(dctMatrix(length, channels, taps)),
  )
  return {
    multiplyAdds: taps * channels,
    lags: false,
    gathers: keepsSize(layer.geometry),
    scales: filters,
    scaleCount: taps * channels,
    forward: (x, y, scales) => [depthwiseForward(context, layer, storedOf(x), y, number(scales))],
    adjointScales: () => ({ address: filters, count: taps * channels }),
    adjoint: (dy, scales) =>
      keepsSize(layer.geometry)
        ? {
            type: 'gather',
            scratchBytes: 0,
            row: (u) => [depthwiseGather(context, layer, storedOf(dy), u, number(scales), false)],
          }
        : {
            type: 'scatter',
            row: (u) => [depthwiseScatter(context, layer, u, storedOf(dy), number(scales))],
          },
  }
}
