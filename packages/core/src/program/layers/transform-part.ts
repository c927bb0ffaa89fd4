// The part alpha * D x of a DCTpS layer ([P] section 1), and the gradient of alpha.

import type { KernelLayer } from '../../network/layer.js'
import { type DraftOperand, number } from '../builder.js'
import { type Activation, type GradientSink, type ListContext, pixels, rowsOf } from '../context.js'
import { type TileLayout, tileLayout } from '../tiles.js'
import { type FreeTransform, freeTransform } from './free-transform.js'
import { type KernelPart, outputRow, patchesTile, patchRow } from './kernel-part.js'

export function transformPart(context: ListContext, layer: KernelLayer, input: TileLayout): KernelPart {
  const transform = freeTransform(context, layer, input)
  const trained = context.mode === 'train' && context.parameter(layer.id, 'alpha').trainable
  return trained && !context.needsGradient(layer.input)
    ? keepingPart(context, layer, transform)
    : foldedPart(context, layer, transform)
}

/** Alpha is folded into a copy of the transform's scales, anew before each pass; its gradient is `<x, D^T dy>`. */
function foldedPart(context: ListContext, layer: KernelLayer, transform: FreeTransform): KernelPart {
  const alpha = context.parameter(layer.id, 'alpha')
  const channels = layer.geometry.outChannels
  const scales = context.builder.shared(channels * 4)
  context.builder.prologue({
    kernel: 'foldAlpha',
    operands: [number(scales), number(transform.scales), number(alpha.address), number(channels)],
  })
  return {
    multiplyAdds: transform.multiplyAdds,
    forward: (x, y) => [transform.forward(patchRow(x, layer), outputRow(y), scales)],
    backward(x, dy, sink) {
      if (sink !== null) emitAdjoint(context, layer, transform, { x, dy, sink })
    },
  }
}

/**
 * A layer whose input needs no gradient has no `D^T dy` to take alpha's gradient from: it keeps D x, and the gradient is
 * `<D x, dy>`. That costs one buffer, and no second transform.
 */
function keepingPart(context: ListContext, layer: KernelLayer, transform: FreeTransform): KernelPart {
  const alpha = context.parameter(layer.id, 'alpha')
  const { height } = layer.output
  const kept = context.temporary(`D ${layer.name}`, tileLayout(layer.output, context.program.lanes, 0))
  const row = pixels(kept, kept.layout.pitch)
  return {
    multiplyAdds: transform.multiplyAdds,
    forward: (x, y) => [
      transform.forward(patchRow(x, layer), outputRow(kept), transform.scales),
      {
        kernel: 'scaleRow',
        operands: [row, pixels(y, y.layout.pitch), number(kept.layout.interiorBytes), number(alpha.address)],
      },
    ],
    backward(_x, dy) {
      context.builder.step(`${layer.name} alpha gradient`, layer.id, 'blocks', [
        {
          kernel: 'dotRows',
          operands: [
            ...rowsOf(kept),
            ...rowsOf(dy),
            number(height),
            number(kept.layout.interiorBytes),
            alphaGradient(context, layer),
          ],
        },
      ])
    },
  }
}

/** Emits `u = D^T dy`, then `dalpha = <x, u>` and the input's gradient `alpha * u` in one pass. */
function emitAdjoint(
  context: ListContext,
  layer: KernelLayer,
  transform: FreeTransform,
  { x, dy, sink }: { x: Activation; dy: Activation; sink: GradientSink },
): void {
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
        number(context.parameter(layer.id, 'alpha').address),
        alphaGradient(context, layer),
        number(sink.first ? 0 : 1),
      ],
    },
  ])
}

/** Where the gradient of alpha goes; that of a frozen alpha falls out of the same loop and goes nowhere. */
export function alphaGradient(context: ListContext, layer: KernelLayer): DraftOperand {
  const { trainable, gradient, gradientStride } = context.parameter(layer.id, 'alpha')
  return trainable && gradient !== null
    ? { ...number(gradient), perBlock: gradientStride }
    : { ...number(context.builder.shared(context.program.blocks * 64)), perBlock: 64 }
}
