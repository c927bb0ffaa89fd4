// The figures of a data set that `dctps data` prints.

import type { ActivationShape } from 'dctps/internal/shape/activation'
import type { ImageDataset } from 'dctps/internal/train/dataset'
import { type ChannelStatistics, channelStatistics } from './normalisation.js'

export interface DatasetStatistics {
  readonly name: string
  readonly shape: ActivationShape
  readonly images: number
  /** In label order. */
  readonly classes: readonly { readonly name: string; readonly images: number }[]
  readonly channels: readonly ChannelStatistics[]
  /** Pixels and labels in memory. */
  readonly bytes: number
}

export function datasetStatistics(dataset: ImageDataset): DatasetStatistics {
  const counts = dataset.classes.map(() => 0)
  for (const label of dataset.labels) counts[label] = (counts[label] ?? 0) + 1
  return {
    name: dataset.name,
    shape: dataset.shape,
    images: dataset.labels.length,
    classes: dataset.classes.map((name, label) => ({ name, images: counts[label] ?? 0 })),
    channels: channelStatistics(dataset),
    bytes: dataset.pixels.byteLength + dataset.labels.byteLength,
  }
}
