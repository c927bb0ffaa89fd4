// Depthwise 3x3 convolutions on one row of tiles: every channel is a sum of nine numbers. `weights` is [channels][9], in the
// order of the taps. `pitch` and `tile` are the distances between the rows and columns of a window; with both negative and
// `x` at the window's last pixel the taps are turned round, which is the adjoint.
//
// Sums are stored after each row of taps, though more is added to them: that pins them (pin.ts), and makes products a quarter faster.

import { putSum } from './elementwise'
import { addProduct } from './fused'

/** `y[c] (+)= sum_t weights[c][t] * x[tap t][c]` for each of `columns` tiles. */
export function depthwiseProduct(
  x: usize,
  xStep: usize,
  y: usize,
  yStep: usize,
  columns: i32,
  channels: i32,
  lanes: i32,
  weights: usize,
  pitch: usize,
  tile: usize,
  accumulate: i32,
): void {
  const end = weights + <usize>channels * 36
  const rowBytes = (<usize>lanes) << 2
  let w = 0
  // Windows of neighbours share two of three columns. Where taps are turned round, the neighbour comes first.
  if (xStep == tile || xStep == 0 - tile) {
    const ahead = xStep == tile ? 0 : xStep
    const first = xStep == tile ? 0 : yStep
    for (; w + 1 < columns; w += 2) {
      productOfPair(x + ahead, y + first, y + yStep - first, weights, end, rowBytes, pitch, tile, accumulate)
      x += 2 * xStep
      y += 2 * yStep
    }
  }
  for (; w < columns; w++) {
    productOfPixel(x, y, weights, end, rowBytes, pitch, tile, accumulate)
    x += xStep
    y += yStep
  }
}

function productOfPixel(
  x: usize,
  y: usize,
  weights: usize,
  end: usize,
  rowBytes: usize,
  pitch: usize,
  tile: usize,
  accumulate: i32,
): void {
  let p0 = x
  let p1 = x + pitch
  let p2 = p1 + pitch
  for (; weights < end; weights += 36) {
    const w0 = v128.load_splat<f32>(weights)
    const w1 = v128.load_splat<f32>(weights, 4)
    const w2 = v128.load_splat<f32>(weights, 8)
    const w3 = v128.load_splat<f32>(weights, 12)
    const w4 = v128.load_splat<f32>(weights, 16)
    const w5 = v128.load_splat<f32>(weights, 20)
    const w6 = v128.load_splat<f32>(weights, 24)
    const w7 = v128.load_splat<f32>(weights, 28)
    const w8 = v128.load_splat<f32>(weights, 32)
    for (const last = y + rowBytes; y < last; y += 16) {
      let a = f32x4.mul(w0, v128.load(p0))
      a = addProduct(w1, v128.load(p0 + tile), a)
      a = addProduct(w2, v128.load(p0 + 2 * tile), a)
      if (accumulate) a = f32x4.add(a, v128.load(y))
      v128.store(y, a)
      a = addProduct(w3, v128.load(p1), a)
      a = addProduct(w4, v128.load(p1 + tile), a)
      a = addProduct(w5, v128.load(p1 + 2 * tile), a)
      v128.store(y, a)
      a = addProduct(w6, v128.load(p2), a)
      a = addProduct(w7, v128.load(p2 + tile), a)
      a = addProduct(w8, v128.load(p2 + 2 * tile), a)
      v128.store(y, a)
      p0 += 16
      p1 += 16
      p2 += 16
    }
  }
}

/** Two outputs, `y` at the window of `x` and `z` at the one a tile further. */
function productOfPair(
  x: usize,
  y: usize,
  z: usize,
  weights: usize,
  end: usize,
  rowBytes: usize,
  pitch: usize,
  tile: usize,
  accumulate: i32,
): void {
  let p0 = x
  let p1 = x + pitch
  let p2 = p1 + pitch
  for (; weights < end; weights += 36) {
    const w0 = v128.load_splat<f32>(weights)
    const w1 = v128.load_splat<f32>(weights, 4)
    const w2 = v128.load_splat<f32>(weights, 8)
    const w3 = v128.load_splat<f32>(weights, 12)
    const w4 = v128.load_splat<f32>(weights, 16)
    const w5 = v128.load_splat<f32>(weights, 20)
    const w6 = v128.load_splat<f32>(weights, 24)
    const w7 = v128.load_splat<f32>(weights, 28)
    const w8 = v128.load_splat<f32>(weights, 32)
    for (const last = y + rowBytes; y < last; y += 16) {
      let u = v128.load(p0)
      let v = v128.load(p0 + tile)
      let a = addProduct(w1, v, f32x4.mul(w0, u))
      let b = f32x4.mul(w0, v)
      u = v128.load(p0 + 2 * tile)
      a = addProduct(w2, u, a)
      b = addProduct(w1, u, b)
      b = addProduct(w2, v128.load(p0 + 3 * tile), b)
      if (accumulate) {
        a = f32x4.add(a, v128.load(y))
        b = f32x4.add(b, v128.load(z))
      }
      v128.store(z, b)
      u = v128.load(p1)
      v = v128.load(p1 + tile)
      a = addProduct(w4, v, addProduct(w3, u, a))
      b = addProduct(w3, v, b)
      u = v128.load(p1 + 2 * tile)
      a = addProduct(w5, u, a)
      b = addProduct(w4, u, b)
      b = addProduct(w5, v128.load(p1 + 3 * tile), b)
      v128.store(z, b)
      u = v128.load(p2)
      v = v128.load(p2 + tile)
      a = addProduct(w7, v, addProduct(w6, u, a))
      b = addProduct(w6, v, b)
      u = v128.load(p2 + 2 * tile)
      a = addProduct(w8, u, a)
      b = addProduct(w7, u, b)
      b = addProduct(w8, v128.load(p2 + 3 * tile), b)
      v128.store(y, a)
      v128.store(z, b)
      p0 += 16
      p1 += 16
      p2 += 16
      z += 16
    }
  }
}

/** `x[tap t][c] += weights[c][t] * y[c]`: the adjoint in scatter form, for layers with a stride. */
export function depthwiseScatter(
  x: usize,
  xStep: usize,
  y: usize,
  yStep: usize,
  columns: i32,
  channels: i32,
  lanes: i32,
  weights: usize,
  pitch: usize,
  tile: usize,
): void {
  const rowBytes = (<usize>lanes) << 2
  for (let w = 0; w < columns; w++) {
    for (let kh: usize = 0; kh < 3; kh++) {
      let p = x + kh * pitch
      let q = y
      for (let at = weights + kh * 12, end = at + <usize>channels * 36; at < end; at += 36) {
        const w0 = v128.load_splat<f32>(at)
        const w1 = v128.load_splat<f32>(at, 4)
        const w2 = v128.load_splat<f32>(at, 8)
        for (const last = q + rowBytes; q < last; q += 16) {
          const v = v128.load(q)
          v128.store(p, addProduct(w0, v, v128.load(p)))
          v128.store(p + tile, addProduct(w1, v, v128.load(p + tile)))
          v128.store(p + 2 * tile, addProduct(w2, v, v128.load(p + 2 * tile)))
          p += 16
        }
      }
    }
    x += xStep
    y += yStep
  }
}

/**
 * `gradient[c][t] (+)= <x[tap t][c], y[c]>` over one row of tiles, assigned where `first` is 0; channels `slice` of `slices`.
 * `sums`: 144 bytes a channel that nobody else uses meanwhile.
 */
export function depthwiseGradient(
  x: usize,
  xStep: usize,
  y: usize,
  yStep: usize,
  columns: i32,
  channels: i32,
  lanes: i32,
  gradient: usize,
  pitch: usize,
  tile: usize,
  sums: usize,
  first: i32,
  slice: i32,
  slices: i32,
): void {
  const rowBytes = (<usize>lanes) << 2
  const begin = <usize>((channels * slice) / slices)
  const end = <usize>((channels * (slice + 1)) / slices)
  memory.fill(sums + begin * 144, 0, (end - begin) * 144)
  x += begin * rowBytes
  y += begin * rowBytes
  for (let w = 0; w < columns; w++) {
    for (let kh: usize = 0; kh < 3; kh++) {
      let p = x + kh * pitch
      let q = y
      for (let to = sums + begin * 144 + kh * 48, stop = sums + end * 144; to < stop; to += 144) {
        let s0 = v128.load(to)
        let s1 = v128.load(to, 16)
        let s2 = v128.load(to, 32)
        for (const last = q + rowBytes; q < last; q += 16) {
          const v = v128.load(q)
          s0 = addProduct(v, v128.load(p), s0)
          s1 = addProduct(v, v128.load(p + tile), s1)
          s2 = addProduct(v, v128.load(p + 2 * tile), s2)
          p += 16
        }
        v128.store(to, s0)
        v128.store(to, s1, 16)
        v128.store(to, s2, 32)
      }
    }
    x += xStep
    y += yStep
  }
  for (let e = begin * 36; e < end * 36; e += 4) putSum(gradient + e, v128.load(sums + (e << 2)), first)
}
