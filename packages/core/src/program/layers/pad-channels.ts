// Zeros as further channels, as in the shortcuts of a Fixup network that double the channels.

import type { PadChannelsLayer } from '../../network/layer.js'
import { number } from '../builder.js'
import { type ListContext, rowsOf } from '../context.js'

export function emitPadChannels(context: ListContext, layer: PadChannelsLayer): () => void {
  const input = context.activation(layer.input)
  const output = context.createActivation(layer)
  const { height, width } = layer.output
  const extent = [height, width, input.layout.tileBytes, output.layout.tileBytes].map(number)
  context.builder.step(`${layer.name} forward`, layer.id, 'blocks', [
    { kernel: 'padChannelsRows', operands: [...rowsOf(input), ...rowsOf(output), ...extent] },
  ])
  return () => {
    if (!context.needsGradient(layer.input)) return
    const gradient = context.gradient(layer.id)
    const sink = context.gradientSink(layer.input)
    context.builder.step(`${layer.name} gradient`, layer.id, 'blocks', [
      {
        kernel: 'padChannelsGradientRows',
        operands: [...rowsOf(sink), ...rowsOf(gradient), ...extent, number(sink.first ? 0 : 1)],
      },
    ])
  }
}
