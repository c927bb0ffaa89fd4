// Which images a batch holds and how they lie in the network's input: the split, the order of an epoch, crops and flips.
// All of it depends only on (seed, epoch, index), so that resume, threads and read-ahead change nothing.

import { DctpsError } from '../errors.js'
import type { Key } from '../random/key.js'
import type { BatchSlot } from '../runtime/batch.js'
import { type ActivationShape, activationSize, formatActivation } from '../shape/activation.js'
import type { ImageDataset, Normalisation } from './dataset.js'
import type { AugmentationOptions } from './options.js'

export interface Split {
  readonly training: Uint32Array
  readonly validation: Uint32Array
}

/** Holds out `validation` of the images, by key; both parts ascending. */
export function splitIndices(images: number, validation: number, key: Key): Split {
  const order = key.fold('split').permutation(images)
  const held = Math.round(validation * images)
  return { validation: order.slice(0, held).sort(), training: order.slice(held).sort() }
}

/** Training indices in the order of an epoch. */
export function epochOrder(training: Uint32Array, key: Key, epoch: number): Uint32Array {
  return key
    .fold('order', epoch)
    .permutation(training.length)
    .map((position) => training[position]!)
}

/**
 * Checks that images can be shown to a network: the same channels, and no larger than its input.
 * @throws DctpsError `data`
 */
export function checkImagesFit(dataset: ImageDataset, input: ActivationShape): void {
  const { channels, height, width } = dataset.shape
  if (channels !== input.channels || height > input.height || width > input.width) {
    throw new DctpsError(
      'data',
      `the network takes images ${formatActivation(input)}; data set ${dataset.name} has ${formatActivation(dataset.shape)}: images must have the same channels and be no larger (smaller ones are padded); resize the data`,
    )
  }
}

/** Copies images into slots: raw pixels, labels, and where each image lies. */
export class BatchLoader {
  readonly #dataset: ImageDataset
  readonly #size: number
  readonly #top: number
  readonly #left: number
  readonly #bits = new Uint32Array(4)

  constructor(dataset: ImageDataset, input: ActivationShape) {
    checkImagesFit(dataset, input)
    this.#dataset = dataset
    this.#size = activationSize(dataset.shape)
    // A smaller image lies in the middle, zeros around it.
    this.#top = -Math.floor((input.height - dataset.shape.height) / 2)
    this.#left = -Math.floor((input.width - dataset.shape.width) / 2)
  }

  /** Fills the slot with `indices[start .. start + count)`. With augmentation, `key` is the epoch's. */
  load(
    slot: BatchSlot,
    indices: Uint32Array,
    start: number,
    count: number,
    augmentation: { options: AugmentationOptions; key: Key } | null,
  ): void {
    const { pixels, labels } = this.#dataset
    for (let i = 0; i < count; i++) {
      const index = indices[start + i]!
      slot.pixels.set(pixels.subarray(index * this.#size, (index + 1) * this.#size), i * this.#size)
      slot.labels[i] = labels[index]!
      let [top, left, flipped] = [this.#top, this.#left, 0]
      if (augmentation !== null) {
        const { cropPadding, flip } = augmentation.options
        augmentation.key.bits(index, this.#bits)
        const offsets = 2 * cropPadding + 1
        top += scaled(this.#bits[0]!, offsets) - cropPadding
        left += scaled(this.#bits[1]!, offsets) - cropPadding
        flipped = flip ? this.#bits[2]! >>> 31 : 0
      }
      slot.placements[4 * i] = top
      slot.placements[4 * i + 1] = left
      slot.placements[4 * i + 2] = flipped
    }
  }
}

/** 32 random bits to an integer below a small bound; the bias is below bound / 2^32. */
function scaled(bits: number, bound: number): number {
  return Math.floor((bits / 2 ** 32) * bound)
}

/** Mean and standard deviation per channel of the given images, pixels scaled to 0..1. */
export function measureNormalisation(dataset: ImageDataset, indices: Uint32Array): Normalisation {
  const { channels, height, width } = dataset.shape
  const plane = height * width
  const histogram = new Float64Array(256)
  const mean: number[] = []
  const std: number[] = []
  for (let channel = 0; channel < channels; channel++) {
    histogram.fill(0)
    for (const index of indices) {
      const start = (index * channels + channel) * plane
      for (let i = start; i < start + plane; i++) histogram[dataset.pixels[i]!]!++
    }
    const count = indices.length * plane
    const average = histogram.reduce((sum, n, value) => sum + n * value, 0) / count
    const variance = histogram.reduce((sum, n, value) => sum + n * (value - average) ** 2, 0) / count
    mean.push(average / 255)
    // A channel of one colour has no scale of its own.
    std.push(variance > 0 ? Math.sqrt(variance) / 255 : 1)
  }
  return { mean, std }
}

/** The normalised value of every byte, `[C][256]`. */
export function byteValues({ mean, std }: Normalisation): Float32Array {
  const table = new Float32Array(mean.length * 256)
  for (let channel = 0; channel < mean.length; channel++) {
    for (let byte = 0; byte < 256; byte++) {
      table[channel * 256 + byte] = (byte / 255 - mean[channel]!) / std[channel]!
    }
  }
  return table
}
