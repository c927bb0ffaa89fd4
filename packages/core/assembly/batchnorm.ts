// Batch normalisation. Statistics are partial sums per block of images, combined in block order, so that any number of
// threads gives the same bits. Lanes without an image are masked out of the sums, and their gradients are set to zero.

import { laneSum } from './elementwise'
import { blockImages, slotBlocks, slotImages } from './slot'

/**
 * Partial statistics of one block: for each channel `[pivot, sum of (x - pivot), sum of (x - pivot)^2]` in float64. The
 * pivot (the first value) keeps the squares from cancelling where the mean is large.
 */
export function batchStatistics(
  x: usize,
  pitch: usize,
  rows: i32,
  columns: i32,
  channels: i32,
  lanes: i32,
  mask: usize,
  partial: usize,
): void {
  const rowBytes = (<usize>lanes) << 2
  const tile = <usize>channels * rowBytes
  for (let c = 0; c < channels; c++) {
    const start = x + <usize>c * rowBytes
    const pivot = v128.load_splat<f32>(start)
    let sum: f64 = 0
    let squares: f64 = 0
    let row = start
    for (let r = 0; r < rows; r++) {
      let s = f32x4.splat(0)
      let q = f32x4.splat(0)
      let p = row
      for (let w = 0; w < columns; w++) {
        for (let i: usize = 0; i < rowBytes; i += 16) {
          const d = v128.and(v128.load(mask + i), f32x4.sub(v128.load(p + i), pivot))
          s = f32x4.add(s, d)
          q = f32x4.add(q, f32x4.mul(d, d))
        }
        p += tile
      }
      sum += laneSum(s)
      squares += laneSum(q)
      row += pitch
    }
    const out = partial + <usize>c * 24
    store<f64>(out, <f64>f32x4.extract_lane(pivot, 0))
    store<f64>(out, sum, 8)
    store<f64>(out, squares, 16)
  }
}

/**
 * Combines the blocks' statistics (Chan et al. 1979), writes mean, inverse deviation and the scale and shift of the
 * normalisation, and moves the running statistics (unbiased variance) by `momentum`. Channels `slice` of `slices`.
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
  for (let c = (channels * slice) / slices; c < (channels * (slice + 1)) / slices; c++) {
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
    const at = (<usize>c) << 2
    const inverse = 1 / sqrt(squares / count + epsilon)
    const unbiased = count > 1 ? squares / (count - 1) : squares
    store<f32>(runningMean + at, <f32>((1 - momentum) * <f64>load<f32>(runningMean + at) + momentum * mean))
    store<f32>(
      runningVariance + at,
      <f32>((1 - momentum) * <f64>load<f32>(runningVariance + at) + momentum * unbiased),
    )
    putMoments(moments, channels, c, mean, inverse, weight, bias)
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
  slice: i32,
  slices: i32,
): void {
  for (let c = (channels * slice) / slices; c < (channels * (slice + 1)) / slices; c++) {
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

/** `y = scale[c] * x + shift[c]`; in place when `x` and `y` are the same. */
export function normalise(
  x: usize,
  xPitch: usize,
  y: usize,
  yPitch: usize,
  rows: i32,
  columns: i32,
  channels: i32,
  lanes: i32,
  moments: usize,
): void {
  const rowBytes = (<usize>lanes) << 2
  const row = (<usize>channels) << 2
  for (let r = 0; r < rows; r++) {
    let p = x
    let q = y
    for (let w = 0; w < columns; w++) {
      for (let c = 0; c < channels; c++) {
        const at = moments + ((<usize>c) << 2)
        const scale = v128.load_splat<f32>(at + 2 * row)
        const shift = v128.load_splat<f32>(at + 3 * row)
        for (let i: usize = 0; i < rowBytes; i += 16) {
          v128.store(q + i, f32x4.add(f32x4.mul(v128.load(p + i), scale), shift))
        }
        p += rowBytes
        q += rowBytes
      }
    }
    x += xPitch
    y += yPitch
  }
}

/** One block's gradients of weight (`sum dy * xhat`) and bias (`sum dy`); `dy` is zero in lanes without an image. */
export function batchNormSums(
  x: usize,
  xPitch: usize,
  dy: usize,
  dyPitch: usize,
  rows: i32,
  columns: i32,
  channels: i32,
  lanes: i32,
  moments: usize,
  weightGradient: usize,
  biasGradient: usize,
): void {
  const rowBytes = (<usize>lanes) << 2
  const tile = <usize>channels * rowBytes
  const row = (<usize>channels) << 2
  for (let c = 0; c < channels; c++) {
    const at = (<usize>c) << 2
    const mean = v128.load_splat<f32>(moments + at)
    let sum: f64 = 0
    let product: f64 = 0
    for (let r = 0; r < rows; r++) {
      let p = x + <usize>r * xPitch + <usize>c * rowBytes
      let g = dy + <usize>r * dyPitch + <usize>c * rowBytes
      let s = f32x4.splat(0)
      let q = f32x4.splat(0)
      for (let w = 0; w < columns; w++) {
        for (let i: usize = 0; i < rowBytes; i += 16) {
          const d = v128.load(g + i)
          s = f32x4.add(s, d)
          q = f32x4.add(q, f32x4.mul(d, f32x4.sub(v128.load(p + i), mean)))
        }
        p += tile
        g += tile
      }
      sum += laneSum(s)
      product += laneSum(q)
    }
    store<f32>(weightGradient + at, <f32>(product * <f64>load<f32>(moments + row + at)))
    store<f32>(biasGradient + at, <f32>sum)
  }
}

/**
 * From the blocks' sums to the coefficients of the input gradient, `dx = a * dy + b * (x - mean) + c`: three arrays of
 * `channels` float32. Channels `slice` of `slices`.
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
  slice: i32,
  slices: i32,
): void {
  const blocks = slotBlocks(slot)
  const count = <f64>slotImages(slot) * <f64>positions
  const row = (<usize>channels) << 2
  for (let c = (channels * slice) / slices; c < (channels * (slice + 1)) / slices; c++) {
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

/** `dx (+)= a[c] * dy + b[c] * (x - mean[c]) + c[c]` in lanes with an image, zero in the others. */
export function batchNormInputGradient(
  x: usize,
  xPitch: usize,
  dy: usize,
  dyPitch: usize,
  dx: usize,
  dxPitch: usize,
  rows: i32,
  columns: i32,
  channels: i32,
  lanes: i32,
  mask: usize,
  moments: usize,
  coefficients: usize,
  accumulate: i32,
): void {
  const rowBytes = (<usize>lanes) << 2
  const row = (<usize>channels) << 2
  for (let r = 0; r < rows; r++) {
    let p = x
    let g = dy
    let d = dx
    for (let w = 0; w < columns; w++) {
      for (let c = 0; c < channels; c++) {
        const at = (<usize>c) << 2
        const mean = v128.load_splat<f32>(moments + at)
        const ka = v128.load_splat<f32>(coefficients + at)
        const kb = v128.load_splat<f32>(coefficients + row + at)
        const kc = v128.load_splat<f32>(coefficients + 2 * row + at)
        for (let i: usize = 0; i < rowBytes; i += 16) {
          const centred = f32x4.sub(v128.load(p + i), mean)
          let value = f32x4.add(f32x4.mul(ka, v128.load(g + i)), f32x4.add(f32x4.mul(kb, centred), kc))
          value = v128.and(value, v128.load(mask + i))
          if (accumulate) value = f32x4.add(value, v128.load(d + i))
          v128.store(d + i, value)
        }
        p += rowBytes
        g += rowBytes
        d += rowBytes
      }
    }
    x += xPitch
    dy += dyPitch
    dx += dxPitch
  }
}
