// A labelled set of images as the trainer takes it: raw bytes in memory, decoded by whoever made it.

import { DctpsError } from '../errors.js'
import { type ActivationShape, activationSize } from '../shape/activation.js'

export interface ImageDataset {
  /** Short name for reports, e.g. `fashion-mnist-12k`. */
  readonly name: string
  /** Shape of every image as stored. */
  readonly shape: ActivationShape
  /** Class names, label = index. */
  readonly classes: readonly string[]
  /** Raw pixels `[images][channels][height][width]`, 0 to 255. */
  readonly pixels: Uint8Array
  /** One label an image. */
  readonly labels: Uint16Array
}

/** Per-channel normalisation of pixels scaled to 0..1: `(p / 255 - mean) / std`. */
export interface Normalisation {
  readonly mean: readonly number[]
  readonly std: readonly number[]
}

/**
 * Checks that arrays and labels fit together.
 * @throws DctpsError `data`
 */
export function checkDataset(dataset: ImageDataset): void {
  const size = activationSize(dataset.shape)
  if (dataset.labels.length === 0)
    throw new DctpsError('data', `data set ${dataset.name} is empty: expected at least one image`)
  if (dataset.pixels.length !== dataset.labels.length * size) {
    throw new DctpsError(
      'data',
      `data set ${dataset.name}: ${dataset.labels.length} labels of images with ${size} values need ${dataset.labels.length * size} bytes, received ${dataset.pixels.length}`,
    )
  }
  const bad = dataset.labels.findIndex((label) => label >= dataset.classes.length)
  if (bad >= 0) {
    throw new DctpsError(
      'data',
      `data set ${dataset.name}: image ${bad} has label ${dataset.labels[bad]}, but there are only ${dataset.classes.length} classes`,
    )
  }
}
