// What a training run is told, as precise types, with the paper's defaults ([P] section 6), and the check at the edge.

import { DctpsError } from '../errors.js'
import type { Normalisation } from './dataset.js'

/** Both add L2 weight decay to the gradient (not decoupled), on every trainable parameter. */
export type OptimizerOptions =
  | { readonly type: 'sgd'; readonly momentum: number; readonly weightDecay: number }
  | {
      readonly type: 'adam'
      readonly beta1: number
      readonly beta2: number
      readonly epsilon: number
      readonly weightDecay: number
    }

/** How the learning rate moves; times are in epochs. */
export type ScheduleOptions =
  | { readonly type: 'constant' }
  /** Multiplied by `factor` at each milestone. */
  | { readonly type: 'multiStep'; readonly milestones: readonly number[]; readonly factor: number }
  /** Half a cosine from the learning rate to zero over the whole run. */
  | { readonly type: 'cosine' }

export interface AugmentationOptions {
  /** Zero padding on the raw pixels before a random crop of the original size; 0 is off. */
  readonly cropPadding: number
  /** Horizontal flip of half of the images. */
  readonly flip: boolean
}

/** How supports change while training, each layer keeping its number of entries. ALGORITHMS section 4. */
export interface DynamicOptions {
  /**
   * The smallest values are dropped, and as many positions grown:
   * - `rigl`: those of the largest gradients (Evci et al. 2020); the update takes the place of the optimiser's step
   * - `set`: uniformly random ones (Mocanu et al. 2018)
   */
  readonly type: 'rigl' | 'set'
  /** Steps between two updates. */
  readonly updateEvery: number
  /** Share of a layer's entries that the first update would move; it falls to zero as half a cosine. */
  readonly dropFraction: number
  /** Share of all steps after which supports stay as they are. */
  readonly updateUntil: number
}

export interface TrainOptions {
  readonly epochs: number
  readonly batch: number
  readonly learningRate: number
  readonly optimizer: OptimizerOptions
  readonly schedule: ScheduleOptions
  /** Epochs of linear warm-up from zero. */
  readonly warmUpEpochs: number
  /** Seed of initial values, split, order and augmentation. */
  readonly seed: number
  /** Share of the training images held out to choose the best epoch; 0 trains on all and keeps the final weights. */
  readonly validation: number
  readonly augmentation: AugmentationOptions
  /** Null: computed on the training split. */
  readonly normalisation: Normalisation | null
  /** Stop when validation accuracy has not risen for this many epochs; null never stops early. */
  readonly patience: number | null
  /** Null: supports stay as they are. */
  readonly dynamic: DynamicOptions | null
}

export const adamDefaults: OptimizerOptions = {
  type: 'adam',
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 5e-4,
}

export const sgdDefaults: OptimizerOptions = { type: 'sgd', momentum: 0.9, weightDecay: 5e-4 }

/** [P]: batch 128, 200 epochs, 90/10 split, Adam at 1e-3. */
export const trainDefaults: TrainOptions = {
  epochs: 200,
  batch: 128,
  learningRate: 1e-3,
  optimizer: adamDefaults,
  schedule: { type: 'constant' },
  warmUpEpochs: 0,
  seed: 0,
  validation: 0.1,
  augmentation: { cropPadding: 0, flip: false },
  normalisation: null,
  patience: null,
  dynamic: null,
}

/** [R] */
export const dynamicDefaults = { updateEvery: 100, dropFraction: 0.3, updateUntil: 0.75 } as const

/**
 * Checks the numbers of a run.
 * @throws DctpsError `usage` naming the option, what was received and what is allowed
 */
export function checkTrainOptions(options: TrainOptions): void {
  const { optimizer, schedule, augmentation, normalisation, dynamic } = options
  whole('epochs', options.epochs, 1)
  whole('batch', options.batch, 1)
  whole('seed', options.seed, 0)
  range('learning rate', options.learningRate, 0, Number.MAX_VALUE, 'open')
  range('warm-up epochs', options.warmUpEpochs, 0, options.epochs)
  range('validation', options.validation, 0, 0.9)
  range('weight decay', optimizer.weightDecay, 0, Number.MAX_VALUE)
  if (optimizer.type === 'sgd') {
    range('momentum', optimizer.momentum, 0, 0.999999)
  } else {
    range('beta1', optimizer.beta1, 0, 0.999999)
    range('beta2', optimizer.beta2, 0, 0.999999)
    range('epsilon', optimizer.epsilon, 0, 1, 'open')
  }
  if (schedule.type === 'multiStep') {
    range('decay factor', schedule.factor, 0, 1, 'open')
    for (const milestone of schedule.milestones)
      range('milestone', milestone, 0, Number.MAX_SAFE_INTEGER, 'open')
  }
  whole('crop padding', augmentation.cropPadding, 0)
  if (options.patience !== null) whole('patience', options.patience, 1)
  if (options.patience !== null && options.validation === 0) {
    throw new DctpsError(
      'usage',
      'early stopping needs validation images: give validation above 0, or no patience',
    )
  }
  if (dynamic !== null) {
    whole('steps between updates of the supports', dynamic.updateEvery, 1)
    range('drop fraction', dynamic.dropFraction, 0, 1, 'open')
    range('share of steps with updates of the supports', dynamic.updateUntil, 0, 1, 'open')
  }
  for (const std of normalisation?.std ?? []) range('normalisation std', std, 0, Number.MAX_VALUE, 'open')
}

function whole(name: string, value: number, min: number): void {
  if (!Number.isSafeInteger(value) || value < min) {
    throw new DctpsError('usage', `${name} must be a whole number of at least ${min}, received ${value}`)
  }
}

function range(
  name: string,
  value: number,
  min: number,
  max: number,
  lower: 'open' | 'closed' = 'closed',
): void {
  const valid = Number.isFinite(value) && (lower === 'open' ? value > min : value >= min) && value <= max
  if (valid) return
  const above = lower === 'open' ? `above ${min}` : `at least ${min}`
  const below = max >= Number.MAX_SAFE_INTEGER ? '' : ` and at most ${max}`
  throw new DctpsError('usage', `${name} must be ${above}${below}, received ${value}`)
}
