// Batch norms with the residual sum and the ReLU behind them, as steps: one pass forward; backward one that sums and one
// that writes. The gradient of the sum is reused in place.

import { type BatchNormLayer, layerInputs } from '../../network/layer.js'
import type { BlockBuffer } from '../arena.js'
import { columns, type DraftCall, type DraftOperand, inBlock, number, turnIndex } from '../builder.js'
import { type Activation, haloOfRow, type InputSource, type ListContext, type RowWriter } from '../context.js'
import type { NormalisedSum } from '../fusion.js'
import { emitMoments, laneMask } from './batch-statistics.js'
import { passOn } from './elementwise.js'
import { outputRow } from './kernel-part.js'
import {
  createMask,
  maskedSumCall,
  maskedTotalsCall,
  maskingCall,
  type RectifiedMask,
} from './rectified-mask.js'

/** Where the sign of a rectified sum is found again (`assembly/sign-of-sum.ts`). */
const signs = { notRectified: 0, ofSum: 1, ofOutput: 2 } as const
type Sign = (typeof signs)[keyof typeof signs]

/** Bytes of scratch that summing the gradients of one channel takes. */
const sumBytes = 32

interface Term {
  readonly layer: BatchNormLayer
  readonly input: Activation
  readonly moments: DraftOperand
  /** Sums of the gradients, two float64 a channel. */
  readonly totals: BlockBuffer
}

/** Emits the forward step of a sum and gives back what emits its backward steps. */
export function emitNormalisedSum(context: ListContext, sum: NormalisedSum): () => void {
  const { network } = context.program
  const layer = network.layers[sum.output]!
  const terms = sum.terms.map(
    (term): Term => ({
      layer: term,
      input: context.activation(term.input),
      moments: emitMoments(context, term),
      totals: context.builder.buffer(`sums ${term.name}`, term.output.channels * 16),
    }),
  )
  const output = context.createActivation(layer)
  const mask = createMask(context, sum)
  if (context.mode === 'train') {
    context.offerSums(sum.output, (gradient) => sumCalls(context, sum, terms, { gradient, output, mask }))
  }
  const { neverStored, writtenAhead } = context.program.storage
  if (!neverStored.has(sum.output)) {
    const writer = writerOf(context, sum, terms, output, mask)
    if (writtenAhead.has(sum.output)) context.leaveAhead(sum.output, writer)
    else emitNormalise(context, sum, writer)
  }
  if (isAlone(sum)) context.offerRows(sum.output, sourceOf(context, sum, terms))
  return () => emitBackward(context, sum, terms, { gradient: context.gradient(sum.output), output, mask })
}

/** Whether the sum is that of one normalised term: then it can be computed anew from what is kept anyway. */
function isAlone({ terms, residual }: NormalisedSum): boolean {
  return terms.length === 1 && residual === null
}

/** Computes a row anew, or those of its channels that a support reads, where these are fewer than half. */
function sourceOf(context: ListContext, sum: NormalisedSum, terms: readonly Term[]): InputSource {
  const { layer, input, moments } = terms[0]!
  const { channels } = layer.output
  return (target, only) =>
    only === undefined || 2 * only.rowCount > channels
      ? [normaliseCall(context, sum, terms, target)]
      : [
          {
            kernel: 'normaliseChannels',
            operands: [
              outputRow(input)[0],
              target,
              columns(),
              ...[channels, context.program.lanes].map(number),
              moments,
              ...[only.rows, only.rowCount, sum.rectified ? 1 : 0].map(number),
            ],
          },
        ]
}

function writerOf(
  context: ListContext,
  sum: NormalisedSum,
  terms: readonly Term[],
  output: Activation,
  mask: RectifiedMask | null,
): RowWriter {
  const { height, width, channels } = output.layout.shape
  const write = (target: DraftOperand) =>
    mask === null ? normaliseCall(context, sum, terms, target) : maskingCall(context, mask, target)
  const halo = context.program.storage.haloAhead.has(sum.output) ? haloOfRow(output) : []
  return {
    calls: [write(outputRow(output)[0]), ...halo],
    multiplyAdds: terms.length * channels * height * width,
  }
}

function emitNormalise(
  { program, builder }: ListContext,
  { output }: NormalisedSum,
  { calls, multiplyAdds }: RowWriter,
): void {
  const { name, output: shape } = program.network.layers[output]!
  const { height: rows, width: columns } = shape
  const chunks = { columns, chunk: columns }
  builder.step(`${name} normalise`, output, 'blocks', calls, { rows, chunks, multiplyAdds })
}

/** Writes one row of a sum, or the chunk of it that a step takes. */
function normaliseCall(
  context: ListContext,
  { residual, rectified }: NormalisedSum,
  [first, second]: readonly Term[],
  target: DraftOperand,
): DraftCall {
  const { layer, input, moments } = first!
  const added = second?.input ?? (residual === null ? null : context.activation(residual))
  return {
    kernel: 'normaliseRow',
    operands: [
      outputRow(input)[0],
      added === null ? number(0) : outputRow(added)[0],
      target,
      columns(),
      ...[layer.output.channels, context.program.lanes].map(number),
      moments,
      second?.moments ?? number(0),
      number(rectified ? 1 : 0),
    ],
  }
}

/** A sum in the backward pass: where its gradient, its output and its mask, if it has one, lie. */
interface SumPlaces {
  readonly gradient: Activation
  readonly output: Activation
  readonly mask: RectifiedMask | null
}

function emitBackward(
  context: ListContext,
  sum: NormalisedSum,
  terms: readonly Term[],
  places: SumPlaces,
): void {
  const { output: id, residual } = sum
  const { name } = context.program.network.layers[id]!
  const { gradient, mask } = places
  // Where the step that completed the gradient has not summed it up, row by row, a step of its own does.
  const calls = context.takeSums(id)
  if (calls.length > 0) {
    const { height: rows, width: columns } = gradient.layout.shape
    context.builder.step(`${name} gradient sums`, id, 'blocks', calls, {
      rows,
      chunks: { columns, chunk: columns },
    })
  }
  let isTaken = false
  if (residual !== null && context.needsGradient(residual)) {
    isTaken = context.shareGradient(residual, id)
    if (!isTaken) {
      passOn(context, `${name} residual gradient`, id, gradient, context.gradientSink(residual))
    }
  }
  const { storage } = context.program
  const canWait = (term: Term) => isUndisturbed(context, sum, term)
  const byRows = terms.filter((term) => storage.gradientByRows.has(term.layer.input) && canWait(term))
  // Ranking positions takes the whole gradient.
  const ahead =
    context.growth === null
      ? terms.filter((term) => storage.gradientAhead.has(term.layer.input) && canWait(term))
      : []
  const halo = (sink: Activation) => (context.clearsGradientAhead(id) ? haloOfRow(sink) : [])
  terms.forEach((term, index) => {
    const { input } = term.layer
    const coefficients = emitCoefficients(context, term, mask)
    if (!context.needsGradient(input)) return
    const call = gradientCall(context, term, gradient, signOf(sum, index), coefficients)
    if (byRows.includes(term)) {
      context.deferGradient(input, (target) => [call(target, false)])
      return
    }
    // Whoever takes over the buffer overwrites it: the last, and nobody where others read rows of it later.
    const isLast = index === terms.length - 1 && [...byRows, ...ahead].every((later) => later === term)
    const takes = !isTaken && isLast && context.shareGradient(input, id)
    const sink = takes ? { ...gradient, first: true } : context.gradientSink(input)
    const { height, width, channels } = term.layer.output
    const writer = {
      calls: [call(outputRow(sink)[0], !sink.first), ...halo(sink)],
      multiplyAdds: 2 * channels * height * width,
    }
    if (ahead.includes(term)) {
      context.leaveGradientAhead(input, writer)
      return
    }
    context.builder.step(`${term.layer.name} input gradient`, term.layer.id, 'blocks', writer.calls, {
      rows: height,
      chunks: { columns: width, chunk: width },
      multiplyAdds: writer.multiplyAdds,
    })
  })
}

/**
 * Alone, the sign of the sum is that of a number which is read anyway; otherwise the output is there to be asked, and the
 * gradient that others share is masked once for all.
 */
function signOf(sum: NormalisedSum, index: number): Sign {
  if (!sum.rectified) return signs.notRectified
  if (isAlone(sum)) return signs.ofSum
  return index === 0 ? signs.ofOutput : signs.notRectified
}

/**
 * Whether the gradient of a term's input, a kernel's output, can wait until the kernel wants it: nobody may change the gradient
 * of the sum in between, as those do who read the residual after the kernel.
 */
function isUndisturbed(
  { program: { network } }: ListContext,
  { residual, layers }: NormalisedSum,
  { layer }: Term,
): boolean {
  return network.layers.every(
    (reader) =>
      residual === null ||
      reader.id <= layer.input ||
      layers.includes(reader.id) ||
      !layerInputs(reader).includes(residual) ||
      reader.id > Math.max(...layers),
  )
}

/** The calls that sum up one row of the gradients of all terms. */
function sumCalls(
  context: ListContext,
  sum: NormalisedSum,
  terms: readonly Term[],
  { gradient, output, mask }: SumPlaces,
): DraftCall[] {
  if (mask !== null) return [maskedSumCall(context, mask, gradient, inBlock(terms[0]!.totals))]
  const { program, builder } = context
  return terms.map(({ layer, input, moments, totals }, index) => {
    const sign = signOf(sum, index)
    const { channels } = layer.output
    return {
      kernel: 'normaliseSums',
      operands: [
        outputRow(input)[0],
        outputRow(gradient)[0],
        // Not naming it lets its memory go, where it is computed anew.
        sign === signs.ofOutput ? outputRow(output)[0] : number(0),
        columns(),
        ...[channels, program.lanes].map(number),
        moments,
        number(sign),
        builder.scratch(channels * sumBytes),
        inBlock(totals),
        turnIndex,
      ],
    }
  })
}

/**
 * Emits what becomes of the sums: gradients of scale and shift, and the coefficients of the input's gradient.
 * @returns address of the coefficients, every thread's own
 */
function emitCoefficients(
  context: ListContext,
  { layer, moments, totals }: Term,
  mask: RectifiedMask | null,
): DraftOperand {
  const { builder } = context
  const { height, width, channels } = layer.output
  const weight = context.parameter(layer.id, 'scale')
  const bias = context.parameter(layer.id, 'shift')
  const coefficients = builder.own(channels * 12)
  const total: DraftCall = {
    kernel: 'normaliseTotals',
    operands: [
      inBlock(totals),
      number(channels),
      moments,
      { ...number(weight.gradient ?? 0), perBlock: weight.gradientStride },
      { ...number(bias.gradient ?? 0), perBlock: bias.gradientStride },
    ],
  }
  builder.step(`${layer.name} gradient totals`, layer.id, 'blocks', [
    mask === null ? total : maskedTotalsCall(context, mask, inBlock(totals)),
  ])
  if (!context.needsGradient(layer.input)) return coefficients
  builder.step(`${layer.name} coefficients`, layer.id, 'everyThread', [
    {
      kernel: 'batchNormCoefficients',
      operands: [
        builder.inSlot(0),
        ...[weight.gradient ?? 0, bias.gradient ?? 0, weight.gradientStride].map(number),
        ...[height * width, channels].map(number),
        moments,
        coefficients,
      ],
    },
  ])
  return coefficients
}

/** What writes one row of the gradient of a term's input to `target`, or the chunk of it that a step takes. */
function gradientCall(
  context: ListContext,
  { layer, input, moments }: Term,
  gradient: Activation,
  sign: Sign,
  coefficients: DraftOperand,
): (target: DraftOperand, accumulate: boolean) => DraftCall {
  const asked = sign === signs.ofSum ? sign : signs.notRectified
  return (target, accumulate) => ({
    kernel: 'normaliseGradient',
    operands: [
      ...[outputRow(input)[0], outputRow(gradient)[0], target],
      columns(),
      ...[layer.output.channels, context.program.lanes].map(number),
      laneMask(context),
      ...[moments, coefficients],
      ...[asked, accumulate ? 1 : 0].map(number),
    ],
  })
}
