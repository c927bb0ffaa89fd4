// The sparse part S x: values and positions only, in all three products. Gradients exist for stored values alone.

import type { KernelLayer } from '../../network/layer.js'
import { type DraftCall, type DraftOperand, number, rowIndex } from '../builder.js'
import type { Activation, ListContext } from '../context.js'
import { type KernelPart, outputRow, patchRow } from './kernel-part.js'

/** @param indices the support: flat indices, ascending */
export function sparsePart(context: ListContext, layer: KernelLayer, indices: Uint32Array): KernelPart {
  const { tables, lanes } = context.program
  const values = context.parameter(layer.id, 'kernel')
  const positions = layer.output.height * layer.output.width

  const operands = (input: Activation, output: Activation, last: DraftOperand[]): DraftOperand[] => {
    const support = tables.support(layer.name, layer.geometry, indices, input.layout)
    return [
      ...patchRow(input, layer),
      ...outputRow(output),
      number(layer.output.width),
      number(layer.geometry.outChannels),
      number(lanes),
      number(support.starts),
      number(support.offsets),
      ...last,
    ]
  }

  return {
    multiplyAdds: indices.length,
    forward: (input, output, accumulate) => [
      {
        kernel: 'sparseForward',
        operands: operands(input, output, [number(values.address), number(accumulate ? 1 : 0)]),
      },
    ],
    backward(input, gradient, sink) {
      const rows = layer.output.height
      const dS: DraftOperand = { ...number(values.gradient ?? 0), perBlock: values.gradientStride }
      const calls: DraftCall[] = [
        { kernel: 'sparseGradient', operands: operands(input, gradient, [dS, rowIndex]) },
      ]
      if (sink !== null) {
        if (sink.first) context.clear(`${layer.name} input gradient`, layer.id, sink)
        calls.push({
          kernel: 'sparseInputGradient',
          operands: operands(sink, gradient, [number(values.address)]),
        })
      }
      context.builder.step(`${layer.name} sparse backward`, layer.id, 'blocks', calls, {
        rows,
        multiplyAdds: indices.length * positions * calls.length,
      })
    },
  }
}
