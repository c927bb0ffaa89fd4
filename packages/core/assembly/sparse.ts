// The sparse part S of a layer on one row of tiles, a pixel at a time. One table serves all products: `rows` holds, for each
// channel with entries, the byte offset of the channel in its tile and the end of its entries (4 bytes an entry);
// `offsets[e]` is the byte offset of the entry's partner from the pixel's own pointer. Forward, the channels are outputs and the partners
// input pixels; in the adjoint in gather form, the channels are inputs and the partners output pixels. Convolution, stride
// and groups are all the same loop. Cost and memory follow the stored entries.
//
// Blocks of 32 and 16 images have loops of their own: eight vectors of accumulators stay in registers, of one pixel or of
// two neighbouring ones, so that an entry's offset and value are loaded once for eight multiply-adds.

import { laneSum } from './elementwise'
import { addProduct } from './fused'
import { pin } from './pin'
import { touch } from './touch'

/** `y[channel] (+)= sum_e values[e] * x[offsets[e]]` for each of `columns` tiles. */
export function sparseProduct(
  x: usize,
  xStep: usize,
  y: usize,
  yStep: usize,
  columns: i32,
  lanes: i32,
  rows: usize,
  rowCount: i32,
  offsets: usize,
  touchRows: i32,
  touchPitch: usize,
  touchOffset: usize,
  values: usize,
  accumulate: i32,
): void {
  const end = rows + ((<usize>rowCount) << 3)
  let w = 0
  if (lanes == 32) {
    for (; w < columns; w++) {
      touch(x + touchOffset, touchRows, touchPitch, xStep)
      product8(x, x + 64, y, y + 64, rows, end, offsets, values, accumulate)
      x += xStep
      y += yStep
    }
  } else if (lanes == 16) {
    for (; w + 2 <= columns; w += 2) {
      touch(x + touchOffset, touchRows, touchPitch, 2 * xStep)
      product8(x, x + xStep, y, y + yStep, rows, end, offsets, values, accumulate)
      x += 2 * xStep
      y += 2 * yStep
    }
  }
  const rowBytes = (<usize>lanes) << 2
  for (; w < columns; w++) {
    for (let i: usize = 0; i < rowBytes; i += 16)
      product1(x + i, y + i, rows, end, offsets, values, accumulate)
    x += xStep
    y += yStep
  }
}

/** Two times four vectors, at `xa` and `xb`. */
function product8(
  xa: usize,
  xb: usize,
  ya: usize,
  yb: usize,
  rows: usize,
  end: usize,
  offsets: usize,
  values: usize,
  accumulate: i32,
): void {
  let e: usize = 0
  for (; rows < end; rows += 8) {
    const channel = load<u32>(rows)
    const last = load<u32>(rows, 4)
    const pa = ya + channel
    const pb = yb + channel
    let a0 = f32x4.splat(0)
    let a1 = a0
    let a2 = a0
    let a3 = a0
    let b0 = a0
    let b1 = a0
    let b2 = a0
    let b3 = a0
    if (accumulate) {
      a0 = v128.load(pa)
      a1 = v128.load(pa, 16)
      a2 = v128.load(pa, 32)
      a3 = v128.load(pa, 48)
      b0 = v128.load(pb)
      b1 = v128.load(pb, 16)
      b2 = v128.load(pb, 32)
      b3 = v128.load(pb, 48)
    }
    for (; e < last; e += 4) {
      const offset = load<u32>(offsets + e)
      const v = v128.load_splat<f32>(values + e)
      const qa = xa + offset
      const qb = xb + offset
      a0 = addProduct(v, v128.load(qa), a0)
      a1 = addProduct(v, v128.load(qa, 16), a1)
      a2 = addProduct(v, v128.load(qa, 32), a2)
      a3 = addProduct(v, v128.load(qa, 48), a3)
      pin(pa, a0, a1, a2, a3)
      b0 = addProduct(v, v128.load(qb), b0)
      b1 = addProduct(v, v128.load(qb, 16), b1)
      b2 = addProduct(v, v128.load(qb, 32), b2)
      b3 = addProduct(v, v128.load(qb, 48), b3)
    }
    v128.store(pa, a0)
    v128.store(pa, a1, 16)
    v128.store(pa, a2, 32)
    v128.store(pa, a3, 48)
    v128.store(pb, b0)
    v128.store(pb, b1, 16)
    v128.store(pb, b2, 32)
    v128.store(pb, b3, 48)
  }
}

function product1(
  x: usize,
  y: usize,
  rows: usize,
  end: usize,
  offsets: usize,
  values: usize,
  accumulate: i32,
): void {
  let e: usize = 0
  for (; rows < end; rows += 8) {
    const p = y + load<u32>(rows)
    const last = load<u32>(rows, 4)
    let sum = accumulate ? v128.load(p) : f32x4.splat(0)
    for (; e < last; e += 4) {
      sum = addProduct(v128.load_splat<f32>(values + e), v128.load(x + load<u32>(offsets + e)), sum)
    }
    v128.store(p, sum)
  }
}

/** `x[offsets[e]] += values[e] * y[channel]`: the adjoint in scatter form, for layers with a stride. */
export function sparseScatter(
  x: usize,
  xStep: usize,
  y: usize,
  yStep: usize,
  columns: i32,
  lanes: i32,
  rows: usize,
  rowCount: i32,
  offsets: usize,
  values: usize,
): void {
  const end = rows + ((<usize>rowCount) << 3)
  const rowBytes = (<usize>lanes) << 2
  for (let w = 0; w < columns; w++) {
    let e: usize = 0
    for (let row = rows; row < end; row += 8) {
      const p = y + load<u32>(row)
      const last = load<u32>(row, 4)
      for (; e < last; e += 4) {
        const target = x + load<u32>(offsets + e)
        const v = v128.load_splat<f32>(values + e)
        for (let i: usize = 0; i < rowBytes; i += 16) {
          v128.store(target + i, addProduct(v, v128.load(p + i), v128.load(target + i)))
        }
      }
    }
    x += xStep
    y += yStep
  }
}

/** `sums[e] (+)= x[offsets[e]] * y[channel]`, four partial sums an entry, over one row of tiles; assigned at turn 0. */
export function sparseGradient(
  x: usize,
  xStep: usize,
  y: usize,
  yStep: usize,
  columns: i32,
  lanes: i32,
  rows: usize,
  rowCount: i32,
  offsets: usize,
  touchRows: i32,
  touchPitch: usize,
  touchOffset: usize,
  sums: usize,
  entries: i32,
  turn: i32,
): void {
  if (turn == 0) memory.fill(sums, 0, (<usize>entries) << 4)
  const end = rows + ((<usize>rowCount) << 3)
  let w = 0
  if (lanes == 32) {
    for (; w < columns; w++) {
      touch(x + touchOffset, touchRows, touchPitch, xStep)
      gradient8(x, x + 64, y, y + 64, rows, end, offsets, sums)
      x += xStep
      y += yStep
    }
  } else if (lanes == 16) {
    for (; w + 2 <= columns; w += 2) {
      touch(x + touchOffset, touchRows, touchPitch, 2 * xStep)
      gradient8(x, x + xStep, y, y + yStep, rows, end, offsets, sums)
      x += 2 * xStep
      y += 2 * yStep
    }
  }
  const rowBytes = (<usize>lanes) << 2
  for (; w < columns; w++) {
    for (let i: usize = 0; i < rowBytes; i += 16) gradient1(x + i, y + i, rows, end, offsets, sums)
    x += xStep
    y += yStep
  }
}

function gradient8(
  xa: usize,
  xb: usize,
  ya: usize,
  yb: usize,
  rows: usize,
  end: usize,
  offsets: usize,
  sums: usize,
): void {
  let e: usize = 0
  for (; rows < end; rows += 8) {
    const channel = load<u32>(rows)
    const last = load<u32>(rows, 4)
    const pa = ya + channel
    const pb = yb + channel
    const a0 = v128.load(pa)
    const a1 = v128.load(pa, 16)
    const a2 = v128.load(pa, 32)
    const a3 = v128.load(pa, 48)
    const b0 = v128.load(pb)
    const b1 = v128.load(pb, 16)
    const b2 = v128.load(pb, 32)
    const b3 = v128.load(pb, 48)
    for (; e < last; e += 4) {
      const offset = load<u32>(offsets + e)
      const qa = xa + offset
      const qb = xb + offset
      const target = sums + (e << 2)
      // Two chains: one would take twice as long.
      let s = addProduct(a0, v128.load(qa), v128.load(target))
      s = addProduct(a1, v128.load(qa, 16), s)
      s = addProduct(a2, v128.load(qa, 32), s)
      s = addProduct(a3, v128.load(qa, 48), s)
      // Pins the first (pin.ts).
      v128.store(target, s)
      let t = f32x4.mul(b0, v128.load(qb))
      t = addProduct(b1, v128.load(qb, 16), t)
      t = addProduct(b2, v128.load(qb, 32), t)
      t = addProduct(b3, v128.load(qb, 48), t)
      v128.store(target, f32x4.add(s, t))
    }
  }
}

function gradient1(x: usize, y: usize, rows: usize, end: usize, offsets: usize, sums: usize): void {
  let e: usize = 0
  for (; rows < end; rows += 8) {
    const v = v128.load(y + load<u32>(rows))
    const last = load<u32>(rows, 4)
    for (; e < last; e += 4) {
      const target = sums + (e << 2)
      v128.store(target, addProduct(v, v128.load(x + load<u32>(offsets + e)), v128.load(target)))
    }
  }
}

/** `gradient[order[e]] = sum of the four lanes of sums[e]`. */
export function sparseTotals(sums: usize, entries: i32, order: usize, gradient: usize): void {
  for (let e: usize = 0; e < (<usize>entries) << 2; e += 4) {
    const to = gradient + ((<usize>load<u32>(order + e)) << 2)
    store<f32>(to, <f32>laneSum(v128.load(sums + (e << 2))))
  }
}

/** `target[e] = source[order[e]]` */
export function reorder(source: usize, entries: i32, order: usize, target: usize): void {
  for (let e: usize = 0; e < (<usize>entries) << 2; e += 4) {
    store<f32>(target + e, load<f32>(source + ((<usize>load<u32>(order + e)) << 2)))
  }
}
