// Scalar affine layers: one scale, shift and offset for a whole activation, a residual, a rectification, all in one pass
// over rows of tiles, forward and back. Pointers, pitches and lengths are those of elementwise.ts.

import { laneSum } from './elementwise'

// How a rectification decides what passes; mirrored in program/layers/scalar-affine.ts.
const byOwnSign = 1
const byOwnSignWritten = 2
const byWrittenSign = 3

/**
 * `y = max(scale * x + shift + residual, 0) + offset`, without the maximum unless `rectified`, without a residual where
 * its pointer is 0; in place when `y` is `x`. Scale, shift and offset are addresses; `signs` is that of the masks that are
 * written or read, `[rows][bytes]`.
 */
export function scalarAffineRows(
  x: usize,
  xPitch: usize,
  residual: usize,
  residualPitch: usize,
  y: usize,
  yPitch: usize,
  rows: i32,
  bytes: usize,
  scale: usize,
  shift: usize,
  offset: usize,
  rectified: i32,
  signs: usize,
): void {
  const zero = f32x4.splat(0)
  const factor = v128.load_splat<f32>(scale)
  const before = v128.load_splat<f32>(shift)
  const after = v128.load_splat<f32>(offset)
  for (let r = 0; r < rows; r++) {
    for (let i: usize = 0; i < bytes; i += 16) {
      let value = f32x4.add(f32x4.mul(factor, v128.load(x + i)), before)
      if (residual) value = f32x4.add(value, v128.load(residual + i))
      if (rectified == byOwnSign) {
        value = f32x4.pmax(zero, value)
      } else if (rectified) {
        if (rectified == byOwnSignWritten) v128.store(signs, f32x4.gt(value, zero))
        value = v128.and(v128.load(signs), value)
        signs += 16
      }
      v128.store(y + i, f32x4.add(value, after))
    }
    x += xPitch
    if (residual) residual += residualPitch
    y += yPitch
  }
}

/**
 * With `g` the gradient behind the rectification (`dy` where `y > offset`, or where a written sign says so): `dx (+)= scale * g`, `dResidual (+)= g`, and
 * the gradients of the scale `<x, g>`, the shift `sum g` and the offset `sum dy`. What has the address 0 is left out;
 * `x` is read for the scale's gradient alone. `dResidual` or `dx` may be `dy`.
 */
export function scalarAffineGradientRows(
  dy: usize,
  dyPitch: usize,
  y: usize,
  yPitch: usize,
  x: usize,
  xPitch: usize,
  dx: usize,
  dxPitch: usize,
  accumulateX: i32,
  dResidual: usize,
  dResidualPitch: usize,
  accumulateResidual: i32,
  rows: i32,
  bytes: usize,
  scale: usize,
  offset: usize,
  rectified: i32,
  signs: usize,
  dScale: usize,
  dShift: usize,
  dOffset: usize,
): void {
  const factor = v128.load_splat<f32>(scale)
  const threshold = v128.load_splat<f32>(offset)
  let scaleTotal: f64 = 0
  let shiftTotal: f64 = 0
  let offsetTotal: f64 = 0
  for (let r = 0; r < rows; r++) {
    let scaleSum = f32x4.splat(0)
    let shiftSum = f32x4.splat(0)
    let offsetSum = f32x4.splat(0)
    for (let i: usize = 0; i < bytes; i += 16) {
      let g = v128.load(dy + i)
      offsetSum = f32x4.add(offsetSum, g)
      if (rectified == byWrittenSign) {
        g = v128.and(v128.load(signs), g)
        signs += 16
      } else if (rectified) {
        g = v128.and(f32x4.gt(v128.load(y + i), threshold), g)
      }
      shiftSum = f32x4.add(shiftSum, g)
      if (dScale) scaleSum = f32x4.add(scaleSum, f32x4.mul(g, v128.load(x + i)))
      if (dResidual) {
        const sum = accumulateResidual ? f32x4.add(g, v128.load(dResidual + i)) : g
        v128.store(dResidual + i, sum)
      }
      if (dx) {
        const scaled = f32x4.mul(factor, g)
        v128.store(dx + i, accumulateX ? f32x4.add(scaled, v128.load(dx + i)) : scaled)
      }
    }
    scaleTotal += laneSum(scaleSum)
    shiftTotal += laneSum(shiftSum)
    offsetTotal += laneSum(offsetSum)
    dy += dyPitch
    y += yPitch
    x += xPitch
    if (dx) dx += dxPitch
    if (dResidual) dResidual += dResidualPitch
  }
  if (dScale) store<f32>(dScale, <f32>scaleTotal)
  if (dShift) store<f32>(dShift, <f32>shiftTotal)
  if (dOffset) store<f32>(dOffset, <f32>offsetTotal)
}
