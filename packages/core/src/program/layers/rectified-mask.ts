// Masks of rectified sums (`assembly/mask.ts`): where one batch norm and its ReLU stand before a depthwise layer, and another batch norm
// behind that, the gradient of the sum needs its sign alone.

import type { BatchNormLayer } from '../../network/layer.js'
import { layerInputs } from '../../network/layer.js'
import {
  blockIndex,
  columns,
  type DraftCall,
  type DraftOperand,
  inBlock,
  number,
  turnIndex,
} from '../builder.js'
import type { Activation, ListContext } from '../context.js'
import type { NormalisedSum } from '../fusion.js'
import { momentsOf } from './batch-statistics.js'
import { outputRow } from './kernel-part.js'

/** Lanes of a word of a mask, and its bytes. */
const wordLanes = 16
const wordBytes = 2

/** Bytes of scratch that summing the gradients of one channel takes. */
const sumBytes = 16

/** What stands before and behind the mask of a sum, and its place. */
export interface RectifiedMask {
  readonly norm: BatchNormLayer
  readonly behind: BatchNormLayer
  /** A pixel of each row. */
  readonly row: DraftOperand
}

/** Makes the mask of a sum that wants one; null for others. */
export function createMask(context: ListContext, sum: NormalisedSum): RectifiedMask | null {
  const { program, builder, mode } = context
  if (mode !== 'train' || !program.storage.masked.has(sum.output)) return null
  const [norm] = sum.terms
  const { height, width, channels } = norm.output
  const pixelBytes = channels * wordBytes * Math.max(1, program.lanes / wordLanes)
  const buffer = builder.buffer(`mask ${norm.name}`, height * width * pixelBytes)
  return {
    norm,
    behind: normBehind(context, sum),
    row: inBlock(buffer, 0, width * pixelBytes, pixelBytes),
  }
}

/** The batch norm behind the one layer that reads a sum. */
function normBehind({ program: { network } }: ListContext, { output }: NormalisedSum): BatchNormLayer {
  const readerOf = (id: number) => network.layers.find((layer) => layerInputs(layer).includes(id))!
  const norm = readerOf(readerOf(output).id)
  if (norm.op !== 'batchNorm') throw new Error(`no batch norm is behind ${readerOf(output).name}`)
  return norm
}

/** Writes one row of a sum to `target`, and its mask. */
export function maskingCall(
  context: ListContext,
  { norm, row }: RectifiedMask,
  target: DraftOperand,
): DraftCall {
  return {
    kernel: 'normaliseAndMask',
    operands: [
      outputRow(context.activation(norm.input))[0],
      target,
      columns(),
      ...[norm.output.channels, context.program.lanes].map(number),
      momentsOf(context, norm),
      row,
    ],
  }
}

/** Sums up one row of the gradient of a sum. */
export function maskedSumCall(
  context: ListContext,
  { norm, row }: RectifiedMask,
  gradient: Activation,
  totals: DraftOperand,
): DraftCall {
  const { channels } = norm.output
  return {
    kernel: 'maskedSums',
    operands: [
      outputRow(context.activation(norm.input))[0],
      outputRow(gradient)[0],
      row,
      columns(),
      ...[channels, context.program.lanes].map(number),
      momentsOf(context, norm),
      ...(['scale', 'shift'] as const).map((role) => number(context.parameter(norm.id, role).address)),
      context.builder.scratch(channels * sumBytes),
      totals,
      turnIndex,
    ],
  }
}

/** From the sums of a block to its gradients of scale and shift. */
export function maskedTotalsCall(
  context: ListContext,
  { norm, behind }: RectifiedMask,
  totals: DraftOperand,
): DraftCall {
  const scale = context.parameter(norm.id, 'scale')
  const shift = context.parameter(norm.id, 'shift')
  const scaleBehind = context.parameter(behind.id, 'scale')
  const moments = momentsOf(context, behind)
  const { channels } = behind.output
  return {
    kernel: 'maskedTotals',
    operands: [
      context.builder.inSlot(0),
      totals,
      number(channels),
      momentsOf(context, norm),
      number(scale.address),
      number(shift.address),
      { ...number(scale.gradient ?? 0), perBlock: scale.gradientStride },
      { ...number(shift.gradient ?? 0), perBlock: shift.gradientStride },
      blockIndex,
      ...[scaleBehind.address, scaleBehind.gradient ?? 0, scaleBehind.gradientStride].map(number),
      { ...moments, constant: moments.constant + 4 * channels },
      number(behind.epsilon),
    ],
  }
}
