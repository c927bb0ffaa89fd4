// Choosing the support at initialisation: how many non-zeros a layer gets, and where.

export { type AllocateOptions, allocate, checkDensity, publishedDensities } from './allocate.js'
export type { KernelShape } from './kernel-shape.js'
export { didYouMean, nearestName } from './nearest-name.js'
export { randomPositions, randomSupport, randomSupports } from './random-support.js'
export { findSupportRule, supportRules } from './registry.js'
export {
  formatDensity,
  formatSupportReport,
  type SupportReport,
  type SupportReportRow,
  supportReport,
} from './report.js'
export type { SupportRule } from './rules/rule.js'
