// Training runs and their folders.

export {
  createFolder,
  defaultRunFolder,
  type FolderState,
  folderState,
  identityOf,
  kindOfPath,
  type RunPaths,
  runPaths,
} from './folder.js'
export { type LayerCost, layerCosts } from './layer-costs.js'
export { type Lock, LockedError, takeLock, waitForLock } from './lock.js'
export { type PictureOptions, readPicture } from './picture.js'
export {
  networkInput,
  openConfiguredData,
  type PreparedRun,
  type PrepareOptions,
  prepareRun,
} from './prepare.js'
export { type RunEvent, type RunOptions, type RunResult, startRun } from './run.js'
export { readModel, readSaved, readSavedModel, type SavedModel, type SavedState } from './saved.js'
export { networkSizes, type RunSummary, readSummary } from './summary.js'
export { modelTensors } from './tensors.js'
export { type ModelTest, testModel } from './test-model.js'
export { version } from './version.js'
