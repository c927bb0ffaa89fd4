// Average and max pooling. The gradient of a max finds its position again from input and output: nothing is stored.

import type { PoolLayer } from '../../network/layer.js'
import { number } from '../builder.js'
import { type Activation, type ListContext, pixels } from '../context.js'

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

  context.builder.step(
    `${layer.name} forward`,
    layer.id,
    'blocks',
    [{ kernel: layer.op, operands: [...windows(input), outputs(output), ...window] }],
    { rows },
  )

  return () => {
    if (!context.needsGradient(layer.input)) return
    const gradient = context.gradient(layer.id)
    const sink = context.gradientSink(layer.input)
    const assigns = sink.first && windowsTile(layer, input)
    if (sink.first && !assigns) context.clear(`${layer.name} gradient`, layer.id, sink)
    const operands = [
      ...(layer.op === 'maxPool' ? [...windows(input), outputs(output)] : []),
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

/** Whether the windows cover every input exactly once. */
function windowsTile({ window, stride }: PoolLayer, { layout }: Activation): boolean {
  return window === stride && layout.shape.height % window === 0 && layout.shape.width % window === 0
}
