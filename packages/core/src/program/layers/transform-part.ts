// The part alpha * D x of a DCTpS layer ([P] section 1), and the gradient of alpha.

import type { KernelLayer } from '../../network/layer.js'
import { columns, type DraftCall, type DraftOperand, number, turnIndex } from '../builder.js'
import { type Activation, type GradientSink, type ListContext, type PixelRow, rowsOf } from '../context.js'
import { alignUp } from '../slot.js'
import { type TileLayout, tileLayout } from '../tiles.js'
import { alphaGradient, alphaOf, conditional } from './alpha.js'
import { type Factors, type FreeTransform, freeTransform, rowTransform } from './free-transform.js'
import {
  type GatheredRows,
  type KernelPart,
  type OutputGradient,
  outputRow,
  storedOf,
} from './kernel-part.js'

export function transformPart(context: ListContext, layer: KernelLayer, input: TileLayout): KernelPart {
  const trained = context.mode === 'train' && context.parameter(layer.id, 'alpha').trainable
  return trained && !context.needsGradient(layer.input)
    ? keepingPart(context, layer, rowTransform(context, layer, input))
    : foldedPart(context, layer, freeTransform(context, layer, input))
}

/** Alpha is folded into a copy of the transform's scales, anew before each pass. */
function foldedPart(context: ListContext, layer: KernelLayer, transform: FreeTransform): KernelPart {
  const scales = folded(context, layer, { address: transform.scales, count: transform.scaleCount })
  return {
    multiplyAdds: transform.multiplyAdds,
    lags: transform.lags,
    gathers: transform.gathers,
    forward: (x, y) => transform.forward(x, y, scales),
    backward({ input, inputRow, gradient: dy, sink }, rows) {
      return sink !== null && emitAdjoint(context, layer, transform, { input, inputRow, dy, sink }, rows)
    },
  }
}

/** @returns address of the factors with alpha, but those for alpha = 1 where the int32 at `unless` is not 0 */
function folded(context: ListContext, layer: KernelLayer, { address, count }: Factors, unless = 0): number {
  const scales = context.builder.shared(count * 4)
  const alpha = context.parameter(layer.id, 'alpha')
  context.builder.prologue({
    kernel: 'foldAlpha',
    operands: [scales, address, alpha.address, count, unless].map(number),
  })
  return scales
}

/**
 * A layer whose input needs no gradient has no `D^T dy` to take alpha's gradient from: it keeps D x, and the gradient is
 * `<D x, dy>`. That costs one buffer, and no second transform.
 */
function keepingPart(context: ListContext, layer: KernelLayer, transform: FreeTransform): KernelPart {
  const alpha = context.parameter(layer.id, 'alpha')
  const { height } = layer.output
  const kept = context.temporary(`D ${layer.name}`, tileLayout(layer.output, context.program.lanes, 0))
  const [row] = outputRow(kept)
  return {
    multiplyAdds: transform.multiplyAdds,
    lags: transform.lags,
    gathers: false,
    forward: (x, y) => [
      ...transform.forward(x, kept, transform.scales),
      {
        kernel: 'scaleRow',
        operands: [row, outputRow(y)[0], columns(kept.layout.tileBytes), number(alpha.address)],
      },
    ],
    backward({ gradient }) {
      const dy = storedOf(gradient)
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
      return false
    },
  }
}

interface AdjointPlaces {
  readonly input: Activation
  readonly inputRow: PixelRow
  readonly dy: OutputGradient
  readonly sink: GradientSink
}

/**
 * Emits `u = D^T dy`, the input's gradient `alpha * u`, and the gradient of alpha.
 * @returns whether it scatters into the halo of the sink
 */
function emitAdjoint(
  context: ListContext,
  layer: KernelLayer,
  transform: FreeTransform,
  places: AdjointPlaces,
  gathered: GatheredRows,
): boolean {
  const { builder } = context
  const { input, inputRow, dy, sink } = places
  const { usesProduct, ...alpha } = alphaOf(context, layer)
  const factors = transform.adjointScales(sink.layout)
  const scales =
    usesProduct === 'always'
      ? factors.address
      : folded(context, layer, factors, usesProduct === 'never' ? 0 : usesProduct.yes)
  const adjoint = transform.adjoint(dy, scales)
  const { width, height } = layer.output
  const multiplyAdds = transform.multiplyAdds * height * width
  /** What is left to do with a row of u: with alpha in it, nothing or to add it to what is there. */
  const product = (u: DraftOperand, [x]: PixelRow) =>
    scaleAndDot(context, layer, { u, x, sink, dot: alpha.dot })
  const finish = (u: DraftOperand, x: PixelRow): DraftCall[] => [
    ...conditional(usesProduct, 'yes', [product(u, x)]),
    ...conditional(usesProduct, 'no', sink.first ? [] : [addRow(u, sink)]),
  ]

  if (adjoint.type === 'gather') {
    // A row of u is finished while it is hot; where the sink holds a gradient already, u lies in scratch.
    const [target, step] = outputRow(sink)
    const u = sink.first
      ? target
      : builder.scratch(sink.layout.interiorBytes, alignUp(adjoint.scratchBytes, 64))
    const row = adjoint.row([u, step])
    const adding = sink.first || usesProduct === 'always' ? undefined : adjoint.adding
    if (adding === undefined) {
      gathered.calls.push(...row, ...finish(u, inputRow))
    } else {
      const added = adding.row([target, step], folded(context, layer, adding.factors))
      gathered.calls.push(
        ...conditional(usesProduct, 'yes', [...row, product(u, inputRow)]),
        ...conditional(usesProduct, 'no', added),
      )
    }
    gathered.wholeInput = usesProduct
    gathered.multiplyAdds += multiplyAdds
    gathered.last.push(alpha.emitGradient)
    return false
  }
  const u = sink.first ? sink : context.temporary(`u ${layer.name}`, sink.layout)
  context.clear(`${layer.name} adjoint`, layer.id, u)
  builder.step(`${layer.name} adjoint`, layer.id, 'blocks', adjoint.row(u), {
    rows: height,
    chunks: { columns: width, chunk: width },
    multiplyAdds,
  })
  const calls = finish(outputRow(u)[0], outputRow(input))
  if (calls.length > 0) {
    const { height: rows, width: columns } = sink.layout.shape
    builder.step(`${layer.name} alpha`, layer.id, 'blocks', calls, {
      rows,
      chunks: { columns, chunk: columns },
    })
  }
  gathered.last.push(alpha.emitGradient)
  return sink.first
}

/** `target += u`, over one row. */
function addRow(u: DraftOperand, sink: GradientSink): DraftCall {
  const [target] = outputRow(sink)
  const row = [number(0), target, number(0), number(1), columns(sink.layout.tileBytes)]
  return { kernel: 'accumulateRows', operands: [u, ...row] }
}

function scaleAndDot(
  context: ListContext,
  layer: KernelLayer,
  { u, x, sink, dot }: Record<'u' | 'x' | 'dot', DraftOperand> & { readonly sink: GradientSink },
): DraftCall {
  return {
    kernel: 'scaleAndDotRow',
    operands: [
      u,
      x,
      outputRow(sink)[0],
      columns(sink.layout.tileBytes),
      number(context.parameter(layer.id, 'alpha').address),
      dot,
      number(sink.first ? 0 : 1),
      turnIndex,
    ],
  }
}
