// The data sets known by name. Registering another is one more record here.

import { fileURLToPath } from 'node:url'

export interface KnownDataset {
  readonly name: string
  /** One line for `dctps data list`. */
  readonly description: string
  /** Absolute path of its folder or archive. */
  readonly location: string
  /** Class names, where the files store only numbers. */
  readonly classes: readonly string[] | null
  /** What to do when its files are not there. */
  readonly ifMissing: string
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
    description:
      'the first 10,000 training and 2,000 test images of Fashion-MNIST, 28x28 grey, 10 classes (built in)',
    location: fileURLToPath(new URL('../../data/fashion-mnist-12k', import.meta.url)),
    classes: FASHION_CLASSES,
    ifMissing: 'it is part of this package: install the package again',
  },
  {
    name: 'fashion-mnist',
    description:
      'Fashion-MNIST, 60,000 training and 10,000 test images, 28x28 grey, 10 classes (Debian package)',
    location: '/usr/share/datasets/fashion-mnist',
    classes: FASHION_CLASSES,
    ifMissing: 'install the Debian package dataset-fashion-mnist',
  },
]

export function findKnownDataset(name: string): KnownDataset | null {
  return KNOWN_DATASETS.find((known) => known.name === name) ?? null
}
