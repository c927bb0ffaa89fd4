// Sweeps: experiments of many runs, from a file to a folder of finished runs.

export { type EstimateOptions, estimateRuns, type RunEstimate, totalSeconds } from './estimate.js'
export { describeRun, expandExperiment, type SweepPlan, type SweepRun } from './expand.js'
export {
  type Axis,
  type Experiment,
  fixSettings,
  type Method,
  parseExperiment,
  readExperimentFile,
  readOutline,
} from './experiment.js'
export {
  type RunFailure,
  readFailures,
  readSweep,
  type SweepPaths,
  type SweepRecord,
  sweepPaths,
} from './folder.js'
export { chooseParallelism, type Parallelism } from './jobs.js'
export { type ListedExperiment, listExperiments } from './list.js'
export type { RunProgress } from './messages.js'
export {
  type RunOutcome,
  runSweep,
  type SweepEvent,
  type SweepOptions,
  type SweepResult,
  type SweepRunResult,
} from './run-sweep.js'
export { parseShard, type Shard, shardRuns } from './shard.js'
export { SpeedBook } from './speed.js'
