// Loss, accuracy and answers of a network on images, in evaluation mode.

import type { BatchSlot } from '../runtime/batch.js'
import type { Runner } from '../runtime/runner.js'
import { BatchLoader } from './batches.js'
import type { ImageDataset } from './dataset.js'

export interface Evaluation {
  readonly images: number
  /** Mean cross-entropy. */
  readonly loss: number
  /** Share of correct answers, 0..1. */
  readonly accuracy: number
}

/**
 * Evaluates the runner's network on `indices` of a data set. The runner must have the data's byte values set.
 * @param onBatch called with each finished batch; `slot.logits` `[images][classes]` is valid during the call
 */
export async function evaluate(
  runner: Runner,
  dataset: ImageDataset,
  indices: Uint32Array = everyIndex(dataset),
  onBatch?: (slot: BatchSlot, start: number, images: number) => void,
): Promise<Evaluation> {
  const loader = new BatchLoader(dataset, runner.program.network.input)
  let lossSum = 0
  let correct = 0
  const pending: Promise<void>[] = []
  for (let start = 0; start < indices.length; start += runner.program.batch) {
    const images = Math.min(runner.program.batch, indices.length - start)
    const slot = await runner.nextSlot()
    loader.load(slot, indices, start, images, null)
    const done = runner.submit(slot, images, 'evaluate').then((result) => {
      lossSum += result.lossSum
      correct += result.correct
      onBatch?.(slot, start, images)
    })
    pending.push(done)
    // A failure reaches the caller through the wait below, not as an unhandled rejection meanwhile.
    done.catch(() => {})
  }
  await Promise.all(pending)
  return { images: indices.length, loss: lossSum / indices.length, accuracy: correct / indices.length }
}

export function everyIndex(dataset: ImageDataset): Uint32Array {
  return Uint32Array.from(dataset.labels, (_, index) => index)
}
