// Training: data sets in memory, options, the loop, and evaluation.

export {
  BatchLoader,
  byteValues,
  checkImagesFit,
  measureNormalisation,
  type Split,
  splitIndices,
} from './batches.js'
export { checkDataset, type ImageDataset, type Normalisation } from './dataset.js'
export { type Evaluation, evaluate, everyIndex } from './evaluate.js'
export type { EpochRecord, SupportMove, TrainEvent } from './events.js'
export { initialValues } from './initialise.js'
export {
  type AugmentationOptions,
  adamDefaults,
  checkTrainOptions,
  type DynamicOptions,
  dynamicDefaults,
  type OptimizerOptions,
  type ScheduleOptions,
  sgdDefaults,
  type TrainOptions,
  trainDefaults,
} from './options.js'
export { learningRateAt } from './schedule.js'
export type { TrainPlatform, TrainTask } from './setup.js'
export type { BestEpoch, TrainState } from './state.js'
export { type TrainCallbacks, train } from './train.js'
export { Trainer } from './trainer.js'
