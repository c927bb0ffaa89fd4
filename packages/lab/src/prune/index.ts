// Pruning at initialisation, for runs.

export { describePruning } from './describe.js'
export { type PrunedRun, type PruningRecord, pruneRun } from './prune-run.js'
