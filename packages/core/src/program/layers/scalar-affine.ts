// Scalar affine layers: shift, scale, residual sum and rectification as one step, and their gradients as another.

import type { ScalarAffineLayer } from '../../network/layer.js'
import { scalarRoles } from '../../network/parameters.js'
import { type DraftOperand, number } from '../builder.js'
import { type Activation, type GradientSink, type ListContext, rowsOf } from '../context.js'

/** How a rectification decides (`assembly/scalar-affine.ts`). */
const rectifications = { own: 1, written: 2, read: 3 } as const

type ScalarRole = (typeof scalarRoles)[number]

export function emitScalarAffine(context: ListContext, layer: ScalarAffineLayer): () => void {
  const { builder } = context
  const input = context.activation(layer.input)
  const residual = layer.residual === null ? null : context.activation(layer.residual)
  const output = context.createActivation(layer)
  const extent = [number(layer.output.height), number(output.layout.interiorBytes)]
  const scalar = (role: ScalarRole) => number(scalarAddress(context, layer, role))
  const rectified = rectificationOf(context, layer, output)
  const multiplyAdds = layer.output.height * layer.output.width * layer.output.channels
  builder.step(
    `${layer.name} forward`,
    layer.id,
    'blocks',
    [
      {
        kernel: 'scalarAffineRows',
        operands: [
          ...rowsOf(input),
          ...rowsOrNone(residual),
          ...rowsOf(output),
          ...extent,
          ...[scalar('scale'), scalar('shift'), scalar('offset'), ...rectified],
        ],
      },
    ],
    { multiplyAdds },
  )

  return () => {
    if (!context.needsGradient(layer.id)) return
    const gradient = context.gradient(layer.id)
    const dResidual = layer.residual === null ? null : sinkOf(context, layer, layer.residual, true)
    const dx = sinkOf(context, layer, layer.input, dResidual?.buffer !== gradient.buffer)
    builder.step(
      `${layer.name} gradient`,
      layer.id,
      'blocks',
      [
        {
          kernel: 'scalarAffineGradientRows',
          operands: [
            ...rowsOf(gradient),
            ...rowsOf(output),
            ...rowsOf(input),
            ...sinkOperands(dx),
            ...sinkOperands(dResidual),
            ...extent,
            ...[scalar('scale'), scalar('offset'), ...rectified],
            ...scalarRoles.map((role) => scalarGradient(context, layer, role)),
          ],
        },
      ],
      { multiplyAdds: 2 * multiplyAdds },
    )
  }
}

/** Operands `rectified, signs`. */
function rectificationOf(
  context: ListContext,
  layer: ScalarAffineLayer,
  { layout }: Activation,
): [DraftOperand, DraftOperand] {
  if (!layer.rectified) return [number(0), number(0)]
  const { decisions } = context
  const bytes = layout.shape.height * layout.interiorBytes
  const signs = decisions === 'own' ? number(0) : context.keep(`${layer.name} signs`, bytes)
  return [number(rectifications[decisions]), signs]
}

/** Where the gradient of an input goes: where it may, into the buffer of the layer's own gradient. */
function sinkOf(
  context: ListContext,
  layer: ScalarAffineLayer,
  input: number,
  mayShare: boolean,
): GradientSink | null {
  if (!context.needsGradient(input)) return null
  return mayShare && context.shareGradient(input, layer.id)
    ? { ...context.gradient(layer.id), first: true }
    : context.gradientSink(input)
}

function scalarAddress(context: ListContext, layer: ScalarAffineLayer, role: ScalarRole): number {
  const scalar = layer[role]
  return typeof scalar === 'number'
    ? context.program.tables.constant(scalar)
    : context.parameter(layer.id, role).address
}

/** Of each block; none for a constant. */
function scalarGradient(context: ListContext, layer: ScalarAffineLayer, role: ScalarRole): DraftOperand {
  if (typeof layer[role] === 'number') return number(0)
  const { gradient, gradientStride } = context.parameter(layer.id, role)
  return { ...number(gradient ?? 0), perBlock: gradientStride }
}

function rowsOrNone(activation: Activation | null): DraftOperand[] {
  return activation === null ? [number(0), number(0)] : rowsOf(activation)
}

function sinkOperands(sink: GradientSink | null): DraftOperand[] {
  return [...rowsOrNone(sink), number(sink === null || sink.first ? 0 : 1)]
}
