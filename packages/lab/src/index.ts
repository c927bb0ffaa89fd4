// The lab: data sets, configured training runs, logs and reports.

export { LiveLine, type Terminal } from './cli/live-line.js'
export * from './config/index.js'
export * from './data/index.js'
export { hugePages, hugePagesPlatform } from './huge-pages.js'
export { still } from './profile/index.js'
export { formatDuration } from './report/format.js'
export { spreadPositions } from './report/place-labels.js'
export type { ReportAnswer, ReportFact, ReportInput, ReportLayer, ReportRun } from './report/records.js'
export { renderReport, writeReport } from './report/report.js'
export { formatTable, type TableColumn } from './report/table.js'
export * from './run/index.js'
export {
  type Experiment,
  expandExperiment,
  fixSettings,
  parseExperiment,
  type RunOutcome,
  readExperimentFile,
  readFailures,
  readSweep,
  runSweep,
  type SweepEvent,
  type SweepOptions,
  type SweepPlan,
  type SweepRecord,
  type SweepResult,
  type SweepRun,
} from './sweep/index.js'
