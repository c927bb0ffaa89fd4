// The statistics of a batch norm: partial sums per block, taken from each row of a kernel's output while it is in the cache,
// then moments across blocks. In evaluation the moments come from the running statistics.

import { type BatchNormLayer, isKernelLayer, type KernelLayer } from '../../network/layer.js'
import {
  columns,
  type DraftCall,
  type DraftOperand,
  number,
  sliceCount,
  sliceIndex,
  turnIndex,
} from '../builder.js'
import type { Activation, ListContext } from '../context.js'
import { outputRow } from './kernel-part.js'

/** Bytes of the partial statistics of one channel: pivot, sum and sum of squares in float64. */
const partialBytes = 24
/** Bytes of scratch that summing one channel takes. */
const sumBytes = 32

/** The calls that sum up a kernel's output, row by row, if batch norms follow; `lag`: a row is complete only after the next. */
export function statisticsCalls(
  context: ListContext,
  layer: KernelLayer,
  output: Activation,
  lag: boolean,
): DraftCall[] {
  if (context.mode === 'evaluate') return []
  return context.program.network.layers.flatMap((reader) =>
    reader.op === 'batchNorm' && reader.input === layer.id
      ? [statisticsCall(context, reader, output, lag)]
      : [],
  )
}

function statisticsCall(
  context: ListContext,
  { id, output: { channels, height } }: BatchNormLayer,
  input: Activation,
  lag: boolean,
): DraftCall {
  const { builder, program } = context
  const { address, stride } = partialStatistics(context, id, channels)
  return {
    kernel: 'batchStatistics',
    operands: [
      outputRow(input)[0],
      number(input.layout.pitch),
      columns(),
      ...[channels, program.lanes].map(number),
      laneMask(context),
      { ...number(address), perBlock: stride },
      builder.scratch(channels * sumBytes),
      number(lag ? 1 : 0),
      turnIndex,
      number(height),
    ],
  }
}

/** Operand: which lanes of the block hold an image. */
export function laneMask({ builder, program: { slot, lanes } }: ListContext): DraftOperand {
  return builder.inSlot(slot.mask, lanes * 4)
}

function partialStatistics(
  { program: { tables, blocks } }: ListContext,
  layer: number,
  channels: number,
): { address: number; stride: number } {
  const stride = channels * partialBytes
  return { address: tables.reserved(`statistics-${layer}`, stride * blocks), stride }
}

/** Address of the moments of a batch norm: every thread has its own in training. */
export function momentsOf(
  { program: { tables }, mode }: ListContext,
  { id, output }: Pick<BatchNormLayer, 'id' | 'output'>,
): DraftOperand {
  const bytes = output.channels * 16
  return mode === 'evaluate'
    ? number(tables.reserved(`moments-${id}`, bytes))
    : tables.own(`moments-${id}`, bytes)
}

/**
 * Emits the steps from statistics to moments.
 * @returns address of the moments: four arrays of `channels` float32, mean, inverse deviation, scale and shift
 */
export function emitMoments(context: ListContext, layer: BatchNormLayer): DraftOperand {
  const { builder, program } = context
  const { height, width, channels } = layer.output
  const moments = momentsOf(context, layer)
  const affineAndRunning = (['scale', 'shift', 'mean', 'variance'] as const).map((role) =>
    number(context.parameter(layer.id, role).address),
  )
  if (context.mode === 'evaluate') {
    builder.prologue({
      kernel: 'runningMoments',
      operands: [number(channels), ...affineAndRunning, number(layer.epsilon), moments],
    })
    return moments
  }
  if (!isKernelLayer(program.network.layers[layer.input]!)) {
    const call = statisticsCall(context, layer, context.activation(layer.input), false)
    builder.step(`${layer.name} statistics`, layer.id, 'blocks', [call], {
      rows: height,
      chunks: { columns: width, chunk: width },
    })
  }
  const { address, stride } = partialStatistics(context, layer.id, channels)
  builder.step(`${layer.name} moments`, layer.id, 'everyThread', [
    {
      kernel: 'batchMoments',
      operands: [
        builder.inSlot(0),
        ...[address, stride, height * width, channels, program.lanes].map(number),
        ...affineAndRunning,
        ...[layer.momentum, layer.epsilon].map(number),
        ...[moments, sliceIndex, sliceCount],
      ],
    },
  ])
  return moments
}
