// The data sets known by name. Registering another is one more record here.

import { fileURLToPath } from 'node:url'
import {
  CIFAR10_FILES,
  CIFAR100_FILES,
  FASHION_MNIST_FILES,
  type PublishedFile,
  TINY_IMAGENET_FILES,
} from './published-files.js'

/**
 * - `built-in`: part of this package
 * - `published`: fetched from its publisher by `dctps data get` into the data folder
 */
export type DatasetOrigin =
  | { readonly kind: 'built-in' /** Absolute path. */; readonly folder: string }
  | {
      readonly kind: 'published'
      readonly files: readonly PublishedFile[]
      /** Folder where a package of the system may have put it. */
      readonly elsewhere: string | null
    }

export interface KnownDataset {
  readonly name: string
  /** One line for `dctps data list`. */
  readonly description: string
  /** Class names, where the files store only numbers. */
  readonly classes: readonly string[] | null
  readonly origin: DatasetOrigin
  /** Options of `dctps train` that suit it. */
  readonly trainOptions: string
}

const FASHION_CLASSES = [
  't-shirt/top',
  'trouser',
  'pullover',
  'dress',
  'coat',
  'sandal',
  'shirt',
  'sneaker',
  'bag',
  'ankle boot',
]

/** What is used when no data set is named. */
export const DEFAULT_DATASET = 'fashion-mnist-12k'

export const KNOWN_DATASETS: readonly KnownDataset[] = [
  {
    name: DEFAULT_DATASET,
    description: 'the first 10,000 training and 2,000 test images of fashion-mnist (built in)',
    classes: FASHION_CLASSES,
    origin: {
      kind: 'built-in',
      folder: fileURLToPath(new URL('../../data/fashion-mnist-12k', import.meta.url)),
    },
    trainOptions: '',
  },
  {
    name: 'fashion-mnist',
    description: '60,000 training and 10,000 test images, 28x28 grey, 10 classes',
    classes: FASHION_CLASSES,
    // Debian's package dataset-fashion-mnist
    origin: {
      kind: 'published',
      files: FASHION_MNIST_FILES,
      elsewhere: '/usr/share/datasets/fashion-mnist',
    },
    trainOptions: '',
  },
  {
    name: 'cifar10',
    description: '50,000 training and 10,000 test images, 32x32 colour, 10 classes',
    classes: null,
    origin: { kind: 'published', files: CIFAR10_FILES, elsewhere: null },
    trainOptions: '--crop 4 --flip',
  },
  {
    name: 'cifar100',
    description: '50,000 training and 10,000 test images, 32x32 colour, 100 classes',
    classes: null,
    origin: { kind: 'published', files: CIFAR100_FILES, elsewhere: null },
    trainOptions: '--crop 4 --flip',
  },
  {
    name: 'tiny-imagenet',
    description: '100,000 training and 10,000 test images, 64x64 colour, 200 classes',
    classes: null,
    origin: { kind: 'published', files: TINY_IMAGENET_FILES, elsewhere: null },
    trainOptions: '--network resnet18 --crop 4 --flip',
  },
]

export function findKnownDataset(name: string): KnownDataset | null {
  return KNOWN_DATASETS.find((known) => known.name === name) ?? null
}
