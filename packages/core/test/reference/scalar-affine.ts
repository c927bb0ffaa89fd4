// The scalar affine layer, forward and backward, as its formula.

import { type Activations, mapValues } from './activations.js'

export interface ScalarAffine {
  readonly scale: number
  readonly shift: number
  readonly offset: number
  readonly rectified: boolean
}

/** `scale * x + shift + residual`: what is rectified. */
export function affineSum(
  x: Activations,
  residual: Activations | null,
  { scale, shift }: ScalarAffine,
): Activations {
  return mapValues(x, (value, i) => scale * value + shift + (residual === null ? 0 : residual.values[i]!))
}

export function scalarAffine(x: Activations, residual: Activations | null, layer: ScalarAffine): Activations {
  return mapValues(
    affineSum(x, residual, layer),
    (sum) => (layer.rectified ? Math.max(sum, 0) : sum) + layer.offset,
  )
}

/** `residual` is the gradient of the sum, whether or not one was added. */
export function scalarAffineBackward(
  x: Activations,
  residual: Activations | null,
  layer: ScalarAffine,
  dy: Activations,
): { input: Activations; residual: Activations; scale: number; shift: number; offset: number } {
  const sum = affineSum(x, residual, layer)
  const dSum = mapValues(dy, (gradient, i) => (!layer.rectified || sum.values[i]! > 0 ? gradient : 0))
  return {
    input: mapValues(dSum, (gradient) => layer.scale * gradient),
    residual: dSum,
    scale: dSum.values.reduce((total, gradient, i) => total + gradient * x.values[i]!, 0),
    shift: dSum.values.reduce((total, gradient) => total + gradient, 0),
    offset: dy.values.reduce((total, gradient) => total + gradient, 0),
  }
}
