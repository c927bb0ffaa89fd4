// The gradient of a normalised sum (normalise.ts), once normalise-sums.ts has its sums. Moments and coefficients are batchnorm.ts's. Tiles are
// [channels][lanes] float32; lanes without an image get no gradient.

import { isFull } from './batchnorm'
import { addProduct } from './fused'
import { quarterOf } from './quarters'
import { passed, signOfSum } from './sign-of-sum'

/**
 * One row of tiles of `dx (+)= a[c] * g + b[c] * (x - mean[c]) + c[c]` in lanes with an image, zero in the others; `dx` may be `dy`. `g`
 * is `dy`, with `signOfSum` zero where the rectified sum was not positive.
 */
export function normaliseGradient(
  x: usize,
  dy: usize,
  dx: usize,
  columns: i32,
  channels: i32,
  lanes: i32,
  mask: usize,
  moments: usize,
  coefficients: usize,
  sign: i32,
  accumulate: i32,
): void {
  const rowBytes = (<usize>lanes) << 2
  const array = (<usize>channels) << 2
  const partial = !isFull(mask, lanes)
  let w = 0
  if (!accumulate && !partial) {
    const tileBytes = <usize>channels * rowBytes
    const quarter = quarterOf(columns)
    const apart = <usize>quarter * tileBytes
    for (; w < quarter; w++) {
      if (sign == signOfSum) rectifiedGradientOfFour(x, dy, dx, apart, rowBytes, moments, coefficients, array)
      else gradientOfFour(x, dy, dx, apart, rowBytes, moments, coefficients, array)
      x += tileBytes
      dy += tileBytes
      dx += tileBytes
    }
    x += 3 * apart
    dy += 3 * apart
    dx += 3 * apart
    w = 4 * quarter
  }
  for (; w < columns; w++) {
    for (let c: usize = 0; c < array; c += 4) {
      const mean = v128.load_splat<f32>(moments + c)
      const ka = v128.load_splat<f32>(coefficients + c)
      const kb = v128.load_splat<f32>(coefficients + array + c)
      const kc = v128.load_splat<f32>(coefficients + 2 * array + c)
      const scale = v128.load_splat<f32>(moments + 2 * array + c)
      const shift = v128.load_splat<f32>(moments + 3 * array + c)
      if (sign == signOfSum || accumulate || partial) {
        for (let i: usize = 0; i < rowBytes; i += 16) {
          const value = v128.load(x + i)
          let slope = v128.load(dy + i)
          if (sign == signOfSum) slope = passed(slope, value, scale, shift)
          let result = addProduct(ka, slope, addProduct(kb, f32x4.sub(value, mean), kc))
          if (partial) result = v128.and(result, v128.load(mask + i))
          if (accumulate) result = f32x4.add(result, v128.load(dx + i))
          v128.store(dx + i, result)
        }
      } else {
        for (let i: usize = 0; i < rowBytes; i += 16) {
          v128.store(
            dx + i,
            addProduct(ka, v128.load(dy + i), addProduct(kb, f32x4.sub(v128.load(x + i), mean), kc)),
          )
        }
      }
      x += rowBytes
      dy += rowBytes
      dx += rowBytes
    }
  }
}

/** Four pixels, every lane with an image. */
function rectifiedGradientOfFour(
  x: usize,
  dy: usize,
  dx: usize,
  apart: usize,
  rowBytes: usize,
  moments: usize,
  coefficients: usize,
  array: usize,
): void {
  for (const end = moments + array; moments < end; moments += 4) {
    const mean = v128.load_splat<f32>(moments)
    const scale = v128.load_splat<f32>(moments + 2 * array)
    const shift = v128.load_splat<f32>(moments + 3 * array)
    const ka = v128.load_splat<f32>(coefficients)
    const kb = v128.load_splat<f32>(coefficients + array)
    const kc = v128.load_splat<f32>(coefficients + 2 * array)
    for (const last = x + rowBytes; x < last; x += 16) {
      let value = v128.load(x)
      let slope = passed(v128.load(dy), value, scale, shift)
      v128.store(dx, addProduct(ka, slope, addProduct(kb, f32x4.sub(value, mean), kc)))
      value = v128.load(x + apart)
      slope = passed(v128.load(dy + apart), value, scale, shift)
      v128.store(dx + apart, addProduct(ka, slope, addProduct(kb, f32x4.sub(value, mean), kc)))
      value = v128.load(x + 2 * apart)
      slope = passed(v128.load(dy + 2 * apart), value, scale, shift)
      v128.store(dx + 2 * apart, addProduct(ka, slope, addProduct(kb, f32x4.sub(value, mean), kc)))
      value = v128.load(x + 3 * apart)
      slope = passed(v128.load(dy + 3 * apart), value, scale, shift)
      v128.store(dx + 3 * apart, addProduct(ka, slope, addProduct(kb, f32x4.sub(value, mean), kc)))
      dy += 16
      dx += 16
    }
    coefficients += 4
  }
}

/** The same where no sign is asked for. */
function gradientOfFour(
  x: usize,
  dy: usize,
  dx: usize,
  apart: usize,
  rowBytes: usize,
  moments: usize,
  coefficients: usize,
  array: usize,
): void {
  for (const end = moments + array; moments < end; moments += 4) {
    const mean = v128.load_splat<f32>(moments)
    const ka = v128.load_splat<f32>(coefficients)
    const kb = v128.load_splat<f32>(coefficients + array)
    const kc = v128.load_splat<f32>(coefficients + 2 * array)
    for (const last = x + rowBytes; x < last; x += 16) {
      const a = addProduct(kb, f32x4.sub(v128.load(x), mean), kc)
      v128.store(dx, addProduct(ka, v128.load(dy), a))
      const b = addProduct(kb, f32x4.sub(v128.load(x + apart), mean), kc)
      v128.store(dx + apart, addProduct(ka, v128.load(dy + apart), b))
      const c = addProduct(kb, f32x4.sub(v128.load(x + 2 * apart), mean), kc)
      v128.store(dx + 2 * apart, addProduct(ka, v128.load(dy + 2 * apart), c))
      const d = addProduct(kb, f32x4.sub(v128.load(x + 3 * apart), mean), kc)
      v128.store(dx + 3 * apart, addProduct(ka, v128.load(dy + 3 * apart), d))
      dy += 16
      dx += 16
    }
    coefficients += 4
  }
}
