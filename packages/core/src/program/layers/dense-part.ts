// The dense kernel W x, the baseline: blocked matrix products on tiles. Its weight gradient is cut by output channels,
// each thread going over all blocks in order, so that no thread count changes a bit and nothing is stored twice.

import type { KernelLayer } from '../../network/layer.js'
import { kernelEntries, patchLength } from '../../shape/kernel.js'
import {
  columns,
  type DraftCall,
  type DraftOperand,
  number,
  sliceCount,
  sliceIndex,
  turnAndBlockIndex,
} from '../builder.js'
import type { Activation, GradientSink, ListContext } from '../context.js'
import { keepsSize } from '../support-rows.js'
import {
  depthwiseForward,
  depthwiseGather,
  depthwiseGradient,
  depthwiseScatter,
  isDepthwise,
} from './depthwise.js'
import { groupBytes, type KernelPart, outputRow, patchRow, storedOf } from './kernel-part.js'

/** Operands of the dense kernels on one row of tiles, all but the last ones of each. */
function denseOperands(
  context: ListContext,
  layer: KernelLayer,
  input: Activation,
  output: Activation,
  matrix: DraftOperand,
): DraftOperand[] {
  const { tables, lanes } = context.program
  const { geometry } = layer
  return [
    ...patchRow(input, layer),
    ...outputRow(output),
    columns(),
    number(geometry.outChannels),
    number(geometry.groups),
    number(patchLength(geometry)),
    number(lanes),
    matrix,
    number(tables.patch(geometry, input.layout)),
    number(groupBytes(layer, input.layout)),
  ]
}

/** One row of outputs, W x; `matrix` in patch order. */
export function denseForward(
  context: ListContext,
  layer: KernelLayer,
  input: Activation,
  output: Activation,
  matrix: DraftOperand,
): DraftCall {
  return isDepthwise(layer)
    ? depthwiseForward(context, layer, input, output, matrix)
    : { kernel: 'denseForward', operands: denseOperands(context, layer, input, output, matrix) }
}

/** What one row of outputs adds to the gradient of W. `part`: operands `first, slice, slices`. */
export function denseGradient(
  context: ListContext,
  layer: KernelLayer,
  input: Activation,
  gradient: Activation,
  matrix: DraftOperand,
  part: readonly DraftOperand[],
): DraftCall {
  return isDepthwise(layer)
    ? depthwiseGradient(context, layer, input, gradient, matrix, part)
    : {
        kernel: 'denseGradient',
        operands: [...denseOperands(context, layer, input, gradient, matrix), ...part],
      }
}

/**
 * Emits the gradient of the input, W^T dy.
 * @returns whether it scatters into the halo of the sink
 */
export function emitDenseInputGradient(
  context: ListContext,
  layer: KernelLayer,
  gradient: Activation,
  sink: GradientSink,
  matrix: DraftOperand,
): boolean {
  const { height: rows, width } = layer.output
  const name = `${layer.name} input gradient`
  const multiplyAdds = kernelEntries(layer.geometry) * rows * width
  if (isDepthwise(layer) && keepsSize(layer.geometry)) {
    const call = depthwiseGather(context, layer, gradient, outputRow(sink), matrix, !sink.first)
    const { height, width: columns } = sink.layout.shape
    const chunks = { columns, chunk: columns }
    context.builder.step(name, layer.id, 'blocks', [call], { rows: height, chunks, multiplyAdds })
    return false
  }
  if (sink.first) context.clear(name, layer.id, sink)
  const call: DraftCall = isDepthwise(layer)
    ? depthwiseScatter(context, layer, sink, gradient, matrix)
    : { kernel: 'denseInputGradient', operands: denseOperands(context, layer, sink, gradient, matrix) }
  const chunks = { columns: width, chunk: width }
  context.builder.step(name, layer.id, 'blocks', [call], { rows, chunks, multiplyAdds })
  return true
}

export function densePart(context: ListContext, layer: KernelLayer): KernelPart {
  const { geometry } = layer
  const weights = context.parameter(layer.id, 'kernel')
  const { height: rows, width } = layer.output
  const entries = kernelEntries(geometry)

  return {
    multiplyAdds: entries,
    lags: false,
    gathers: false,
    forward: (input, output) => [
      denseForward(context, layer, storedOf(input), output, number(weights.address)),
    ],
    backward({ input, gradient: places, sink }) {
      const gradient = storedOf(places)
      const multiplyAdds = entries * rows * width
      context.builder.step(
        `${layer.name} weight gradient`,
        layer.id,
        'slicesOverBlocks',
        [
          denseGradient(context, layer, input, gradient, number(weights.gradient ?? 0), [
            turnAndBlockIndex,
            sliceIndex,
            sliceCount,
          ]),
        ],
        { rows, chunks: { columns: width, chunk: width }, multiplyAdds },
      )
      return sink !== null && emitDenseInputGradient(context, layer, gradient, sink, number(weights.address))
    },
  }
}
