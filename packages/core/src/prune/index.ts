// Choosing the support of standard sparse networks by saliencies at initialisation, the baselines of [P].

export type { DensityDecay } from './decay.js'
export type { Pruned, PruneJob, PruneRound, PruneWatch, PruningMethod } from './method.js'
export { checkPrunable, type PruneTask, prune, pruneStepsOf } from './prune.js'
export { findPruningMethod, pruningMethods } from './registry.js'
export { type ConnectionReport, type ConnectionReportRow, connectionReport } from './report.js'
export { type Scores, topScores } from './top-scores.js'
