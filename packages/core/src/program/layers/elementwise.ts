// ReLU, residual addition and flattening. Their gradients reuse the buffer of the incoming gradient where they can.

import type { AddLayer, FlattenLayer, ReluLayer } from '../../network/layer.js'
import { number } from '../builder.js'
import { type Activation, type GradientSink, type ListContext, pixels, rowsOf } from '../context.js'

/** Operands `rows, bytes` of an activation's interior. */
const extent = ({ layout }: Activation) => [number(layout.shape.height), number(layout.interiorBytes)]

export function emitRelu(context: ListContext, layer: ReluLayer): () => void {
  const input = context.activation(layer.input)
  const output = context.createActivation(layer)
  context.builder.step(`${layer.name} forward`, layer.id, 'blocks', [
    { kernel: 'reluRows', operands: [...rowsOf(input), ...rowsOf(output), ...extent(output)] },
  ])
  return () => {
    if (!context.needsGradient(layer.input)) return
    const gradient = context.gradient(layer.id)
    const shared = context.shareGradient(layer.input, layer.id)
    const target = shared ? { ...gradient, first: true } : context.gradientSink(layer.input)
    context.builder.step(`${layer.name} gradient`, layer.id, 'blocks', [
      {
        kernel: 'reluGradientRows',
        operands: [
          ...rowsOf(gradient),
          ...rowsOf(output),
          ...rowsOf(target),
          ...extent(target),
          number(target.first ? 0 : 1),
        ],
      },
    ])
  }
}

export function emitAdd(context: ListContext, layer: AddLayer): () => void {
  const [first, second] = layer.inputs.map((id) => context.activation(id))
  const output = context.createActivation(layer)
  context.builder.step(`${layer.name} forward`, layer.id, 'blocks', [
    {
      kernel: 'addRows',
      operands: [...rowsOf(first!), ...rowsOf(second!), ...rowsOf(output), ...extent(output)],
    },
  ])
  return () => {
    const gradient = context.gradient(layer.id)
    // Copies first: the input that takes over the buffer may overwrite it later.
    const [sharing, copying] = layer.inputs
    if (context.needsGradient(copying)) {
      passOn(context, `${layer.name} gradient`, layer.id, gradient, context.gradientSink(copying))
    }
    if (context.needsGradient(sharing) && !context.shareGradient(sharing, layer.id)) {
      passOn(context, `${layer.name} gradient`, layer.id, gradient, context.gradientSink(sharing))
    }
  }
}

/** Copies or adds a gradient to that of an input. */
export function passOn(
  context: ListContext,
  name: string,
  layer: number,
  gradient: Activation,
  sink: GradientSink,
): void {
  context.builder.step(name, layer, 'blocks', [
    {
      kernel: sink.first ? 'copyRows' : 'accumulateRows',
      operands: [...rowsOf(gradient), ...rowsOf(sink), ...extent(sink)],
    },
  ])
}

export function emitFlatten(context: ListContext, layer: FlattenLayer): () => void {
  const input = context.activation(layer.input)
  const output = context.createActivation(layer)
  const { height, width, channels } = input.layout.shape
  const shape = [number(height), number(width), number(channels), number(context.program.lanes)]
  if (output.buffer !== input.buffer) {
    context.builder.step(`${layer.name} forward`, layer.id, 'blocks', [
      { kernel: 'flatten', operands: [...rowsOf(input), pixels(output), ...shape] },
    ])
  }
  return () => {
    if (!context.needsGradient(layer.input)) return
    // On a 1x1 image flattening changes nothing, and neither does its gradient.
    if (height * width === 1 && context.shareGradient(layer.input, layer.id)) return
    const gradient = context.gradient(layer.id)
    const sink = context.gradientSink(layer.input)
    context.builder.step(`${layer.name} gradient`, layer.id, 'blocks', [
      {
        kernel: 'flattenGradient',
        operands: [...rowsOf(sink), pixels(gradient), ...shape, number(sink.first ? 0 : 1)],
      },
    ])
  }
}
