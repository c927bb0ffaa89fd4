// Where the sign of a rectified sum is found again, in front of which a batch norm stands.

import { addProduct } from './fused'

/** In the sum's input; 0 where nothing is rectified. */
export const signOfSum = 1
/** In its output. */
export const signOfOutput = 2

/** A gradient, zero where `scale * value + shift` is not positive. */
export function passed(slope: v128, value: v128, scale: v128, shift: v128): v128 {
  return v128.and(slope, f32x4.gt(addProduct(value, scale, shift), f32x4.splat(0)))
}
