// Which numbers of a rectified sum were positive, a bit each: written with the sum, and read for its gradient instead of the sum's
// input, which takes 32 times the memory. A mask is [pixels][channels][words], a word of 16 bits for every 16 lanes or fewer.

import { laneSum } from './elementwise'
import { addProduct } from './fused'
import { quarterOf } from './quarters'
import { slotBlocks } from './slot'

/** Lanes of a word. */
const word = 16
/** Bytes of the numbers that a word is about. */
const wordBytes: usize = 64

/** One row of tiles of `y = max(scale * x + shift, 0)`, and its mask. `moments` as for normaliseRow. */
export function normaliseAndMask(
  x: usize,
  y: usize,
  columns: i32,
  channels: i32,
  lanes: i32,
  moments: usize,
  mask: usize,
): void {
  const rowBytes = (<usize>lanes) << 2
  const array = (<usize>channels) << 2
  const tileBytes = <usize>channels * rowBytes
  let w = 0
  if (lanes >= word) {
    const quarter = quarterOf(columns)
    const apart = <usize>quarter * tileBytes
    // A mask has a bit where a tile has four bytes.
    const wordsApart = apart >> 5
    for (; w < quarter; w++) {
      for (let at = moments + 2 * array, end = at + array; at < end; at += 4) {
        const scale = v128.load_splat<f32>(at)
        const shift = v128.load_splat<f32>(at + array)
        for (const last = x + rowBytes; x < last; x += wordBytes) {
          maskOfWord(x, y, scale, shift, mask)
          maskOfWord(x + apart, y + apart, scale, shift, mask + wordsApart)
          maskOfWord(x + 2 * apart, y + 2 * apart, scale, shift, mask + 2 * wordsApart)
          maskOfWord(x + 3 * apart, y + 3 * apart, scale, shift, mask + 3 * wordsApart)
          mask += 2
          y += wordBytes
        }
      }
    }
    x += 3 * apart
    y += 3 * apart
    mask += 3 * wordsApart
    w = 4 * quarter
  }
  for (; w < columns; w++) {
    for (let at = moments + 2 * array, end = at + array; at < end; at += 4) {
      const scale = v128.load_splat<f32>(at)
      const shift = v128.load_splat<f32>(at + array)
      const last = x + rowBytes
      if (lanes >= word) {
        for (; x < last; x += wordBytes) {
          maskOfWord(x, y, scale, shift, mask)
          mask += 2
          y += wordBytes
        }
        continue
      }
      let bits = 0
      for (let place = 0; x < last; place += 4) {
        const value = addProduct(v128.load(x), scale, shift)
        v128.store(y, f32x4.pmax(value, f32x4.splat(0)))
        bits |= i32x4.bitmask(f32x4.gt(value, f32x4.splat(0))) << place
        x += 16
        y += 16
      }
      store<u16>(mask, <u16>bits)
      mask += 2
    }
  }
}

/** Sixteen numbers of one channel, and the word of their mask. */
function maskOfWord(x: usize, y: usize, scale: v128, shift: v128, mask: usize): void {
  const zero = f32x4.splat(0)
  const a = addProduct(v128.load(x), scale, shift)
  v128.store(y, f32x4.pmax(a, zero))
  const b = addProduct(v128.load(x, 16), scale, shift)
  v128.store(y, f32x4.pmax(b, zero), 16)
  const c = addProduct(v128.load(x, 32), scale, shift)
  v128.store(y, f32x4.pmax(c, zero), 32)
  const d = addProduct(v128.load(x, 48), scale, shift)
  v128.store(y, f32x4.pmax(d, zero), 48)
  // All ones become the byte 0xff, zeros 0.
  const low = i16x8.narrow_i32x4_s(f32x4.gt(a, zero), f32x4.gt(b, zero))
  const high = i16x8.narrow_i32x4_s(f32x4.gt(c, zero), f32x4.gt(d, zero))
  store<u16>(mask, <u16>i8x16.bitmask(i8x16.narrow_i16x8_s(low, high)))
}

/**
 * Where a channel's `sum g * xhat` follows from `sum g` (see {@link maskedTotals}): the formula divides by the weight, and a bias much
 * larger than that would magnify rounding.
 */
function follows(weight: f32, bias: f32): bool {
  return abs(weight) > 1 / 1024 && abs(weight) * 8 >= abs(bias)
}

/** A gradient where the bits say so that `place` names. */
function passed(slope: v128, bits: v128, place: v128): v128 {
  return v128.and(slope, i32x4.eq(v128.and(bits, place), place))
}

/**
 * As normaliseSums, but the sign of the sum comes from its mask, and `sum g * (x - mean)` is computed for those channels alone for which it
 * does not follow. `sums`: 16 bytes a channel that nobody else uses meanwhile.
 */
export function maskedSums(
  x: usize,
  dy: usize,
  mask: usize,
  columns: i32,
  channels: i32,
  lanes: i32,
  moments: usize,
  weight: usize,
  bias: usize,
  sums: usize,
  totals: usize,
  turn: i32,
): void {
  if (turn == 0) memory.fill(totals, 0, (<usize>channels) << 4)
  memory.fill(sums, 0, (<usize>channels) << 4)
  const words = <usize>max(1, lanes / word)
  gradientSums(dy, mask, columns, channels, lanes, sums)
  for (let c: usize = 0; c < <usize>channels; c++) {
    const to = totals + (c << 4)
    store<f64>(to, load<f64>(to) + laneSum(v128.load(sums + (c << 4))))
    if (follows(load<f32>(weight + (c << 2)), load<f32>(bias + (c << 2)))) continue
    const mean = v128.load_splat<f32>(moments + (c << 2))
    const rowBytes = (<usize>lanes) << 2
    let sum = f32x4.splat(0)
    for (let pixel = c; pixel < <usize>columns * <usize>channels; pixel += <usize>channels) {
      for (let i: usize = 0; i < rowBytes; i += 16) {
        const bits = i32x4.splat(
          load<u16>(mask + 2 * (pixel * words + i / wordBytes)) >> <u16>((i >> 2) % word),
        )
        const g = passed(v128.load(dy + pixel * rowBytes + i), bits, i32x4(1, 2, 4, 8))
        sum = addProduct(g, f32x4.sub(v128.load(x + pixel * rowBytes + i), mean), sum)
      }
    }
    store<f64>(to, load<f64>(to, 8) + laneSum(sum), 8)
  }
}

/** Bits of a word, four at a time. */
const places = memory.data<i32>(
  [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768],
  16,
)

/** `sums`: for each channel four lanes of `sum g`. */
function gradientSums(dy: usize, mask: usize, columns: i32, channels: i32, lanes: i32, sums: usize): void {
  const rowBytes = (<usize>lanes) << 2
  const tileBytes = <usize>channels * rowBytes
  const words = <usize>max(2, lanes >> 3)
  const end = sums + ((<usize>channels) << 4)
  const first = v128.load(places)
  let w = 0
  if (lanes >= word) {
    const a = first
    const b = v128.load(places, 16)
    const c = v128.load(places, 32)
    const d = v128.load(places, 48)
    const beside = <usize>channels * words
    for (; w + 1 < columns; w += 2) {
      for (let to = sums; to < end; to += 16) {
        let s = v128.load(to)
        let t = f32x4.splat(0)
        for (const last = dy + rowBytes; dy < last; dy += wordBytes) {
          const next = dy + tileBytes
          const near = i32x4.splat(load<u16>(mask))
          const far = i32x4.splat(load<u16>(mask + beside))
          s = f32x4.add(s, passed(v128.load(dy), near, a))
          t = f32x4.add(t, passed(v128.load(next), far, a))
          s = f32x4.add(s, passed(v128.load(dy, 16), near, b))
          t = f32x4.add(t, passed(v128.load(next, 16), far, b))
          v128.store(to, s)
          s = f32x4.add(s, passed(v128.load(dy, 32), near, c))
          t = f32x4.add(t, passed(v128.load(next, 32), far, c))
          s = f32x4.add(s, passed(v128.load(dy, 48), near, d))
          t = f32x4.add(t, passed(v128.load(next, 48), far, d))
          mask += 2
        }
        v128.store(to, f32x4.add(s, t))
      }
      dy += tileBytes
      mask += beside
    }
  }
  for (; w < columns; w++) {
    for (let to = sums; to < end; to += 16) {
      let s = v128.load(to)
      const last = dy + rowBytes
      while (dy < last) {
        let bits = i32x4.splat(load<u16>(mask))
        for (const stop = dy + min(rowBytes, wordBytes); dy < stop; dy += 16) {
          s = f32x4.add(s, passed(v128.load(dy), bits, first))
          bits = i32x4.shr_u(bits, 4)
        }
        mask += 2
      }
      v128.store(to, s)
    }
  }
}

/**
 * From a block's totals to its gradients of weight, `sum g * xhat`, and bias, `sum g`. Behind the rectified sum `y` stand a depthwise
 * layer, whose output `z` is linear in each channel of `y`, and a batch norm, which passes on a gradient orthogonal to `z` but for its
 * epsilon:
 *
 *     sum g * y = sum z * dz = epsilon * weight' * dweight' / (variance' + epsilon)    over all blocks
 *     sum g * xhat = (sum g * y - bias * sum g) / weight
 *
 * `behind...`: weights, their gradients per block, and inverse deviations of that batch norm. The first block bears the first sum.
 */
export function maskedTotals(
  slot: usize,
  totals: usize,
  channels: i32,
  moments: usize,
  weight: usize,
  bias: usize,
  weightGradient: usize,
  biasGradient: usize,
  block: i32,
  behindWeight: usize,
  behindGradient: usize,
  behindStride: usize,
  behindInverse: usize,
  behindEpsilon: f64,
): void {
  const blocks = slotBlocks(slot)
  const array = (<usize>channels) << 2
  for (let c: usize = 0; c < array; c += 4) {
    const sum = load<f64>(totals + (c << 2))
    const w = load<f32>(weight + c)
    const b = load<f32>(bias + c)
    let product: f64
    if (follows(w, b)) {
      let whole: f64 = 0
      if (block == 0) {
        for (let k = 0; k < blocks; k++) whole += <f64>load<f32>(behindGradient + <usize>k * behindStride + c)
        const inverse = <f64>load<f32>(behindInverse + c)
        whole *= behindEpsilon * <f64>load<f32>(behindWeight + c) * inverse * inverse
      }
      product = (whole - <f64>b * sum) / <f64>w
    } else {
      product = load<f64>(totals + (c << 2), 8) * <f64>load<f32>(moments + array + c)
    }
    store<f32>(weightGradient + c, <f32>product)
    store<f32>(biasGradient + c, <f32>sum)
  }
}
