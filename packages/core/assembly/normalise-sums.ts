// The sums over a normalised sum's gradient (normalise.ts) that a batch norm needs before normalise-gradient.ts can write the gradient of its
// input. Moments are batchnorm.ts's. Tiles are [channels][lanes] float32; lanes without an image have no gradient.

import { addLaneSums } from './elementwise'
import { addProduct } from './fused'
import { quarterOf } from './quarters'
import { passed, signOfOutput, signOfSum } from './sign-of-sum'

/**
 * Adds one row of tiles to the sums of a block's gradients: for each channel `[sum g, sum g * (x - mean)]` in float64 in `totals`,
 * which turn 0 clears. `g` is `dy`, zero where the rectified sum was not positive; `sign` says where that is read; `y` is
 * the output, for `signOfOutput`, and then `g` replaces `dy`, for other readers. `sums`: 32 bytes a channel that nobody else uses
 * meanwhile.
 */
export function normaliseSums(
  x: usize,
  dy: usize,
  y: usize,
  columns: i32,
  channels: i32,
  lanes: i32,
  moments: usize,
  sign: i32,
  sums: usize,
  totals: usize,
  turn: i32,
): void {
  if (turn == 0) memory.fill(totals, 0, (<usize>channels) << 4)
  memory.fill(sums, 0, (<usize>channels) << 5)
  sumsOfRow(x, dy, y, columns, channels, lanes, moments, sign, sums)
  for (let c: usize = 0; c < <usize>channels; c++) {
    const from = sums + (c << 5)
    addLaneSums(totals + (c << 4), v128.load(from), v128.load(from, 16))
  }
}

/** From a block's totals to its gradients of weight, `sum g * xhat`, and bias, `sum g`. */
export function normaliseTotals(
  totals: usize,
  channels: i32,
  moments: usize,
  weightGradient: usize,
  biasGradient: usize,
): void {
  const array = (<usize>channels) << 2
  for (let c: usize = 0; c < <usize>channels; c++) {
    const inverse = <f64>load<f32>(moments + array + (c << 2))
    store<f32>(weightGradient + (c << 2), <f32>(load<f64>(totals + (c << 4), 8) * inverse))
    store<f32>(biasGradient + (c << 2), <f32>load<f64>(totals + (c << 4)))
  }
}

/** `sums`: for each channel four lanes of `sum g` and of `sum g * (x - mean)`. */
function sumsOfRow(
  x: usize,
  dy: usize,
  y: usize,
  columns: i32,
  channels: i32,
  lanes: i32,
  moments: usize,
  sign: i32,
  sums: usize,
): void {
  const rowBytes = (<usize>lanes) << 2
  const array = (<usize>channels) << 2
  const tileBytes = <usize>channels * rowBytes
  const quarter = quarterOf(columns)
  const apart = <usize>quarter * tileBytes
  for (let w = 0; w < quarter; w++) {
    if (sign == signOfSum) rectifiedSumsOfFour(x, dy, apart, rowBytes, moments, array, sums)
    else if (sign == signOfOutput) sumsBehindFour(x, dy, y, apart, rowBytes, moments, array, sums)
    else sumsOfFour(x, dy, apart, rowBytes, moments, array, sums)
    x += tileBytes
    dy += tileBytes
    y += tileBytes
  }
  x += 3 * apart
  dy += 3 * apart
  y += 3 * apart
  for (let w = 4 * quarter; w < columns; w++) {
    let to = sums
    for (let at = moments, end = at + array; at < end; at += 4) {
      const mean = v128.load_splat<f32>(at)
      const last = x + rowBytes
      let s = v128.load(to)
      let q = v128.load(to, 16)
      if (sign == signOfSum) {
        const scale = v128.load_splat<f32>(at + 2 * array)
        const shift = v128.load_splat<f32>(at + 3 * array)
        for (; x < last; x += 16) {
          const value = v128.load(x)
          const g = passed(v128.load(dy), value, scale, shift)
          s = f32x4.add(s, g)
          q = addProduct(g, f32x4.sub(value, mean), q)
          dy += 16
        }
      } else if (sign == signOfOutput) {
        for (; x < last; x += 16) {
          const g = passedBehind(dy, y)
          s = f32x4.add(s, g)
          q = addProduct(g, f32x4.sub(v128.load(x), mean), q)
          dy += 16
          y += 16
        }
      } else {
        for (; x < last; x += 16) {
          const g = v128.load(dy)
          s = f32x4.add(s, g)
          q = addProduct(g, f32x4.sub(v128.load(x), mean), q)
          dy += 16
        }
      }
      v128.store(to, s)
      v128.store(to, q, 16)
      to += 32
    }
  }
}

/**
 * What four pixels, `apart` bytes from each other, add to the sums of a row where the sign of the sum is found again. Two chains: one would
 * take longer.
 */
function rectifiedSumsOfFour(
  x: usize,
  dy: usize,
  apart: usize,
  rowBytes: usize,
  moments: usize,
  array: usize,
  sums: usize,
): void {
  for (const end = moments + array; moments < end; moments += 4) {
    const mean = v128.load_splat<f32>(moments)
    const scale = v128.load_splat<f32>(moments + 2 * array)
    const shift = v128.load_splat<f32>(moments + 3 * array)
    let s = v128.load(sums)
    let q = v128.load(sums, 16)
    let t = f32x4.splat(0)
    let u = t
    for (const last = x + rowBytes; x < last; x += 16) {
      let value = v128.load(x)
      let g = passed(v128.load(dy), value, scale, shift)
      s = f32x4.add(s, g)
      q = addProduct(g, f32x4.sub(value, mean), q)
      value = v128.load(x + apart)
      g = passed(v128.load(dy + apart), value, scale, shift)
      t = f32x4.add(t, g)
      u = addProduct(g, f32x4.sub(value, mean), u)
      value = v128.load(x + 2 * apart)
      g = passed(v128.load(dy + 2 * apart), value, scale, shift)
      s = f32x4.add(s, g)
      q = addProduct(g, f32x4.sub(value, mean), q)
      value = v128.load(x + 3 * apart)
      g = passed(v128.load(dy + 3 * apart), value, scale, shift)
      t = f32x4.add(t, g)
      u = addProduct(g, f32x4.sub(value, mean), u)
      dy += 16
    }
    v128.store(sums, f32x4.add(s, t))
    v128.store(sums, f32x4.add(q, u), 16)
    sums += 32
  }
}

/** The same where no sign is asked for. */
function sumsOfFour(
  x: usize,
  dy: usize,
  apart: usize,
  rowBytes: usize,
  moments: usize,
  array: usize,
  sums: usize,
): void {
  for (const end = moments + array; moments < end; moments += 4) {
    const mean = v128.load_splat<f32>(moments)
    let s = v128.load(sums)
    let q = v128.load(sums, 16)
    let t = f32x4.splat(0)
    let u = t
    for (const last = x + rowBytes; x < last; x += 16) {
      let g = v128.load(dy)
      s = f32x4.add(s, g)
      q = addProduct(g, f32x4.sub(v128.load(x), mean), q)
      g = v128.load(dy + apart)
      t = f32x4.add(t, g)
      u = addProduct(g, f32x4.sub(v128.load(x + apart), mean), u)
      g = v128.load(dy + 2 * apart)
      s = f32x4.add(s, g)
      q = addProduct(g, f32x4.sub(v128.load(x + 2 * apart), mean), q)
      g = v128.load(dy + 3 * apart)
      t = f32x4.add(t, g)
      u = addProduct(g, f32x4.sub(v128.load(x + 3 * apart), mean), u)
      dy += 16
    }
    v128.store(sums, f32x4.add(s, t))
    v128.store(sums, f32x4.add(q, u), 16)
    sums += 32
  }
}

/** `dy`, zero where the output `y` is not positive; it replaces `dy`. */
function passedBehind(dy: usize, y: usize): v128 {
  const g = v128.and(v128.load(dy), f32x4.gt(v128.load(y), f32x4.splat(0)))
  v128.store(dy, g)
  return g
}

/** The same where the sign is that of the output; a branch inside {@link sumsOfFour} instead takes 40% longer in the cache. */
function sumsBehindFour(
  x: usize,
  dy: usize,
  y: usize,
  apart: usize,
  rowBytes: usize,
  moments: usize,
  array: usize,
  sums: usize,
): void {
  for (const end = moments + array; moments < end; moments += 4) {
    const mean = v128.load_splat<f32>(moments)
    let s = v128.load(sums)
    let q = v128.load(sums, 16)
    let t = f32x4.splat(0)
    let u = t
    for (const last = x + rowBytes; x < last; x += 16) {
      let g = passedBehind(dy, y)
      s = f32x4.add(s, g)
      q = addProduct(g, f32x4.sub(v128.load(x), mean), q)
      g = passedBehind(dy + apart, y + apart)
      t = f32x4.add(t, g)
      u = addProduct(g, f32x4.sub(v128.load(x + apart), mean), u)
      g = passedBehind(dy + 2 * apart, y + 2 * apart)
      s = f32x4.add(s, g)
      q = addProduct(g, f32x4.sub(v128.load(x + 2 * apart), mean), q)
      g = passedBehind(dy + 3 * apart, y + 3 * apart)
      t = f32x4.add(t, g)
      u = addProduct(g, f32x4.sub(v128.load(x + 3 * apart), mean), u)
      dy += 16
      y += 16
    }
    v128.store(sums, f32x4.add(s, t))
    v128.store(sums, f32x4.add(q, u), 16)
    sums += 32
  }
}
