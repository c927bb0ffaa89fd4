// Reports on many runs: read, grouped, and written as page, tables and documents.

export { resultsDocument } from './documents.js'
export { type Results, type ResultsOptions, readResults } from './record.js'
export { summaryTable } from './tables.js'
export { resultsFiles, writeResults } from './write.js'
