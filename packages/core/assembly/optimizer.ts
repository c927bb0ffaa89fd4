// Optimiser steps on one contiguous vector of trainable numbers. The gradient is the sum of `blocks` partial gradients
// `stride` bytes apart, added in block order; L2 weight decay is added to it. Elements `slice` of `slices`.

import { slotBlocks } from './slot'

/** First byte of a slice of `count` float32, at a multiple of 16 bytes. */
function sliceStart(count: i32, slice: i32, slices: i32): usize {
  return (<usize>((((count + 3) / 4) * slice) / slices)) << 4
}

function gradientSum(gradients: usize, stride: usize, blocks: i32, at: usize): v128 {
  let g = v128.load(gradients + at)
  for (let b = 1; b < blocks; b++) {
    gradients += stride
    g = f32x4.add(g, v128.load(gradients + at))
  }
  return g
}

/** `m = momentum * m + g; p -= rate * m` (PyTorch's SGD with momentum, no dampening). `stride` 0: one gradient, not partial. */
export function sgdStep(
  slot: usize,
  count: i32,
  values: usize,
  gradients: usize,
  stride: usize,
  momentumBuffer: usize,
  rateScale: f64,
  slice: i32,
  slices: i32,
): void {
  const blocks = stride ? slotBlocks(slot) : 1
  const rate = f32x4.splat(<f32>(<f64>load<f32>(slot, 16) * rateScale))
  const momentum = v128.load_splat<f32>(slot, 20)
  const decay = v128.load_splat<f32>(slot, 32)
  const end = sliceStart(count, slice + 1, slices)
  for (let i = sliceStart(count, slice, slices); i < end; i += 16) {
    const p = v128.load(values + i)
    const g = f32x4.add(gradientSum(gradients, stride, blocks, i), f32x4.mul(decay, p))
    const m = f32x4.add(f32x4.mul(momentum, v128.load(momentumBuffer + i)), g)
    v128.store(momentumBuffer + i, m)
    v128.store(values + i, f32x4.sub(p, f32x4.mul(rate, m)))
  }
}

/** Adam (Kingma & Ba 2015) as PyTorch computes it: `p -= rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)`. */
export function adamStep(
  slot: usize,
  count: i32,
  values: usize,
  gradients: usize,
  stride: usize,
  firstMoment: usize,
  secondMoment: usize,
  rateScale: f64,
  slice: i32,
  slices: i32,
): void {
  const blocks = stride ? slotBlocks(slot) : 1
  const rate = f32x4.splat(<f32>(<f64>load<f32>(slot, 16) * <f64>load<f32>(slot, 36) * rateScale))
  const beta1 = v128.load_splat<f32>(slot, 20)
  const beta2 = v128.load_splat<f32>(slot, 24)
  const epsilon = v128.load_splat<f32>(slot, 28)
  const decay = v128.load_splat<f32>(slot, 32)
  const correction = v128.load_splat<f32>(slot, 40)
  const rest1 = v128.load_splat<f32>(slot, 44)
  const rest2 = v128.load_splat<f32>(slot, 48)
  const end = sliceStart(count, slice + 1, slices)
  for (let i = sliceStart(count, slice, slices); i < end; i += 16) {
    const p = v128.load(values + i)
    const g = f32x4.add(gradientSum(gradients, stride, blocks, i), f32x4.mul(decay, p))
    const m = f32x4.add(f32x4.mul(beta1, v128.load(firstMoment + i)), f32x4.mul(rest1, g))
    const v = f32x4.add(f32x4.mul(beta2, v128.load(secondMoment + i)), f32x4.mul(rest2, f32x4.mul(g, g)))
    v128.store(firstMoment + i, m)
    v128.store(secondMoment + i, v)
    const step = f32x4.div(m, f32x4.add(f32x4.mul(f32x4.sqrt(v), correction), epsilon))
    v128.store(values + i, f32x4.sub(p, f32x4.mul(rate, step)))
  }
}
