// The dense kernel W x, the baseline: blocked matrix products on tiles. Its weight gradient is cut by output channels,
// each thread going over all blocks in order, so that no thread count changes a bit and nothing is stored twice.

import type { KernelLayer } from '../../network/layer.js'
import { kernelEntries, patchLength } from '../../shape/kernel.js'
import { type DraftOperand, number, rowAndBlockIndex, sliceCount, sliceIndex } from '../builder.js'
import type { Activation, ListContext } from '../context.js'
import { groupBytes, type KernelPart, outputRow, patchRow } from './kernel-part.js'

/** Operands of the dense kernels on one row of tiles, all but the last ones of each. */
export function denseOperands(
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
    number(layer.output.width),
    number(geometry.outChannels),
    number(geometry.groups),
    number(patchLength(geometry)),
    number(lanes),
    matrix,
    number(tables.patch(geometry, input.layout)),
    number(groupBytes(layer, input.layout)),
  ]
}

export function densePart(context: ListContext, layer: KernelLayer): KernelPart {
  const { geometry } = layer
  const weights = context.parameter(layer.id, 'kernel')
  const positions = layer.output.height * layer.output.width
  const rows = layer.output.height
  const entries = kernelEntries(geometry)

  const operands = (input: Activation, output: Activation, matrix: number): DraftOperand[] =>
    denseOperands(context, layer, input, output, number(matrix))

  return {
    multiplyAdds: entries,
    lags: false,
    forward: (input, output) => [
      { kernel: 'denseForward', operands: operands(input, output, weights.address) },
    ],
    backward(input, gradient, sink) {
      const multiplyAdds = entries * positions
      context.builder.step(
        `${layer.name} weight gradient`,
        layer.id,
        'slicesOverBlocks',
        [
          {
            kernel: 'denseGradient',
            operands: [
              ...operands(input, gradient, weights.gradient ?? 0),
              rowAndBlockIndex,
              sliceIndex,
              sliceCount,
            ],
          },
        ],
        { rows, multiplyAdds },
      )
      if (sink === null) return false
      if (sink.first) context.clear(`${layer.name} input gradient`, layer.id, sink)
      context.builder.step(
        `${layer.name} input gradient`,
        layer.id,
        'blocks',
        [{ kernel: 'denseInputGradient', operands: operands(sink, gradient, weights.address) }],
        { rows, multiplyAdds },
      )
      return true
    },
  }
}
