// Training runs and their folders.

export { defaultRunFolder, isFolder, type RunPaths, runPaths } from './folder.js'
export { networkInput, openConfiguredData, type PreparedRun, prepareRun } from './prepare.js'
export { type RunEvent, type RunOptions, type RunResult, startRun } from './run.js'
export { networkSizes, type RunSummary, readSummary } from './summary.js'
export { version } from './version.js'
