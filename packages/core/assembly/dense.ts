// Dense kernels on one row of output tiles, forward and input gradient: the baseline of every table. Weights are [Cout][patch] in patch order;
// `offsets[n]` is the byte offset of patch entry n's input row from the patch's first tile (of group 0), and
// `groupBytes` the distance between the channels of neighbouring groups.

import { addProduct } from './fused'

/** `y[o] = sum_n W[o][n] x[n]` for each of `columns` tiles. Blocks of 4 outputs by 8 lanes, or 2 by 16, stay in registers. */
export function denseForward(
  x: usize,
  xStep: usize,
  y: usize,
  yStep: usize,
  columns: i32,
  channels: i32,
  groups: i32,
  patch: i32,
  lanes: i32,
  weights: usize,
  offsets: usize,
  groupBytes: usize,
): void {
  const rowBytes = (<usize>lanes) << 2
  const groupChannels = channels / groups
  const weightRow = (<usize>patch) << 2
  for (let w = 0; w < columns; w++) {
    for (let g = 0; g < groups; g++) {
      const px = x + <usize>g * groupBytes
      let o = g * groupChannels
      const end = o + groupChannels
      while (o < end) {
        const block = blockOf(end - o)
        const py = y + <usize>o * rowBytes
        const pw = weights + <usize>o * weightRow
        let i: usize = 0
        if (block == 2) {
          for (; i + 64 <= rowBytes; i += 64) forward2x16(px + i, py + i, rowBytes, pw, weightRow, offsets)
        }
        for (; i + 32 <= rowBytes; i += 32) {
          if (block == 4) forward4x8(px + i, py + i, rowBytes, pw, weightRow, offsets)
          else if (block == 2) forward2x8(px + i, py + i, rowBytes, pw, weightRow, offsets)
          else forward1x8(px + i, py + i, pw, weightRow, offsets)
        }
        for (; i < rowBytes; i += 16) {
          for (let k: usize = 0; k < <usize>block; k++) {
            forward1x4(px + i, py + k * rowBytes + i, pw + k * weightRow, weightRow, offsets)
          }
        }
        o += block
      }
    }
    x += xStep
    y += yStep
  }
}

/**
 * Channels that are computed together, of those that are left. Eight sums hide the latency of multiply-adds; V8 loads all that an
 * iteration reads before it adds, so that more sums no longer stay in registers.
 */
export function blockOf(left: i32): i32 {
  if (left >= 4) return 4
  return left >= 2 ? 2 : 1
}

function storePair(target: usize, first: v128, second: v128): void {
  v128.store(target, first)
  v128.store(target, second, 16)
}

function forward2x16(
  x: usize,
  y: usize,
  rowBytes: usize,
  weights: usize,
  weightRow: usize,
  offsets: usize,
): void {
  let a0 = f32x4.splat(0)
  let a1 = a0
  let a2 = a0
  let a3 = a0
  let b0 = a0
  let b1 = a0
  let b2 = a0
  let b3 = a0
  const wb = weights + weightRow
  for (let n: usize = 0; n < weightRow; n += 4) {
    const p = x + load<u32>(offsets + n)
    const x0 = v128.load(p)
    const x1 = v128.load(p, 16)
    const x2 = v128.load(p, 32)
    const x3 = v128.load(p, 48)
    let v = v128.load_splat<f32>(weights + n)
    a0 = addProduct(v, x0, a0)
    a1 = addProduct(v, x1, a1)
    a2 = addProduct(v, x2, a2)
    a3 = addProduct(v, x3, a3)
    v = v128.load_splat<f32>(wb + n)
    b0 = addProduct(v, x0, b0)
    b1 = addProduct(v, x1, b1)
    b2 = addProduct(v, x2, b2)
    b3 = addProduct(v, x3, b3)
  }
  storePair(y, a0, a1)
  storePair(y + 32, a2, a3)
  storePair(y + rowBytes, b0, b1)
  storePair(y + rowBytes + 32, b2, b3)
}

function forward2x8(
  x: usize,
  y: usize,
  rowBytes: usize,
  weights: usize,
  weightRow: usize,
  offsets: usize,
): void {
  let a0 = f32x4.splat(0)
  let a1 = a0
  let b0 = a0
  let b1 = a0
  const wb = weights + weightRow
  for (let n: usize = 0; n < weightRow; n += 4) {
    const p = x + load<u32>(offsets + n)
    const x0 = v128.load(p)
    const x1 = v128.load(p, 16)
    let v = v128.load_splat<f32>(weights + n)
    a0 = addProduct(v, x0, a0)
    a1 = addProduct(v, x1, a1)
    v = v128.load_splat<f32>(wb + n)
    b0 = addProduct(v, x0, b0)
    b1 = addProduct(v, x1, b1)
  }
  storePair(y, a0, a1)
  storePair(y + rowBytes, b0, b1)
}

function forward1x8(x: usize, y: usize, weights: usize, weightRow: usize, offsets: usize): void {
  let a0 = f32x4.splat(0)
  let a1 = a0
  for (let n: usize = 0; n < weightRow; n += 4) {
    const p = x + load<u32>(offsets + n)
    const v = v128.load_splat<f32>(weights + n)
    a0 = addProduct(v, v128.load(p), a0)
    a1 = addProduct(v, v128.load(p, 16), a1)
  }
  storePair(y, a0, a1)
}

function forward4x8(
  x: usize,
  y: usize,
  rowBytes: usize,
  weights: usize,
  weightRow: usize,
  offsets: usize,
): void {
  let a0 = f32x4.splat(0)
  let a1 = a0
  let b0 = a0
  let b1 = a0
  let c0 = a0
  let c1 = a0
  let d0 = a0
  let d1 = a0
  const wb = weights + weightRow
  const wc = wb + weightRow
  const wd = wc + weightRow
  for (let n: usize = 0; n < weightRow; n += 4) {
    const p = x + load<u32>(offsets + n)
    const x0 = v128.load(p)
    const x1 = v128.load(p, 16)
    let v = v128.load_splat<f32>(weights + n)
    a0 = addProduct(v, x0, a0)
    a1 = addProduct(v, x1, a1)
    v = v128.load_splat<f32>(wb + n)
    b0 = addProduct(v, x0, b0)
    b1 = addProduct(v, x1, b1)
    v = v128.load_splat<f32>(wc + n)
    c0 = addProduct(v, x0, c0)
    c1 = addProduct(v, x1, c1)
    v = v128.load_splat<f32>(wd + n)
    d0 = addProduct(v, x0, d0)
    d1 = addProduct(v, x1, d1)
  }
  storePair(y, a0, a1)
  storePair(y + rowBytes, b0, b1)
  storePair(y + 2 * rowBytes, c0, c1)
  storePair(y + 3 * rowBytes, d0, d1)
}

function forward1x4(x: usize, y: usize, weights: usize, weightRow: usize, offsets: usize): void {
  let sum = f32x4.splat(0)
  for (let n: usize = 0; n < weightRow; n += 4) {
    sum = addProduct(v128.load_splat<f32>(weights + n), v128.load(x + load<u32>(offsets + n)), sum)
  }
  v128.store(y, sum)
}

/** `dx[n] += sum_o W[o][n] dy[o]`, the adjoint of {@link denseForward}. */
export function denseInputGradient(
  dx: usize,
  xStep: usize,
  dy: usize,
  yStep: usize,
  columns: i32,
  channels: i32,
  groups: i32,
  patch: i32,
  lanes: i32,
  weights: usize,
  offsets: usize,
  groupBytes: usize,
): void {
  const rowBytes = (<usize>lanes) << 2
  const groupChannels = channels / groups
  const weightRow = (<usize>patch) << 2
  for (let w = 0; w < columns; w++) {
    for (let g = 0; g < groups; g++) {
      const px = dx + <usize>g * groupBytes
      const py = dy + <usize>(g * groupChannels) * rowBytes
      const pw = weights + <usize>(g * groupChannels) * weightRow
      let n = 0
      for (; n + 4 <= patch; n += 4) {
        for (let i: usize = 0; i < rowBytes; i += 32) {
          if (i + 32 <= rowBytes)
            inputGradient4x8(
              px + i,
              py + i,
              rowBytes,
              pw + ((<usize>n) << 2),
              weightRow,
              offsets + ((<usize>n) << 2),
              groupChannels,
            )
          else
            for (let k = 0; k < 4; k++)
              inputGradient1x4(
                px + i,
                py + i,
                rowBytes,
                pw + ((<usize>(n + k)) << 2),
                weightRow,
                offsets + ((<usize>(n + k)) << 2),
                groupChannels,
              )
        }
      }
      for (; n < patch; n++) {
        for (let i: usize = 0; i < rowBytes; i += 16) {
          inputGradient1x4(
            px + i,
            py + i,
            rowBytes,
            pw + ((<usize>n) << 2),
            weightRow,
            offsets + ((<usize>n) << 2),
            groupChannels,
          )
        }
      }
    }
    dx += xStep
    dy += yStep
  }
}

function inputGradient4x8(
  dx: usize,
  dy: usize,
  rowBytes: usize,
  weights: usize,
  weightRow: usize,
  offsets: usize,
  channels: i32,
): void {
  const pa = dx + load<u32>(offsets)
  const pb = dx + load<u32>(offsets, 4)
  const pc = dx + load<u32>(offsets, 8)
  const pd = dx + load<u32>(offsets, 12)
  let a0 = v128.load(pa)
  let a1 = v128.load(pa, 16)
  let b0 = v128.load(pb)
  let b1 = v128.load(pb, 16)
  let c0 = v128.load(pc)
  let c1 = v128.load(pc, 16)
  let d0 = v128.load(pd)
  let d1 = v128.load(pd, 16)
  for (let o = 0; o < channels; o++) {
    const y0 = v128.load(dy)
    const y1 = v128.load(dy, 16)
    let v = v128.load_splat<f32>(weights)
    a0 = addProduct(v, y0, a0)
    a1 = addProduct(v, y1, a1)
    v = v128.load_splat<f32>(weights, 4)
    b0 = addProduct(v, y0, b0)
    b1 = addProduct(v, y1, b1)
    v = v128.load_splat<f32>(weights, 8)
    c0 = addProduct(v, y0, c0)
    c1 = addProduct(v, y1, c1)
    v = v128.load_splat<f32>(weights, 12)
    d0 = addProduct(v, y0, d0)
    d1 = addProduct(v, y1, d1)
    dy += rowBytes
    weights += weightRow
  }
  v128.store(pa, a0)
  v128.store(pa, a1, 16)
  v128.store(pb, b0)
  v128.store(pb, b1, 16)
  v128.store(pc, c0)
  v128.store(pc, c1, 16)
  v128.store(pd, d0)
  v128.store(pd, d1, 16)
}

function inputGradient1x4(
  dx: usize,
  dy: usize,
  rowBytes: usize,
  weights: usize,
  weightRow: usize,
  offsets: usize,
  channels: i32,
): void {
  const p = dx + load<u32>(offsets)
  let sum = v128.load(p)
  for (let o = 0; o < channels; o++) {
    sum = addProduct(v128.load_splat<f32>(weights), v128.load(dy), sum)
    dy += rowBytes
    weights += weightRow
  }
  v128.store(p, sum)
}
