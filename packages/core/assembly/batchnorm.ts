// Statistics of batch normalisation: partial sums per block of images, combined in block order, so that any number of
// threads gives the same bits. Lanes without an image are masked out of the sums. What is done with the moments is in
// normalise.ts, normalise-sums.ts and normalise-gradient.ts.

import { addLaneSums } from './elementwise'
import { addProduct } from './fused'
import { quarterOf } from './quarters'
import { blockImages, slotBlocks, slotImages } from './slot'

/** Whether every lane of a block holds an image. */
export function isFull(mask: usize, lanes: i32): bool {
  for (let i: usize = 0; i < (<usize>lanes) << 2; i += 16)
    if (!i32x4.all_true(v128.load(mask + i))) return false
  return true
}

/**
 * Adds one row of tiles to the partial statistics of a block: for each channel `[pivot, sum of (x - pivot), sum of
 * (x - pivot)^2]` in float64. The pivot (the first value) keeps the squares from cancelling where the mean is large. `x` is
 * the first pixel of the row of turn `turn`. Where a row is complete only after the next (`lag`, and turns follow the `rows`), each call takes the
 * one before, and the last call its own too. `sums`: 32 bytes a channel that nobody else uses meanwhile.
 */
export function batchStatistics(
  x: usize,
  pitch: usize,
  columns: i32,
  channels: i32,
  lanes: i32,
  mask: usize,
  partial: usize,
  sums: usize,
  lag: i32,
  turn: i32,
  rows: i32,
): void {
  if (!lag || turn > 0) {
    statisticsOfRow(lag ? x - pitch : x, columns, channels, lanes, mask, partial, sums, turn == (lag ? 1 : 0))
  }
  if (lag && turn + 1 == rows) statisticsOfRow(x, columns, channels, lanes, mask, partial, sums, rows == 1)
}

function statisticsOfRow(
  x: usize,
  columns: i32,
  channels: i32,
  lanes: i32,
  mask: usize,
  partial: usize,
  sums: usize,
  first: bool,
): void {
  const rowBytes = (<usize>lanes) << 2
  if (first) {
    let p = x
    for (let c: usize = 0; c < <usize>channels; c++) {
      store<f64>(partial + c * 24, <f64>load<f32>(p))
      store<f64>(partial + c * 24, 0, 8)
      store<f64>(partial + c * 24, 0, 16)
      p += rowBytes
    }
  }
  memory.fill(sums, 0, (<usize>channels) << 5)
  const tileBytes = <usize>channels * rowBytes
  let w = 0
  if (isFull(mask, lanes)) {
    const quarter = quarterOf(columns)
    const apart = <usize>quarter * tileBytes
    for (; w < quarter; w++) {
      statisticsOfFour(x, apart, channels, rowBytes, partial, sums)
      x += tileBytes
    }
    x += 3 * apart
    w = 4 * quarter
  }
  for (; w < columns; w++) {
    for (let c: usize = 0; c < <usize>channels; c++) {
      const pivot = f32x4.splat(<f32>load<f64>(partial + c * 24))
      const at = sums + (c << 5)
      let s = v128.load(at)
      let q = v128.load(at, 16)
      for (let i: usize = 0; i < rowBytes; i += 16) {
        const d = v128.and(v128.load(mask + i), f32x4.sub(v128.load(x + i), pivot))
        s = f32x4.add(s, d)
        q = addProduct(d, d, q)
      }
      x += rowBytes
      v128.store(at, s)
      v128.store(at, q, 16)
    }
  }
  for (let c: usize = 0; c < <usize>channels; c++) {
    const from = sums + (c << 5)
    addLaneSums(partial + c * 24 + 8, v128.load(from), v128.load(from, 16))
  }
}

/** What four pixels, `apart` bytes from each other, add to the sums of a row; every lane holds an image. */
function statisticsOfFour(
  x: usize,
  apart: usize,
  channels: i32,
  rowBytes: usize,
  partial: usize,
  sums: usize,
): void {
  for (const end = sums + ((<usize>channels) << 5); sums < end; sums += 32) {
    const pivot = f32x4.splat(<f32>load<f64>(partial))
    let s = v128.load(sums)
    let q = v128.load(sums, 16)
    // Two chains: one would take longer.
    let t = f32x4.splat(0)
    let u = t
    for (const last = x + rowBytes; x < last; x += 16) {
      const a = f32x4.sub(v128.load(x), pivot)
      const b = f32x4.sub(v128.load(x + apart), pivot)
      const c = f32x4.sub(v128.load(x + 2 * apart), pivot)
      const d = f32x4.sub(v128.load(x + 3 * apart), pivot)
      s = f32x4.add(f32x4.add(s, a), c)
      q = addProduct(c, c, addProduct(a, a, q))
      t = f32x4.add(f32x4.add(t, b), d)
      u = addProduct(d, d, addProduct(b, b, u))
    }
    v128.store(sums, f32x4.add(s, t))
    v128.store(sums, f32x4.add(q, u), 16)
    partial += 24
  }
}

/**
 * Combines the blocks' statistics (Chan et al. 1979), writes mean, inverse deviation and the scale and shift of the
 * normalisation, and moves the running statistics (unbiased variance) of channels `slice` of `slices` by `momentum`.
 */
export function batchMoments(
  slot: usize,
  partial: usize,
  blockStride: usize,
  positions: i32,
  channels: i32,
  lanes: i32,
  weight: usize,
  bias: usize,
  runningMean: usize,
  runningVariance: usize,
  momentum: f64,
  epsilon: f64,
  moments: usize,
  slice: i32,
  slices: i32,
): void {
  const blocks = slotBlocks(slot)
  const first = (channels * slice) / slices
  const end = (channels * (slice + 1)) / slices
  for (let c = 0; c < channels; c++) {
    let count: f64 = 0
    let mean: f64 = 0
    let squares: f64 = 0
    for (let b = 0; b < blocks; b++) {
      const p = partial + <usize>b * blockStride + <usize>c * 24
      const n = <f64>blockImages(slot, b, lanes) * <f64>positions
      const sum = load<f64>(p, 8)
      const blockMean = load<f64>(p) + sum / n
      const delta = blockMean - mean
      const total = count + n
      squares += load<f64>(p, 16) - (sum * sum) / n + (delta * delta * count * n) / total
      mean += (delta * n) / total
      count = total
    }
    squares = max(squares, 0)
    putMoments(moments, channels, c, mean, 1 / sqrt(squares / count + epsilon), weight, bias)
    if (c < first || c >= end) continue
    const at = (<usize>c) << 2
    const unbiased = count > 1 ? squares / (count - 1) : squares
    store<f32>(runningMean + at, <f32>((1 - momentum) * <f64>load<f32>(runningMean + at) + momentum * mean))
    store<f32>(
      runningVariance + at,
      <f32>((1 - momentum) * <f64>load<f32>(runningVariance + at) + momentum * unbiased),
    )
  }
}

/** As {@link batchMoments} from the running statistics: evaluation mode. */
export function runningMoments(
  channels: i32,
  weight: usize,
  bias: usize,
  runningMean: usize,
  runningVariance: usize,
  epsilon: f64,
  moments: usize,
): void {
  for (let c = 0; c < channels; c++) {
    const at = (<usize>c) << 2
    const inverse = 1 / sqrt(<f64>load<f32>(runningVariance + at) + epsilon)
    putMoments(moments, channels, c, <f64>load<f32>(runningMean + at), inverse, weight, bias)
  }
}

/** `moments` holds four arrays of `channels` float32: mean, inverse deviation, scale, shift. */
function putMoments(
  moments: usize,
  channels: i32,
  c: i32,
  mean: f64,
  inverse: f64,
  weight: usize,
  bias: usize,
): void {
  const at = (<usize>c) << 2
  const row = (<usize>channels) << 2
  const scale = <f64>load<f32>(weight + at) * inverse
  store<f32>(moments + at, <f32>mean)
  store<f32>(moments + row + at, <f32>inverse)
  store<f32>(moments + 2 * row + at, <f32>scale)
  store<f32>(moments + 3 * row + at, <f32>(<f64>load<f32>(bias + at) - mean * scale))
}

/**
 * From the blocks' sums to the coefficients of the input gradient, `dx = a * dy + b * (x - mean) + c`: three arrays of
 * `channels` float32.
 */
export function batchNormCoefficients(
  slot: usize,
  weightGradient: usize,
  biasGradient: usize,
  blockStride: usize,
  positions: i32,
  channels: i32,
  moments: usize,
  coefficients: usize,
): void {
  const blocks = slotBlocks(slot)
  const count = <f64>slotImages(slot) * <f64>positions
  const row = (<usize>channels) << 2
  for (let c = 0; c < channels; c++) {
    const at = (<usize>c) << 2
    let product: f64 = 0
    let sum: f64 = 0
    for (let b = 0; b < blocks; b++) {
      product += <f64>load<f32>(weightGradient + <usize>b * blockStride + at)
      sum += <f64>load<f32>(biasGradient + <usize>b * blockStride + at)
    }
    const scale = <f64>load<f32>(moments + 2 * row + at)
    store<f32>(coefficients + at, <f32>scale)
    store<f32>(
      coefficients + row + at,
      <f32>((-scale * product * <f64>load<f32>(moments + row + at)) / count),
    )
    store<f32>(coefficients + 2 * row + at, <f32>((-scale * sum) / count))
  }
}
