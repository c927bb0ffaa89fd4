// What every reader of a data layout receives and returns. The readers themselves are one file each: `idx`, `cifar`,
// `tiny-imagenet`, `image-folder`; which of them reads a source is decided in `layout`.

import type { ImageDataset } from 'dctps/internal/train/dataset'
import type { Resize } from './decode-image.js'
import type { Problems } from './problem.js'

export interface Splits {
  readonly train: ImageDataset
  /** Null when the source has no test images. */
  readonly test: ImageDataset | null
}

/** Which of CIFAR-100's two labels a data set carries. */
export type Cifar100Labels = 'fine' | 'coarse'

export interface ReadContext {
  /** Name of the data set, for reports. */
  readonly name: string
  /** Class names known from elsewhere, for layouts that store only numbers. */
  readonly classes: readonly string[] | null
  /** Size that images are brought to, or null to take them as they are. */
  readonly resize: Resize | null
  readonly cifar100Labels: Cifar100Labels
  readonly problems: Problems
  readonly onProgress: (done: number, total: number) => void
  readonly onWarning: (message: string) => void
  readonly signal: AbortSignal | null
}
