// Profiles of training steps.

export { type MachinePeaks, measurePeaks } from './peaks.js'
export {
  type CallProfile,
  type LayerProfile,
  type ProfileOptions,
  profileTraining,
  type StepProfile,
  still,
} from './profile.js'
export { kernelTable, layerTable, passSeconds } from './tables.js'
