// Convolutions and linear layers (a linear layer is a 1x1 convolution of a 1x1 image): which parts each kind has, and
// the bias.

import { DctpsError } from '../../errors.js'
import type { KernelLayer } from '../../network/layer.js'
import { type DraftCall, number, rowIndex } from '../builder.js'
import { type Activation, type ListContext, pixels } from '../context.js'
import { statisticsCalls } from './batch-statistics.js'
import { densePart } from './dense-part.js'
import type { KernelPart } from './kernel-part.js'
import { isNearlyFull, materialisedPart } from './materialised-part.js'
import { sparsePart } from './sparse-part.js'
import { transformPart } from './transform-part.js'

function partsOf(context: ListContext, layer: KernelLayer, input: Activation): KernelPart[] {
  if (layer.kind === 'dense') return [densePart(context, layer)]
  const indices = context.program.supports.get(layer.id)
  if (indices === undefined) throw new DctpsError('usage', `layer ${layer.name} has no support`)
  if (isNearlyFull(layer, indices.length)) return [materialisedPart(context, layer, indices)]
  const sparse = sparsePart(context, layer, indices)
  return layer.kind === 'dctps' ? [transformPart(context, layer, input.layout), sparse] : [sparse]
}

/** Emits the forward step of a layer and gives back what emits its backward steps. */
export function emitKernel(context: ListContext, layer: KernelLayer): () => void {
  const input = context.activation(layer.input)
  const output = context.createActivation(layer)
  const parts = partsOf(context, layer, input)
  const { height: rows, width, channels } = layer.output
  const calls = parts.flatMap((part, index) => part.forward(input, output, index > 0))
  if (layer.bias) calls.push(biasCall(context, layer, output))
  calls.push(
    ...statisticsCalls(
      context,
      layer,
      output,
      parts.some((part) => part.lags),
    ),
  )
  const multiplyAdds = parts.reduce((sum, part) => sum + part.multiplyAdds, 0) * rows * width
  context.builder.step(`${layer.name} forward`, layer.id, 'blocks', calls, { rows, multiplyAdds })

  return () => {
    const gradient = context.gradient(layer.id)
    if (layer.bias) {
      const bias = context.parameter(layer.id, 'bias')
      const sums = {
        kernel: 'biasGradient',
        operands: [
          pixels(gradient, gradient.layout.pitch),
          number(width),
          number(channels),
          number(context.program.lanes),
          { ...number(bias.gradient ?? 0), perBlock: bias.gradientStride },
          rowIndex,
        ],
      }
      context.builder.step(`${layer.name} bias gradient`, layer.id, 'blocks', [sums], { rows })
    }
    const wanted = context.needsGradient(layer.input)
    let scattered = false
    for (const part of parts) {
      const sink = wanted ? context.gradientSink(layer.input) : null
      scattered = part.backward(input, gradient, sink) || scattered
    }
    // What was scattered beyond the image is nobody's gradient, and must not be read as the padding of one.
    if (!scattered || !wanted) return
    const sink = context.gradientSink(layer.input)
    if (sink.layout.halo > 0) context.clearHalo(`${layer.name} input gradient`, layer.id, sink)
  }
}

function biasCall(context: ListContext, layer: KernelLayer, output: Activation): DraftCall {
  return {
    kernel: 'addBias',
    operands: [
      pixels(output, output.layout.pitch),
      number(layer.output.width),
      number(layer.output.channels),
      number(context.program.lanes),
      number(context.parameter(layer.id, 'bias').address),
    ],
  }
}
