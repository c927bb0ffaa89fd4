// The weight gradient of dense kernels on one row of output tiles. Operands as in dense.ts.

import { blockOf } from './dense'
import { dotTiles, putSum } from './elementwise'
import { addProduct } from './fused'

/**
 * `dW[o][n] (+)= <dy[o], x[n]>` over one row of tiles, for the part `slice` of `slices` of the blocks of channels; assigned
 * when `first` is 0. The blocks are the same for every slicing, and so are the bits.
 */
export function denseGradient(
  x: usize,
  xStep: usize,
  dy: usize,
  yStep: usize,
  columns: i32,
  channels: i32,
  groups: i32,
  patch: i32,
  lanes: i32,
  gradient: usize,
  offsets: usize,
  groupBytes: usize,
  first: i32,
  slice: i32,
  slices: i32,
): void {
  const rowBytes = (<usize>lanes) << 2
  const groupChannels = channels / groups
  const blocks = (groupChannels + 3) / 4
  const end = (groups * blocks * (slice + 1)) / slices
  for (let u = (groups * blocks * slice) / slices; u < end; u++) {
    const group = u / blocks
    const px = x + <usize>group * groupBytes
    let o = (u % blocks) * 4
    const last = group * groupChannels + min(o + 4, groupChannels)
    o += group * groupChannels
    while (o < last) {
      const rows = blockOf(last - o)
      const py = dy + <usize>o * rowBytes
      let slot = gradient + ((<usize>(o * patch)) << 2)
      const slotRow = (<usize>patch) << 2
      let n = 0
      if (rows == 2) {
        for (; n + 4 <= patch; n += 4) {
          const at = offsets + ((<usize>n) << 2)
          gradient2x4(
            px + load<u32>(at),
            px + load<u32>(at, 4),
            px + load<u32>(at, 8),
            px + load<u32>(at, 12),
            xStep,
            py,
            yStep,
            columns,
            rowBytes,
            slot,
            slotRow,
            first,
          )
          slot += 16
        }
      }
      for (; n + 2 <= patch; n += 2) {
        const pa = px + load<u32>(offsets + ((<usize>n) << 2))
        const pb = px + load<u32>(offsets + ((<usize>n) << 2), 4)
        if (rows == 4) gradient4x2(pa, pb, xStep, py, yStep, columns, rowBytes, slot, slotRow, first)
        else if (rows == 2) gradient2x2(pa, pb, xStep, py, yStep, columns, rowBytes, slot, slotRow, first)
        else {
          dotTiles(pa, xStep, py, yStep, columns, rowBytes, slot, first)
          dotTiles(pb, xStep, py, yStep, columns, rowBytes, slot + 4, first)
        }
        slot += 8
      }
      if (n < patch) {
        const pa = px + load<u32>(offsets + ((<usize>n) << 2))
        for (let k: usize = 0; k < <usize>rows; k++) {
          dotTiles(pa, xStep, py + k * rowBytes, yStep, columns, rowBytes, slot + k * slotRow, first)
        }
      }
      o += rows
    }
  }
}

function gradient4x2(
  pa: usize,
  pb: usize,
  xStep: usize,
  dy: usize,
  yStep: usize,
  columns: i32,
  rowBytes: usize,
  slot: usize,
  slotRow: usize,
  first: i32,
): void {
  let a0 = f32x4.splat(0)
  let a1 = a0
  let b0 = a0
  let b1 = a0
  let c0 = a0
  let c1 = a0
  let d0 = a0
  let d1 = a0
  for (let w = 0; w < columns; w++) {
    let py = dy
    for (let i: usize = 0; i < rowBytes; i += 16) {
      const x0 = v128.load(pa + i)
      const x1 = v128.load(pb + i)
      let v = v128.load(py)
      a0 = addProduct(v, x0, a0)
      a1 = addProduct(v, x1, a1)
      v = v128.load(py + rowBytes)
      b0 = addProduct(v, x0, b0)
      b1 = addProduct(v, x1, b1)
      v = v128.load(py + 2 * rowBytes)
      c0 = addProduct(v, x0, c0)
      c1 = addProduct(v, x1, c1)
      v = v128.load(py + 3 * rowBytes)
      d0 = addProduct(v, x0, d0)
      d1 = addProduct(v, x1, d1)
      py += 16
    }
    pa += xStep
    pb += xStep
    dy += yStep
  }
  putPair(slot, a0, a1, first)
  putPair(slot + slotRow, b0, b1, first)
  putPair(slot + 2 * slotRow, c0, c1, first)
  putPair(slot + 3 * slotRow, d0, d1, first)
}

function putPair(slot: usize, sum: v128, next: v128, first: i32): void {
  putSum(slot, sum, first)
  putSum(slot + 4, next, first)
}

function gradient2x4(
  pa: usize,
  pb: usize,
  pc: usize,
  pd: usize,
  xStep: usize,
  dy: usize,
  yStep: usize,
  columns: i32,
  rowBytes: usize,
  slot: usize,
  slotRow: usize,
  first: i32,
): void {
  let a0 = f32x4.splat(0)
  let a1 = a0
  let a2 = a0
  let a3 = a0
  let b0 = a0
  let b1 = a0
  let b2 = a0
  let b3 = a0
  for (let w = 0; w < columns; w++) {
    for (let i: usize = 0; i < rowBytes; i += 16) {
      const x0 = v128.load(pa + i)
      const x1 = v128.load(pb + i)
      const x2 = v128.load(pc + i)
      const x3 = v128.load(pd + i)
      let v = v128.load(dy + i)
      a0 = addProduct(v, x0, a0)
      a1 = addProduct(v, x1, a1)
      a2 = addProduct(v, x2, a2)
      a3 = addProduct(v, x3, a3)
      v = v128.load(dy + rowBytes + i)
      b0 = addProduct(v, x0, b0)
      b1 = addProduct(v, x1, b1)
      b2 = addProduct(v, x2, b2)
      b3 = addProduct(v, x3, b3)
    }
    pa += xStep
    pb += xStep
    pc += xStep
    pd += xStep
    dy += yStep
  }
  putPair(slot, a0, a1, first)
  putPair(slot + 8, a2, a3, first)
  putPair(slot + slotRow, b0, b1, first)
  putPair(slot + slotRow + 8, b2, b3, first)
}

function gradient2x2(
  pa: usize,
  pb: usize,
  xStep: usize,
  dy: usize,
  yStep: usize,
  columns: i32,
  rowBytes: usize,
  slot: usize,
  slotRow: usize,
  first: i32,
): void {
  let a0 = f32x4.splat(0)
  let a1 = a0
  let b0 = a0
  let b1 = a0
  for (let w = 0; w < columns; w++) {
    for (let i: usize = 0; i < rowBytes; i += 16) {
      const x0 = v128.load(pa + i)
      const x1 = v128.load(pb + i)
      const v0 = v128.load(dy + i)
      const v1 = v128.load(dy + rowBytes + i)
      a0 = addProduct(v0, x0, a0)
      a1 = addProduct(v0, x1, a1)
      b0 = addProduct(v1, x0, b0)
      b1 = addProduct(v1, x1, b1)
    }
    pa += xStep
    pb += xStep
    dy += yStep
  }
  putPair(slot, a0, a1, first)
  putPair(slot + slotRow, b0, b1, first)
}
