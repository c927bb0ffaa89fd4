// D itself on one row of tiles, without alpha: an emitted transform, or, for grouped convolutions, the formula on a table
// of cosines. Neither is ever stored as a matrix.

import type { KernelLayer } from '../../network/layer.js'
import { patchLength } from '../../shape/kernel.js'
import { type DraftCall, type DraftOperand, number } from '../builder.js'
import type { Activation, ListContext } from '../context.js'
import type { TileLayout } from '../tiles.js'
import { groupBytes, outputRow, patchRow } from './kernel-part.js'

/** D on one row of tiles, in both directions. */
export interface FreeTransform {
  readonly multiplyAdds: number
  /** Address of the output scales for alpha = 1. */
  readonly scales: number
  /** y = scales * D x */
  forward(x: DraftOperand[], y: DraftOperand[], scales: number): DraftCall
  /** u (+)= D^T dy */
  adjoint(u: Activation, dy: Activation, store: 'assign' | 'accumulate'): DraftCall
}

/** @param input layout of the activation that the layer reads */
export function freeTransform(context: ListContext, layer: KernelLayer, input: TileLayout): FreeTransform {
  return layer.geometry.groups === 1 ? emitted(context, layer, input) : grouped(context, layer, input)
}

function emitted(context: ListContext, layer: KernelLayer, input: TileLayout): FreeTransform {
  const { tables } = context.program
  const forward = tables.transform(layer.geometry, input, 'forward', 'assign')
  const columns = number(layer.output.width)
  const run = (
    placed: typeof forward,
    [x, xStep]: DraftOperand[],
    [y, yStep]: DraftOperand[],
    scales: number,
  ): DraftCall => ({
    kernel: placed.key,
    operands: [
      x!,
      y!,
      context.builder.scratch(placed.emitted.scratchBytes),
      number(scales),
      number(placed.constants),
      number(1),
      number(0),
      number(0),
      columns,
      xStep!,
      yStep!,
    ],
  })
  return {
    multiplyAdds: forward.emitted.flops / 2,
    scales: forward.scales,
    forward: (x, y, scales) => run(forward, x, y, scales),
    adjoint(u, dy, store) {
      const adjoint = tables.transform(layer.geometry, u.layout, 'adjoint', store)
      return run(adjoint, outputRow(dy), patchRow(u, layer), adjoint.scales)
    },
  }
}

function grouped(context: ListContext, layer: KernelLayer, input: TileLayout): FreeTransform {
  const { tables, lanes } = context.program
  const { geometry } = layer
  const { cosines, period, scales } = tables.cosines(geometry)
  const call = (
    kernel: string,
    layout: TileLayout,
    x: DraftOperand[],
    y: DraftOperand[],
    rowScales: number,
  ): DraftCall => ({
    kernel,
    operands: [
      ...x,
      ...y,
      number(layer.output.width),
      number(geometry.outChannels),
      number(geometry.groups),
      number(patchLength(geometry)),
      number(lanes),
      number(cosines),
      number(period),
      number(rowScales),
      number(tables.patch(geometry, layout)),
      number(groupBytes(layer, layout)),
    ],
  })
  return {
    multiplyAdds: patchLength(geometry) * geometry.outChannels,
    scales,
    forward: (x, y, rowScales) => call('cosineForward', input, x, y, rowScales),
    // A grouped adjoint always adds: two outputs of one group read the same input.
    adjoint: (u, dy) => call('cosineAdjoint', u.layout, patchRow(u, layer), outputRow(dy), scales),
  }
}
