// Batch normalisation as steps: partial statistics per block, moments across blocks, normalisation; and the same
// pattern backwards. In evaluation the moments come from the running statistics.

import type { BatchNormLayer } from '../../network/layer.js'
import { type DraftOperand, number, sliceCount, sliceIndex } from '../builder.js'
import { type ListContext, rowsOf } from '../context.js'

/** Bytes of the partial statistics of one channel: pivot, sum and sum of squares in float64. */
const partialBytes = 24

export function emitBatchNorm(context: ListContext, layer: BatchNormLayer): () => void {
  const { builder, program } = context
  const { height, width, channels } = layer.output
  const input = context.activation(layer.input)
  const output = context.createActivation(layer)
  const address = (role: 'scale' | 'shift' | 'mean' | 'variance'): DraftOperand =>
    number(context.parameter(layer.id, role).address)
  const affineAndRunning = [address('scale'), address('shift'), address('mean'), address('variance')]
  const slice = [sliceIndex, sliceCount]
  const shape = [number(height), number(width), number(channels), number(program.lanes)]
  const mask = builder.inSlot(program.slot.mask, program.lanes * 4)
  const moments = number(builder.shared(channels * 16))

  if (context.mode === 'train') {
    const stride = channels * partialBytes
    const partial = builder.shared(stride * program.blocks)
    builder.step(`${layer.name} statistics`, layer.id, 'blocks', [
      {
        kernel: 'batchStatistics',
        operands: [...rowsOf(input), ...shape, mask, { ...number(partial), perBlock: stride }],
      },
    ])
    builder.step(`${layer.name} moments`, layer.id, 'slices', [
      {
        kernel: 'batchMoments',
        operands: [
          builder.inSlot(0),
          number(partial),
          number(stride),
          number(height * width),
          number(channels),
          number(program.lanes),
          ...affineAndRunning,
          number(layer.momentum),
          number(layer.epsilon),
          moments,
          ...slice,
        ],
      },
    ])
  } else {
    builder.step(`${layer.name} moments`, layer.id, 'slices', [
      {
        kernel: 'runningMoments',
        operands: [number(channels), ...affineAndRunning, number(layer.epsilon), moments, ...slice],
      },
    ])
  }
  builder.step(
    `${layer.name} normalise`,
    layer.id,
    'blocks',
    [{ kernel: 'normalise', operands: [...rowsOf(input), ...rowsOf(output), ...shape, moments] }],
    { multiplyAdds: channels * height * width },
  )

  return () => {
    const gradient = context.gradient(layer.id)
    const weight = context.parameter(layer.id, 'scale')
    const bias = context.parameter(layer.id, 'shift')
    const coefficients = number(builder.shared(channels * 12))
    builder.step(
      `${layer.name} gradient sums`,
      layer.id,
      'blocks',
      [
        {
          kernel: 'batchNormSums',
          operands: [
            ...rowsOf(input),
            ...rowsOf(gradient),
            ...shape,
            moments,
            { ...number(weight.gradient ?? 0), perBlock: weight.gradientStride },
            { ...number(bias.gradient ?? 0), perBlock: bias.gradientStride },
          ],
        },
      ],
      { multiplyAdds: channels * height * width },
    )
    if (!context.needsGradient(layer.input)) return
    builder.step(`${layer.name} coefficients`, layer.id, 'slices', [
      {
        kernel: 'batchNormCoefficients',
        operands: [
          builder.inSlot(0),
          number(weight.gradient ?? 0),
          number(bias.gradient ?? 0),
          number(weight.gradientStride),
          number(height * width),
          number(channels),
          moments,
          coefficients,
          ...slice,
        ],
      },
    ])
    const shared = context.shareGradient(layer.input, layer.id)
    const target = shared ? { ...gradient, first: true } : context.gradientSink(layer.input)
    builder.step(
      `${layer.name} input gradient`,
      layer.id,
      'blocks',
      [
        {
          kernel: 'batchNormInputGradient',
          operands: [
            ...rowsOf(input),
            ...rowsOf(gradient),
            ...rowsOf(target),
            ...shape,
            mask,
            moments,
            coefficients,
            number(target.first ? 0 : 1),
          ],
        },
      ],
      { multiplyAdds: 2 * channels * height * width },
    )
  }
}
