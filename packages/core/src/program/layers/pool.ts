// Average and max pooling. The gradient of a max finds its position again from input and output: nothing is stored, unless
// a later pass has to decide as this one does.

import type { PoolLayer } from '../../network/layer.js'
import { type DraftOperand, number } from '../builder.js'
import { type Activation, type ListContext, pixels, rowsOf } from '../context.js'
import { tileLayout } from '../tiles.js'

export function emitPool(context: ListContext, layer: PoolLayer): () => void {
  const input = context.activation(layer.input)
  const output = context.createActivation(layer)
  const { height: rows, width } = layer.output
  const window = [number(width), number(layer.window), number(layer.stride), number(output.layout.tileBytes)]
  /** Operands `pointer, pitch`: the windows of one row of outputs. */
  const windows = (activation: Activation) => [
    pixels(activation, layer.stride * activation.layout.pitch),
    number(activation.layout.pitch),
  ]
  const outputs = (activation: Activation) => pixels(activation, activation.layout.pitch)

  const decided = layer.op === 'maxPool' && context.decisions !== 'own' ? keptMaximum(context, layer) : null
  const call =
    decided !== null && context.decisions === 'read'
      ? {
          kernel: 'maxPoolAt',
          operands: [...windows(input), ...decided.positions, outputs(output), ...window],
        }
      : { kernel: layer.op, operands: [...windows(input), outputs(output), ...window] }
  context.builder.step(`${layer.name} forward`, layer.id, 'blocks', [call], { rows })
  if (decided !== null && context.decisions === 'written') {
    const copy = (from: Activation, to: readonly DraftOperand[]) => ({
      kernel: 'copyRows',
      operands: [...rowsOf(from), ...to, number(from.layout.shape.height), number(from.layout.interiorBytes)],
    })
    const calls = [copy(input, decided.input), copy(output, decided.output)]
    context.builder.step(`${layer.name} decisions`, layer.id, 'blocks', calls)
  }

  return () => {
    if (!context.needsGradient(layer.input)) return
    const gradient = context.gradient(layer.id)
    const sink = context.gradientSink(layer.input)
    const assigns = sink.first && windowsTile(layer, input)
    if (sink.first && !assigns) context.clear(`${layer.name} gradient`, layer.id, sink)
    const operands = [
      ...(layer.op === 'maxPool' ? (decided?.positions ?? [...windows(input), outputs(output)]) : []),
      ...windows(sink),
      outputs(gradient),
      ...window,
      number(assigns ? 0 : 1),
    ]
    context.builder.step(
      `${layer.name} gradient`,
      layer.id,
      'blocks',
      [{ kernel: `${layer.op}Gradient`, operands }],
      {
        rows,
      },
    )
  }
}

/** What tells the position of each maximum: copies of input and output, as `pointer, pitch` and row by row. */
function keptMaximum(
  context: ListContext,
  layer: PoolLayer,
): {
  readonly input: readonly DraftOperand[]
  readonly output: readonly DraftOperand[]
  /** Operands `x, pitch, y` of one row of outputs. */
  readonly positions: readonly DraftOperand[]
} {
  const { network, lanes } = context.program
  const x = tileLayout(network.layers[layer.input]!.output, lanes, 0)
  const y = tileLayout(layer.output, lanes, 0)
  const input = context.keep(`${layer.name} input`, x.bytes)
  const output = context.keep(`${layer.name} output`, y.bytes)
  return {
    input: [input, number(x.pitch)],
    output: [output, number(y.pitch)],
    positions: [
      { ...input, perRow: layer.stride * x.pitch },
      number(x.pitch),
      { ...output, perRow: y.pitch },
    ],
  }
}

/** Whether the windows cover every input exactly once. */
function windowsTile({ window, stride }: PoolLayer, { layout }: Activation): boolean {
  return window === stride && layout.shape.height % window === 0 && layout.shape.width % window === 0
}
