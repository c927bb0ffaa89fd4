// Brings a data set that was stored as raw pixels to another image size, with the resampling of image files.

import { activationSize } from 'dctps/internal/shape/activation'
import type { ImageDataset } from 'dctps/internal/train/dataset'
import { type Resize, type RgbImage, resizeImage, writePlanes } from './decode-image.js'
import { throwIfCancelled } from './problem.js'

/** Images resized at once. */
const BATCH = 64

/** The same images at the wanted size; the data set itself when it has that size. */
export async function resizeDataset(
  dataset: ImageDataset,
  resize: Resize,
  signal: AbortSignal | null,
): Promise<ImageDataset> {
  const { channels, height, width } = dataset.shape
  if (height === resize.height && width === resize.width) return dataset
  const shape = { channels, height: resize.height, width: resize.width }
  const size = activationSize(shape)
  const count = dataset.labels.length
  const pixels = new Uint8Array(count * size)
  for (let start = 0; start < count; start += BATCH) {
    throwIfCancelled(signal)
    const batch = Array.from({ length: Math.min(BATCH, count - start) }, async (_, i) => {
      const resized = await resizeImage(imageAt(dataset, start + i), resize)
      writePlanes(resized, channels === 1 ? 1 : 3, pixels, (start + i) * size)
    })
    await Promise.all(batch)
  }
  return { ...dataset, shape, pixels }
}

/** One image of the data set as interleaved RGB; a grey one three times the same. */
function imageAt(dataset: ImageDataset, index: number): RgbImage {
  const { channels, height, width } = dataset.shape
  const plane = height * width
  const start = index * channels * plane
  const pixels = new Uint8Array(3 * plane)
  for (let c = 0; c < 3; c++) {
    const from = start + (channels === 1 ? 0 : c) * plane
    for (let i = 0; i < plane; i++) pixels[3 * i + c] = dataset.pixels[from + i] ?? 0
  }
  return { height, width, pixels }
}
