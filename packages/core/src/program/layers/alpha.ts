// The gradient of a DCTpS layer's alpha: where it comes from, and where it goes.
//
// In general it is `<x, D^T dy>`, one more pass over the input and its gradient. Behind a batch norm it follows from what is there
// anyway (`assembly/alpha.ts`): scaling all of `y` changes nothing there, so what alpha gains S loses. Then alpha is folded into
// the adjoint, and the input is read only where S has entries. The formula divides by alpha, so the product is
// taken in steps where alpha is close to zero.

import type { BatchNormLayer, KernelLayer } from '../../network/layer.js'
import { layerInputs } from '../../network/layer.js'
import { type DraftCall, type DraftOperand, inBlock, number } from '../builder.js'
import type { ListContext } from '../context.js'
import type { PlacedParameter } from '../parameter-layout.js'
import { momentsOf } from './batch-statistics.js'
import type { Condition } from './kernel-part.js'

export interface AlphaGradient {
  /** Whether the step takes `<x, D^T dy>`, for which it needs all of x, and D^T dy without alpha. */
  readonly usesProduct: Condition
  /** Where that product goes, a float64. */
  readonly dot: DraftOperand
  /** Emits what is left to do when the gradients of S and of the batch norm behind are there. */
  emitGradient(): void
}

/** @param fromProduct the call that makes a gradient of the product, for layers that have it elsewhere than in `dot` */
export function alphaOf(
  context: ListContext,
  layer: KernelLayer,
  fromProduct?: (target: DraftOperand) => DraftCall,
): AlphaGradient {
  const { builder } = context
  const { trainable, address } = context.parameter(layer.id, 'alpha')
  if (!trainable) return { usesProduct: 'never', dot: number(0), emitGradient() {} }
  const target = alphaGradient(context, layer)
  const dot = inBlock(builder.buffer(`<x, u> ${layer.name}`, 8))
  const product = fromProduct?.(target) ?? { kernel: 'roundSum', operands: [dot, target] }
  const emit = (usesProduct: Condition, calls: readonly DraftCall[]): AlphaGradient => ({
    usesProduct,
    dot,
    emitGradient: () => builder.step(`${layer.name} alpha gradient`, layer.id, 'blocks', calls),
  })
  const behind = normBehind(context, layer)
  if (behind === null) return emit('always', [product])

  const answer = builder.shared(8)
  builder.prologue({ kernel: 'alphaIsSmall', operands: [address, answer].map(number) })
  const isSmall = { yes: answer, no: answer + 4 }
  const { norm, values, gammas } = behind
  const fromNorm: DraftCall = {
    kernel: 'alphaBehindNorm',
    operands: [
      number(address),
      number(values.address),
      gradientOf(values),
      number(values.size),
      number(gammas.address),
      gradientOf(gammas),
      number(norm.output.channels),
      momentsOf(context, norm),
      number(norm.epsilon),
      target,
    ],
  }
  return emit(isSmall, [...conditional(isSmall, 'yes', [product]), ...conditional(isSmall, 'no', [fromNorm])])
}

/** Calls that are made where a condition holds (`yes`) or where it does not (`no`). */
export function conditional(
  condition: Condition,
  side: 'yes' | 'no',
  calls: readonly DraftCall[],
): DraftCall[] {
  if (typeof condition === 'object') return calls.map((call) => ({ ...call, when: condition[side] }))
  return condition === (side === 'yes' ? 'always' : 'never') ? [...calls] : []
}

interface NormBehind {
  readonly norm: BatchNormLayer
  readonly values: PlacedParameter
  readonly gammas: PlacedParameter
}

/** The batch norm that alone reads the output of a layer without a bias, if all gradients of the formula are computed. */
function normBehind(context: ListContext, layer: KernelLayer): NormBehind | null {
  const readers = context.program.network.layers.filter((reader) => layerInputs(reader).includes(layer.id))
  const [norm] = readers
  if (layer.bias || readers.length !== 1 || norm?.op !== 'batchNorm') return null
  const values = context.parameter(layer.id, 'kernel')
  const gammas = context.parameter(norm.id, 'scale')
  return values.gradient === null || gammas.gradient === null ? null : { norm, values, gammas }
}

function gradientOf({ gradient, gradientStride }: PlacedParameter): DraftOperand {
  return { ...number(gradient ?? 0), perBlock: gradientStride }
}

/** Where the gradient of alpha goes; that of a frozen alpha goes nowhere. */
export function alphaGradient(context: ListContext, layer: KernelLayer): DraftOperand {
  const alpha = context.parameter(layer.id, 'alpha')
  return alpha.trainable && alpha.gradient !== null
    ? gradientOf(alpha)
    : { ...number(context.builder.shared(context.program.blocks * 64)), perBlock: 64 }
}
