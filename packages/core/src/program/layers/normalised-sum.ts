// Batch norms with the residual sum and the ReLU behind them, as steps: one pass forward; backward one that sums and one
// that writes. The gradient of the sum is reused in place.

import type { BatchNormLayer } from '../../network/layer.js'
import { columns, type DraftCall, type DraftOperand, number, sliceCount, sliceIndex } from '../builder.js'
import { type Activation, type GradientSink, type ListContext, rowsOf } from '../context.js'
import type { NormalisedSum } from '../fusion.js'
import { emitMoments, laneMask } from './batch-statistics.js'
import { passOn } from './elementwise.js'
import { outputRow } from './kernel-part.js'

/** Where the sign of a rectified sum is found again (`assembly/normalise.ts`). */
const signs = { notRectified: 0, ofSum: 1, ofOutput: 2 } as const
type Sign = (typeof signs)[keyof typeof signs]

/** Bytes of scratch that summing the gradients of one channel takes. */
const sumBytes = 48

interface Term {
  readonly layer: BatchNormLayer
  readonly input: Activation
  readonly moments: number
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
    }),
  )
  const output = context.createActivation(layer)
  emitNormalise(context, sum, terms, output)
  if (isAlone(sum))
    context.offerRows(sum.output, (target) => [normalisedRow(context, sum, terms[0]!, target)])
  return () => emitBackward(context, sum, terms, output)
}

/** Whether the sum is that of one normalised term: then it can be computed anew from what is kept anyway. */
function isAlone({ terms, residual }: NormalisedSum): boolean {
  return terms.length === 1 && residual === null
}

/** Writes one row of a sum of one term. */
function normalisedRow(
  { program }: ListContext,
  { rectified }: NormalisedSum,
  { layer, input, moments }: Term,
  target: DraftOperand,
): DraftCall {
  const none = number(0)
  return {
    kernel: 'normaliseRows',
    operands: [
      ...[outputRow(input)[0], none, none, none, target, none],
      number(1),
      columns(),
      ...[layer.output.channels, program.lanes, moments, 0, rectified ? 1 : 0].map(number),
    ],
  }
}

function emitNormalise(
  context: ListContext,
  { output: id, residual, rectified }: NormalisedSum,
  [first, second]: readonly Term[],
  output: Activation,
): void {
  const { builder, program } = context
  const { name, output: shape } = program.network.layers[id]!
  const { height, width, channels } = shape
  const added = second?.input ?? (residual === null ? null : context.activation(residual))
  const terms = second === undefined ? 1 : 2
  builder.step(
    `${name} normalise`,
    id,
    'blocks',
    [
      {
        kernel: 'normaliseRows',
        operands: [
          ...rowsOf(first!.input),
          ...(added === null ? [number(0), number(0)] : rowsOf(added)),
          ...rowsOf(output),
          ...[height, width, channels, program.lanes].map(number),
          ...[first!.moments, second?.moments ?? 0, rectified ? 1 : 0].map(number),
        ],
      },
    ],
    { multiplyAdds: terms * channels * height * width },
  )
}

function emitBackward(
  context: ListContext,
  sum: NormalisedSum,
  terms: readonly Term[],
  output: Activation,
): void {
  const { output: id, residual, rectified } = sum
  const { name } = context.program.network.layers[id]!
  const gradient = context.gradient(id)
  const alone = isAlone(sum)
  // Alone, the sign of the sum is that of a number which is read anyway; otherwise the output is there to be asked, and the
  // gradient that others share is masked once for all.
  const signOf = (index: number): Sign => {
    if (!rectified) return signs.notRectified
    if (alone) return signs.ofSum
    return index === 0 ? signs.ofOutput : signs.notRectified
  }
  const finishers = terms.map((term, index) =>
    emitSums(context, term, { gradient, output, sign: signOf(index) }),
  )
  let isTaken = false
  if (residual !== null && context.needsGradient(residual)) {
    isTaken = context.shareGradient(residual, id)
    if (!isTaken) {
      passOn(context, `${name} residual gradient`, id, gradient, context.gradientSink(residual))
    }
  }
  finishers.forEach((finish, index) => {
    const { input } = terms[index]!.layer
    if (!context.needsGradient(input)) return
    // Whoever takes over the buffer overwrites it: the last.
    const takes = !isTaken && index === terms.length - 1 && context.shareGradient(input, id)
    finish(takes ? { ...gradient, first: true } : context.gradientSink(input))
  })
}

/** Emits the sums of one term's gradients, and gives back what emits its input's gradient. */
function emitSums(
  context: ListContext,
  { layer, input, moments }: Term,
  { gradient, output, sign }: { gradient: Activation; output: Activation; sign: Sign },
): (target: GradientSink) => void {
  const { builder, program } = context
  const { height, width, channels } = layer.output
  const size = channels * height * width
  const shape = [height, width, channels, program.lanes].map(number)
  const weight = context.parameter(layer.id, 'scale')
  const bias = context.parameter(layer.id, 'shift')
  builder.step(
    `${layer.name} gradient sums`,
    layer.id,
    'blocks',
    [
      {
        kernel: 'normaliseSums',
        operands: [
          ...[input, gradient].flatMap(rowsOf),
          // Not naming it lets its memory go, where it is computed anew.
          ...(sign === signs.ofOutput ? rowsOf(output) : [number(0), number(0)]),
          ...shape,
          ...[moments, sign].map(number),
          { ...number(weight.gradient ?? 0), perBlock: weight.gradientStride },
          { ...number(bias.gradient ?? 0), perBlock: bias.gradientStride },
          builder.scratch(channels * sumBytes),
        ],
      },
    ],
    { multiplyAdds: size },
  )

  return (target) => {
    const coefficients = builder.shared(channels * 12)
    builder.step(`${layer.name} coefficients`, layer.id, 'slices', [
      {
        kernel: 'batchNormCoefficients',
        operands: [
          builder.inSlot(0),
          ...[weight.gradient ?? 0, bias.gradient ?? 0, weight.gradientStride].map(number),
          ...[height * width, channels, moments, coefficients].map(number),
          sliceIndex,
          sliceCount,
        ],
      },
    ])
    builder.step(
      `${layer.name} input gradient`,
      layer.id,
      'blocks',
      [
        {
          kernel: 'normaliseGradient',
          operands: [
            ...[input, gradient, target].flatMap(rowsOf),
            ...shape,
            laneMask(context),
            ...[moments, coefficients, sign === signs.ofSum ? sign : 0, target.first ? 0 : 1].map(number),
          ],
        },
      ],
      { multiplyAdds: 2 * size },
    )
  }
}
