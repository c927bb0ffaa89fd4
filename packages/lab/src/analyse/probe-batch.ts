// The images that a network is looked at with: drawn by a seed, normalised and placed as in training.

import {
  byteValues,
  checkImagesFit,
  DctpsError,
  type ImageDataset,
  type Key,
  type Normalisation,
} from 'dctps'
import type { ActivationShape } from 'dctps/internal/shape/activation'
import { fromImages, type Signal } from './float64/signal.js'

/**
 * `count` different images of the data set; smaller ones than the network takes lie in the middle, raw zeros around them.
 * @throws DctpsError `data` when the images do not fit the network, or there are too few
 */
export function probeBatch(
  dataset: ImageDataset,
  input: ActivationShape,
  normalisation: Normalisation,
  count: number,
  key: Key,
): Signal {
  checkImagesFit(dataset, input)
  const available = dataset.labels.length
  if (count > available) {
    throw new DctpsError(
      'data',
      `${dataset.name} has ${available} training images, ${count} were asked for; ask for fewer with --images`,
    )
  }
  const chosen = key.fold('probe').permutation(available).subarray(0, count)
  const { channels, height, width } = dataset.shape
  const table = byteValues(normalisation)
  const [top, left] = [Math.floor((input.height - height) / 2), Math.floor((input.width - width) / 2)]
  const values: number[] = []
  for (const index of chosen) {
    for (let channel = 0; channel < channels; channel++) {
      const start = (index * channels + channel) * height * width
      for (let row = -top; row < input.height - top; row++) {
        for (let column = -left; column < input.width - left; column++) {
          const inside = row >= 0 && row < height && column >= 0 && column < width
          const byte = inside ? dataset.pixels[start + row * width + column]! : 0
          values.push(table[channel * 256 + byte]!)
        }
      }
    }
  }
  return fromImages(count, input, values)
}
