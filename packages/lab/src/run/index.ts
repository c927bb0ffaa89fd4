// Training runs and their folders.

export {
  defaultRunFolder,
  type FolderState,
  folderState,
  kindOfPath,
  type RunPaths,
  runPaths,
} from './folder.js'
export { type LayerCost, layerCosts } from './layer-costs.js'
export { type PictureOptions, readPicture } from './picture.js'
export { networkInput, openConfiguredData, type PreparedRun, prepareRun } from './prepare.js'
export { type RunEvent, type RunOptions, type RunResult, startRun } from './run.js'
export { readModel, readSaved, readSavedModel, type SavedModel, type SavedState } from './saved.js'
export { networkSizes, type RunSummary, readSummary } from './summary.js'
export { modelTensors } from './tensors.js'
export { type ModelTest, testModel } from './test-model.js'
export { version } from './version.js'
