// D and S of a depthwise 3x3 layer together: `alpha * D + S` is written out before each pass, nine numbers a channel, since kernels
// load a filter of nine whether it is D's or all. Gradients exist for the stored values and alpha alone, as elsewhere.

import type { KernelLayer } from '../../network/layer.js'
import { transformLength } from '../../shape/kernel.js'
import { dctMatrix } from '../../transform/index.js'
import { type DraftCall, type DraftOperand, inBlock, number, turnIndex } from '../builder.js'
import type { ListContext } from '../context.js'
import { alphaOf, conditional } from './alpha.js'
import { emitDenseInputGradient } from './dense-part.js'
import {
  depthwiseForward,
  depthwiseGather,
  depthwiseGatherSquares,
  depthwiseGradient,
  depthwiseRowGradient,
  taps,
} from './depthwise.js'
import {
  type BackwardPlaces,
  type GatheredRows,
  type KernelPart,
  outputRow,
  storedOf,
} from './kernel-part.js'
import { writtenOut } from './materialised-part.js'
import { sparseKernel } from './sparse-part.js'

/**
 * @param gathers whether the input's gradient is gathered, of one row or of two at a time
 * @param indices the support: flat indices, ascending
 */
export function filterPart(
  context: ListContext,
  layer: KernelLayer,
  gathers: 'rows' | 'pairs' | null,
  indices: Uint32Array,
): KernelPart {
  const { builder, program } = context
  const { channels, height, width } = layer.output
  const entries = taps * channels
  const length = transformLength(layer.geometry)
  // Row o of D is the filter of channel o.
  const matrix = program.tables.table(`filters-${length}-${channels}`, () =>
    Float32Array.from(dctMatrix(length, channels, taps)),
  )
  const filters = number(writtenOut(context, layer, matrix, indices))
  const sparse = sparseKernel(context, layer, indices)
  const outputRows = { rows: height, chunks: { columns: width, chunk: width } }

  /** Adds the product with the filters to the calls for each row, or emits the step that scatters it. */
  const adjoint = ({ gradient, sink }: BackwardPlaces, rows: GatheredRows): boolean => {
    if (sink === null) return false
    const dy = storedOf(gradient)
    if (gathers === null) return emitDenseInputGradient(context, layer, dy, sink, filters)
    const call =
      gathers === 'rows'
        ? depthwiseGather(context, layer, dy, outputRow(sink), filters, !sink.first)
        : depthwiseGatherSquares(context, layer, dy, sink, filters, !sink.first)
    rows.calls.push(call)
    rows.multiplyAdds += entries * height * width
    return false
  }

  return {
    multiplyAdds: entries,
    lags: false,
    gathers: gathers !== null,
    forward: (x, y) => [depthwiseForward(context, layer, storedOf(x), y, filters)],
    backward(places, rows) {
      const { input, inputRow, gradient, sink } = places
      const dy = storedOf(gradient)
      const scatters = adjoint(places, rows)
      // The product that alpha's gradient may have to be taken from is that of D with the gradient of all filters.
      const dense = inBlock(builder.buffer(`d filters ${layer.name}`, entries * 4))
      const alpha = alphaOf(context, layer, (target) => productOf(dense, entries, matrix, target))
      const product = (call: DraftCall) => conditional(alpha.usesProduct, 'yes', [call])
      if (gathers === 'rows' && sink !== null) {
        sparse.gather({ inputRow, gradient, sink }, rows, 'gradientOnly')
        rows.wholeInput = alpha.usesProduct
        rows.late.push(...product(depthwiseRowGradient(context, layer, dy, inputRow, dense)))
        rows.last.push(alpha.emitGradient)
        return scatters
      }
      if (gathers === 'pairs' && sink !== null) rows.inputRows = 2
      rows.last.push(() => {
        const all = [turnIndex, number(0), number(1)]
        const calls = product(depthwiseGradient(context, layer, input, dy, dense, all))
        if (calls.length > 0)
          builder.step(`${layer.name} filter gradient`, layer.id, 'blocks', calls, outputRows)
        sparse.scatter(input, dy, null)
        alpha.emitGradient()
      })
      return scatters
    },
  }
}

/** `<D, gradient of the filters>` */
function productOf(dense: DraftOperand, entries: number, matrix: number, target: DraftOperand): DraftCall {
  const nothingStored = [number(0), number(0), number(0)]
  return {
    kernel: 'gatherGradient',
    operands: [dense, number(entries), ...nothingStored, number(matrix), target],
  }
}
