// The part alpha * D x of a DCTpS layer ([P] section 1), and the gradient of alpha. D is an emitted transform, or, for
// grouped convolutions, the formula on a table of cosines; neither is ever stored as a matrix.

import type { KernelLayer } from '../../network/layer.js'
import { patchLength } from '../../shape/kernel.js'
import { type DraftCall, type DraftOperand, number, rowIndex } from '../builder.js'
import { type Activation, type ListContext, pixels, rowsOf } from '../context.js'
import { alignUp } from '../slot.js'
import { groupBytes, type KernelPart, outputRow, patchesTile, patchRow } from './kernel-part.js'

/** D on one row of tiles, in both directions. */
interface FreeTransform {
  readonly multiplyAdds: number
  readonly scratchBytes: number
  /** Address of the output scales for alpha = 1. */
  readonly scales: number
  /** y = scales * D x */
  forward(x: DraftOperand[], y: DraftOperand[], scales: number): DraftCall
  /** u (+)= D^T dy */
  adjoint(u: Activation, dy: Activation, store: 'assign' | 'accumulate'): DraftCall
}

export function transformPart(context: ListContext, layer: KernelLayer, input: TileLayoutOf): KernelPart {
  const transform =
    layer.geometry.groups === 1 ? emitted(context, layer, input) : grouped(context, layer, input)
  const alpha = context.parameter(layer.id, 'alpha')
  const channels = layer.geometry.outChannels
  // Alpha is folded into a copy of the scales, anew before each pass.
  const scales = context.builder.shared(channels * 4)
  context.builder.prologue({
    kernel: 'foldAlpha',
    operands: [number(scales), number(transform.scales), number(alpha.address), number(channels)],
  })
  // The gradient of a frozen alpha falls out of the same loop; it goes nowhere.
  const dot =
    alpha.gradient === null || !alpha.trainable
      ? { ...number(context.builder.shared(context.program.blocks * 64)), perBlock: 64 }
      : { ...number(alpha.gradient), perBlock: alpha.gradientStride }

  const alphaGradientAlone = (x: Activation, dy: Activation): void => {
    const { width, height } = layer.output
    const rowBytes = width * dy.layout.tileBytes
    const start = alignUp(transform.scratchBytes, 64)
    const row = context.builder.scratch(rowBytes, start)
    context.builder.step(
      `${layer.name} alpha gradient`,
      layer.id,
      'blocks',
      [
        transform.forward(patchRow(x, layer), [row, number(dy.layout.tileBytes)], transform.scales),
        {
          kernel: 'dotRows',
          operands: [
            row,
            number(0),
            pixels(dy, dy.layout.pitch),
            number(0),
            number(1),
            number(rowBytes),
            dot,
            rowIndex,
          ],
        },
      ],
      { rows: height, multiplyAdds: transform.multiplyAdds * height * width },
    )
  }

  return {
    multiplyAdds: transform.multiplyAdds,
    forward: (x, y) => [transform.forward(patchRow(x, layer), outputRow(y), scales)],
    backward(x, dy, sink) {
      if (sink === null) {
        if (alpha.trainable) alphaGradientAlone(x, dy)
        return
      }
      const { width, height } = layer.output
      const u = sink.first ? sink : context.temporary(`u ${layer.name}`, sink.layout)
      const store = patchesTile(layer) ? 'assign' : 'accumulate'
      if (store === 'accumulate') context.clear(`${layer.name} adjoint`, layer.id, u)
      context.builder.step(`${layer.name} adjoint`, layer.id, 'blocks', [transform.adjoint(u, dy, store)], {
        rows: height,
        multiplyAdds: transform.multiplyAdds * height * width,
      })
      const { shape, interiorBytes } = sink.layout
      context.builder.step(`${layer.name} alpha`, layer.id, 'blocks', [
        {
          kernel: 'scaleAndDotRows',
          operands: [
            ...rowsOf(u),
            ...rowsOf(x),
            ...rowsOf(sink),
            number(shape.height),
            number(interiorBytes),
            number(alpha.address),
            dot,
            number(sink.first ? 0 : 1),
          ],
        },
      ])
    },
  }
}

type TileLayoutOf = Activation['layout']

function emitted(context: ListContext, layer: KernelLayer, input: TileLayoutOf): FreeTransform {
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
    scratchBytes: forward.emitted.scratchBytes,
    scales: forward.scales,
    forward: (x, y, scales) => run(forward, x, y, scales),
    adjoint(u, dy, store) {
      const adjoint = tables.transform(layer.geometry, u.layout, 'adjoint', store)
      return run(adjoint, outputRow(dy), patchRow(u, layer), adjoint.scales)
    },
  }
}

function grouped(context: ListContext, layer: KernelLayer, input: TileLayoutOf): FreeTransform {
  const { tables, lanes } = context.program
  const { geometry } = layer
  const { cosines, period, scales } = tables.cosines(geometry)
  const call = (
    kernel: string,
    layout: TileLayoutOf,
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
    scratchBytes: 0,
    scales,
    forward: (x, y, rowScales) => call('cosineForward', input, x, y, rowScales),
    // A grouped adjoint always adds: two outputs of one group read the same input.
    adjoint: (u, dy) => call('cosineAdjoint', u.layout, patchRow(u, layer), outputRow(dy), scales),
  }
}
