// Per-channel mean and standard deviation of pixels: the published ones where the data is CIFAR or Tiny ImageNet, computed
// ones for the rest.

import { activationSize } from 'dctps/internal/shape/activation'
import type { ImageDataset, Normalisation } from 'dctps/internal/train/dataset'
import { CIFAR10_CLASSES, CIFAR100_CLASSES } from './cifar-classes.js'
import { hasTinyImagenetClasses } from './tiny-imagenet-classes.js'

/** [P]'s public code. */
const CIFAR10: Normalisation = { mean: [0.4914, 0.4822, 0.4465], std: [0.2023, 0.1994, 0.201] }
const CIFAR100: Normalisation = { mean: [0.5071, 0.4867, 0.4408], std: [0.2675, 0.2565, 0.2761] }

const TINY_IMAGENET: Normalisation = {
  mean: [0.48024578664982126, 0.44807218089384643, 0.3975477478649648],
  std: [0.2769864069088257, 0.26906448510256, 0.282081906210584],
}

/**
 * The published normalisation of CIFAR-10, CIFAR-100 or Tiny ImageNet, in whatever layout it came: known by its shape and
 * class names. Null for other data.
 */
export function publishedNormalisation(
  dataset: Pick<ImageDataset, 'shape' | 'classes'>,
): Normalisation | null {
  const { channels, height, width } = dataset.shape
  if (channels !== 3 || height !== width) return null
  if (height === 64) return hasTinyImagenetClasses(dataset.classes) ? TINY_IMAGENET : null
  if (height !== 32) return null
  if (sameNames(dataset.classes, CIFAR10_CLASSES)) return CIFAR10
  if (sameNames(dataset.classes, CIFAR100_CLASSES)) return CIFAR100
  return null
}

function sameNames(names: readonly string[], sorted: readonly string[]): boolean {
  return names.length === sorted.length && [...names].sort().every((name, i) => name === sorted[i])
}

/** Distribution of one channel's pixels over the given images. */
export interface ChannelStatistics {
  /** Of pixels scaled to 0..1. */
  readonly mean: number
  /** Of pixels scaled to 0..1, over the population (divided by n). */
  readonly std: number
  /** Smallest raw value, 0 to 255. */
  readonly min: number
  /** Largest raw value, 0 to 255. */
  readonly max: number
}

/**
 * Exact up to float64 rounding: pixels are counted by value, then 256 terms are summed.
 * @param indices images to look at; all by default
 * @returns one record a channel
 */
export function channelStatistics(dataset: ImageDataset, indices?: ArrayLike<number>): ChannelStatistics[] {
  const { channels, height, width } = dataset.shape
  const plane = height * width
  const size = activationSize(dataset.shape)
  const images = indices ?? Array.from(dataset.labels.keys())
  return Array.from({ length: channels }, (_, c) => {
    const counts = new Float64Array(256)
    for (let i = 0; i < images.length; i++) {
      const start = (images[i] ?? 0) * size + c * plane
      for (let p = start; p < start + plane; p++) {
        const value = dataset.pixels[p] ?? 0
        counts[value] = (counts[value] ?? 0) + 1
      }
    }
    return summarise(counts)
  })
}

function summarise(counts: Float64Array): ChannelStatistics {
  const total = counts.reduce((sum, count) => sum + count, 0)
  const mean = counts.reduce((sum, count, value) => sum + count * value, 0) / total
  const variance = counts.reduce((sum, count, value) => sum + count * (value - mean) ** 2, 0) / total
  return {
    mean: mean / 255,
    std: Math.sqrt(variance) / 255,
    min: counts.findIndex((count) => count > 0),
    max: counts.findLastIndex((count) => count > 0),
  }
}

/**
 * Mean and standard deviation per channel of the given images (all by default); pass the training split's. A channel
 * of one value gets 1 as its deviation, so that it becomes 0 and not a division by zero.
 */
export function computeNormalisation(dataset: ImageDataset, indices?: ArrayLike<number>): Normalisation {
  const statistics = channelStatistics(dataset, indices)
  return {
    mean: statistics.map(({ mean }) => mean),
    std: statistics.map(({ std }) => (std === 0 ? 1 : std)),
  }
}
