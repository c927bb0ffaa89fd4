// The adjoint of depthwise 3x3 convolutions with stride 2 and padding 1 as sums: a square of four inputs is seen by a square of four
// outputs. `weights` is [channels][9], in the order of the taps.

import { addProduct } from './fused'

/**
 * The gradients `u` of two rows of inputs, `columns` squares of them: with `dy` at the output of the same place,
 *
 *     u[0][0] = w4 dy[0][0]                      u[0][1] = w3 dy[0][1] + w5 dy[0][0]
 *     u[1][0] = w1 dy[1][0] + w7 dy[0][0]        u[1][1] = w0 dy[1][1] + w2 dy[1][0] + w6 dy[0][1] + w8 dy[0][0]
 *
 * added to what is there if `accumulate`. Outputs behind the last row and column are read: they are zero.
 */
export function depthwiseGatherSquares(
  dy: usize,
  dyPitch: usize,
  u: usize,
  uPitch: usize,
  columns: i32,
  channels: i32,
  lanes: i32,
  weights: usize,
  accumulate: i32,
): void {
  const rowBytes = (<usize>lanes) << 2
  const tile = <usize>channels * rowBytes
  const end = weights + <usize>channels * 36
  for (let w = 0; w < columns; w++) {
    for (let at = weights; at < end; at += 36) {
      const w0 = v128.load_splat<f32>(at)
      const w1 = v128.load_splat<f32>(at, 4)
      const w2 = v128.load_splat<f32>(at, 8)
      const w3 = v128.load_splat<f32>(at, 12)
      const w4 = v128.load_splat<f32>(at, 16)
      const w5 = v128.load_splat<f32>(at, 20)
      const w6 = v128.load_splat<f32>(at, 24)
      const w7 = v128.load_splat<f32>(at, 28)
      const w8 = v128.load_splat<f32>(at, 32)
      for (const last = u + rowBytes; u < last; u += 16) {
        const below = dy + dyPitch
        const lower = u + uPitch
        const here = v128.load(dy)
        const right = v128.load(dy + tile)
        put(u, f32x4.mul(w4, here), accumulate)
        put(u + tile, addProduct(w5, here, f32x4.mul(w3, right)), accumulate)
        const under = v128.load(below)
        put(lower, addProduct(w7, here, f32x4.mul(w1, under)), accumulate)
        const sum = addProduct(w2, under, f32x4.mul(w0, v128.load(below + tile)))
        put(lower + tile, addProduct(w8, here, addProduct(w6, right, sum)), accumulate)
        dy += 16
      }
    }
    u += tile
  }
}

function put(place: usize, value: v128, accumulate: i32): void {
  v128.store(place, accumulate ? f32x4.add(value, v128.load(place)) : value)
}
