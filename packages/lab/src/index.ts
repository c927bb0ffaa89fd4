// The lab: data sets, configured training runs, logs and reports.

export * from './config/index.js'
export * from './data/index.js'
export * from './run/index.js'
