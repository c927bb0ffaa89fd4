// Elementwise kernels over rows of tiles. An activation block is [rows][columns][channels][lanes] float32; `pitch` is
// the distance in bytes between rows (it skips the halo), `bytes` the length of a row's interior. Everything here is
// independent of channels. Pointers are byte addresses, lengths are multiples of 16 bytes.

import { addProduct } from './fused'

/** Sets `bytes` bytes to zero. */
export function fillZero(target: usize, bytes: usize): void {
  memory.fill(target, 0, bytes)
}

/**
 * Zeroes the halo of an activation block whose interior is `rows` rows of `interiorBytes`, the first at `base + origin`, and
 * of `bytes` in all.
 */
export function zeroHalo(
  base: usize,
  origin: usize,
  rows: i32,
  pitch: usize,
  interiorBytes: usize,
  bytes: usize,
): void {
  memory.fill(base, 0, origin)
  let end = base + origin + interiorBytes
  // From the end of a row to the begin of the next.
  const gap = pitch - interiorBytes
  for (let r = 1; r < rows; r++) {
    memory.fill(end, 0, gap)
    end += pitch
  }
  memory.fill(end, 0, base + bytes - end)
}

/** `target = source` */
export function copyRows(
  source: usize,
  sourcePitch: usize,
  target: usize,
  targetPitch: usize,
  rows: i32,
  bytes: usize,
): void {
  for (let r = 0; r < rows; r++) {
    memory.copy(target, source, bytes)
    source += sourcePitch
    target += targetPitch
  }
}

/** `target += source` */
export function accumulateRows(
  source: usize,
  sourcePitch: usize,
  target: usize,
  targetPitch: usize,
  rows: i32,
  bytes: usize,
): void {
  for (let r = 0; r < rows; r++) {
    for (let i: usize = 0; i < bytes; i += 16) {
      v128.store(target + i, f32x4.add(v128.load(target + i), v128.load(source + i)))
    }
    source += sourcePitch
    target += targetPitch
  }
}

/** `target = first + second` */
export function addRows(
  first: usize,
  firstPitch: usize,
  second: usize,
  secondPitch: usize,
  target: usize,
  targetPitch: usize,
  rows: i32,
  bytes: usize,
): void {
  for (let r = 0; r < rows; r++) {
    for (let i: usize = 0; i < bytes; i += 16) {
      v128.store(target + i, f32x4.add(v128.load(first + i), v128.load(second + i)))
    }
    first += firstPitch
    second += secondPitch
    target += targetPitch
  }
}

/** `target = max(source, 0)`; in place when both are the same. */
export function reluRows(
  source: usize,
  sourcePitch: usize,
  target: usize,
  targetPitch: usize,
  rows: i32,
  bytes: usize,
): void {
  const zero = f32x4.splat(0)
  for (let r = 0; r < rows; r++) {
    for (let i: usize = 0; i < bytes; i += 16) {
      v128.store(target + i, f32x4.pmax(zero, v128.load(source + i)))
    }
    source += sourcePitch
    target += targetPitch
  }
}

/** `target (+)= output > 0 ? gradient : 0`, with the rectified output as the mask. */
export function reluGradientRows(
  gradient: usize,
  gradientPitch: usize,
  output: usize,
  outputPitch: usize,
  target: usize,
  targetPitch: usize,
  rows: i32,
  bytes: usize,
  accumulate: i32,
): void {
  const zero = f32x4.splat(0)
  for (let r = 0; r < rows; r++) {
    for (let i: usize = 0; i < bytes; i += 16) {
      let value = v128.and(f32x4.gt(v128.load(output + i), zero), v128.load(gradient + i))
      if (accumulate) value = f32x4.add(value, v128.load(target + i))
      v128.store(target + i, value)
    }
    gradient += gradientPitch
    output += outputPitch
    target += targetPitch
  }
}

/** Sum of the four lanes in float64. */
export function laneSum(v: v128): f64 {
  return (
    <f64>f32x4.extract_lane(v, 0) +
    <f64>f32x4.extract_lane(v, 1) +
    (<f64>f32x4.extract_lane(v, 2) + <f64>f32x4.extract_lane(v, 3))
  )
}

/** Adds the sums of the lanes of `s` and `q` to two float64 that lie side by side. */
export function addLaneSums(target: usize, s: v128, q: v128): void {
  const sums = f64x2.add(f64x2.promote_low_f32x4(s), f64x2.promote_low_f32x4(upperLanes(s)))
  const others = f64x2.add(f64x2.promote_low_f32x4(q), f64x2.promote_low_f32x4(upperLanes(q)))
  const both = f64x2.add(v128.shuffle<f64>(sums, others, 0, 2), v128.shuffle<f64>(sums, others, 1, 3))
  v128.store(target, f64x2.add(v128.load(target), both))
}

function upperLanes(v: v128): v128 {
  return v128.shuffle<f64>(v, v, 1, 1)
}

/** Writes the sum of the lanes, added to what is there unless `turn`, which counts the calls, is 0. */
export function putSum(target: usize, sum: v128, turn: i32): void {
  const before: f64 = turn == 0 ? 0 : <f64>load<f32>(target)
  store<f32>(target, <f32>(before + laneSum(sum)))
}

/** `target (+)= <x, dy>` over `columns` tiles, one channel of each; assigned when `turn` is 0. */
export function dotTiles(
  x: usize,
  xStep: usize,
  dy: usize,
  yStep: usize,
  columns: i32,
  rowBytes: usize,
  target: usize,
  turn: i32,
): void {
  let s0 = f32x4.splat(0)
  let s1 = s0
  for (let w = 0; w < columns; w++) {
    let i: usize = 0
    for (; i + 32 <= rowBytes; i += 32) {
      s0 = f32x4.add(s0, f32x4.mul(v128.load(x + i), v128.load(dy + i)))
      s1 = f32x4.add(s1, f32x4.mul(v128.load(x + i, 16), v128.load(dy + i, 16)))
    }
    if (i < rowBytes) s0 = f32x4.add(s0, f32x4.mul(v128.load(x + i), v128.load(dy + i)))
    x += xStep
    dy += yStep
  }
  putSum(target, f32x4.add(s0, s1), turn)
}

/** Bytes after which a sum of products goes on in float64. */
const runBytes: usize = 4096

/**
 * The last step of a DCTpS layer's input gradient, on one row: with `u = D^T dy` (unscaled), `dot (+)= <x, u>`, the gradient
 * of alpha, assigned at turn 0, and `target (+)= alpha * u`, in place when both are the same. `dot` is a float64: behind a batch norm
 * the products nearly cancel.
 */
export function scaleAndDotRow(
  u: usize,
  x: usize,
  target: usize,
  bytes: usize,
  alpha: usize,
  dot: usize,
  accumulate: i32,
  turn: i32,
): void {
  const scale = v128.load_splat<f32>(alpha)
  let total: f64 = turn == 0 ? 0 : load<f64>(dot)
  let i: usize = 0
  while (i < bytes) {
    const end = min(i + runBytes, bytes)
    let sum0 = f32x4.splat(0)
    let sum1 = sum0
    // Two sums: one would make every turn wait for the one before.
    for (; i + 32 <= end; i += 32) {
      const value0 = v128.load(u + i)
      const value1 = v128.load(u + i, 16)
      sum0 = addProduct(value0, v128.load(x + i), sum0)
      sum1 = addProduct(value1, v128.load(x + i, 16), sum1)
      let scaled0 = f32x4.mul(value0, scale)
      let scaled1 = f32x4.mul(value1, scale)
      if (accumulate) {
        scaled0 = f32x4.add(scaled0, v128.load(target + i))
        scaled1 = f32x4.add(scaled1, v128.load(target + i, 16))
      }
      v128.store(target + i, scaled0)
      v128.store(target + i, scaled1, 16)
    }
    if (i < end) {
      const value = v128.load(u + i)
      sum0 = addProduct(value, v128.load(x + i), sum0)
      let scaled = f32x4.mul(value, scale)
      if (accumulate) scaled = f32x4.add(scaled, v128.load(target + i))
      v128.store(target + i, scaled)
      i += 16
    }
    total += laneSum(sum0) + laneSum(sum1)
  }
  store<f64>(dot, total)
}

/** `target = source`, a float64. */
export function roundSum(source: usize, target: usize): void {
  store<f32>(target, <f32>load<f64>(source))
}

/** `dot = <a, b>` over rows. */
export function dotRows(
  a: usize,
  aPitch: usize,
  b: usize,
  bPitch: usize,
  rows: i32,
  bytes: usize,
  dot: usize,
): void {
  let total: f64 = 0
  for (let r = 0; r < rows; r++) {
    let sum = f32x4.splat(0)
    for (let i: usize = 0; i < bytes; i += 16) {
      sum = f32x4.add(sum, f32x4.mul(v128.load(a + i), v128.load(b + i)))
    }
    total += laneSum(sum)
    a += aPitch
    b += bPitch
  }
  store<f32>(dot, <f32>total)
}

/** `target = scale * source` over one row. */
export function scaleRow(source: usize, target: usize, bytes: usize, scale: usize): void {
  const factor = v128.load_splat<f32>(scale)
  for (let i: usize = 0; i < bytes; i += 16) v128.store(target + i, f32x4.mul(factor, v128.load(source + i)))
}

/** `y[., c] += bias[c]` for every tile of one row. */
export function addBias(y: usize, columns: i32, channels: i32, lanes: i32, bias: usize): void {
  const rowBytes = (<usize>lanes) << 2
  for (let w = 0; w < columns; w++) {
    for (let c = 0; c < channels; c++) {
      const b = v128.load_splat<f32>(bias + ((<usize>c) << 2))
      const end = y + rowBytes
      for (; y < end; y += 16) v128.store(y, f32x4.add(v128.load(y), b))
    }
  }
}

/** `dbias[c] (+)= sum of dy[., c]` over one row of tiles; assigned at turn 0. */
export function biasGradient(
  dy: usize,
  columns: i32,
  channels: i32,
  lanes: i32,
  gradient: usize,
  turn: i32,
): void {
  const rowBytes = (<usize>lanes) << 2
  const tile = <usize>channels * rowBytes
  for (let c = 0; c < channels; c++) {
    let sum = f32x4.splat(0)
    let p = dy + <usize>c * rowBytes
    for (let w = 0; w < columns; w++) {
      for (let i: usize = 0; i < rowBytes; i += 16) sum = f32x4.add(sum, v128.load(p + i))
      p += tile
    }
    putSum(gradient + ((<usize>c) << 2), sum, turn)
  }
}
