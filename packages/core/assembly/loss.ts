// Softmax cross-entropy on logits, in float64 inside: one block of images at a time. Lanes without an image get a zero
// gradient, which keeps every later gradient of theirs zero.

import { blockImages, slotImages } from './slot'

/**
 * Writes the block's `[sum of losses, correct answers]` (float64) to `result`, the logits of its images to
 * `logitsOut` `[images][classes]`, and, unless `dlogits` is 0, the gradient of the mean loss over the whole batch.
 */
export function softmaxCrossEntropy(
  logits: usize,
  classes: i32,
  lanes: i32,
  slot: usize,
  labels: usize,
  block: i32,
  result: usize,
  logitsOut: usize,
  dlogits: usize,
): void {
  const rowBytes = (<usize>lanes) << 2
  const images = blockImages(slot, block, lanes)
  const scale: f64 = 1 / <f64>slotImages(slot)
  let lossSum: f64 = 0
  let correct: f64 = 0
  for (let lane = 0; lane < lanes; lane++) {
    const column = logits + ((<usize>lane) << 2)
    const gradient = dlogits + ((<usize>lane) << 2)
    if (lane >= images) {
      if (dlogits) for (let k = 0; k < classes; k++) store<f32>(gradient + <usize>k * rowBytes, 0)
      continue
    }
    const index = block * lanes + lane
    const label = load<i32>(labels + ((<usize>index) << 2))
    let largest = load<f32>(column)
    let answer = 0
    for (let k = 0; k < classes; k++) {
      const value = load<f32>(column + <usize>k * rowBytes)
      store<f32>(logitsOut + ((<usize>(index * classes + k)) << 2), value)
      if (value > largest) {
        largest = value
        answer = k
      }
    }
    let sum: f64 = 0
    for (let k = 0; k < classes; k++)
      sum += Math.exp(<f64>load<f32>(column + <usize>k * rowBytes) - <f64>largest)
    lossSum += Math.log(sum) - (<f64>load<f32>(column + <usize>label * rowBytes) - <f64>largest)
    // A logit that is not a number never compares as larger: such an image counts as wrong.
    if (answer == label && sum == sum) correct += 1
    if (dlogits) {
      for (let k = 0; k < classes; k++) {
        const p = Math.exp(<f64>load<f32>(column + <usize>k * rowBytes) - <f64>largest) / sum
        store<f32>(gradient + <usize>k * rowBytes, <f32>((p - <f64>(k == label)) * scale))
      }
    }
  }
  store<f64>(result, lossSum)
  store<f64>(result, correct, 8)
}
