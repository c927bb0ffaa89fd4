// The process of one run of a sweep: it trains what it is told to and reports. It stops where the run can be continued
// when it is told so, and also when the sweep that started it is gone.

import { DctpsError } from 'dctps'
import { parseSettings, resolveConfig } from '../config/index.js'
import { folderState, LockedError, type RunEvent, runPaths, startRun } from '../run/index.js'
import { parseOrder, type WorkerReport } from './messages.js'

/** Between two reports of progress. */
const reportMilliseconds = 200

const controller = new AbortController()
const stop = () => controller.abort()

// Ctrl-C reaches all processes of a terminal; the sweep passes it on as a message, once.
process.on('SIGINT', () => {})
process.on('SIGTERM', stop)
process.on('disconnect', stop)
process.on('message', (message) => {
  const order = parseOrder(message)
  if (order.type === 'stop') stop()
  else void train(order.settings, order.folder).then(leave)
})

async function train(settings: unknown, folder: string): Promise<WorkerReport> {
  try {
    const config = resolveConfig(parseSettings(settings, (name) => name))
    const resume = (await folderState(runPaths(folder))) !== 'free'
    await startRun(config, { folder, resume, signal: controller.signal, onEvent: reporter() })
    return { type: 'finished' }
  } catch (error) {
    if (error instanceof LockedError) return { type: 'locked', message: error.message }
    if (error instanceof DctpsError) return { type: 'failed', code: error.code, message: error.message }
    const trace = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { type: 'failed', code: 'crash', message: trace }
  }
}

function reporter(): (event: RunEvent) => void {
  let reportedAt = 0
  return (event) => {
    if (event.type === 'warning') tell({ type: 'warning', message: event.message })
    if (event.type !== 'step' || performance.now() - reportedAt < reportMilliseconds) return
    reportedAt = performance.now()
    const { epoch, epochs, step, steps, accuracy, imagesPerSecond } = event
    const share = (epoch - 1 + step / steps) / epochs
    tell({ type: 'progress', progress: { epoch, epochs, share, accuracy, imagesPerSecond } })
  }
}

/** Nobody listens when the sweep is gone. */
function tell(report: WorkerReport, then: () => void = () => {}): void {
  if (process.connected) process.send?.(report, undefined, undefined, then)
}

/** The last word; without the channel nothing keeps the process. */
function leave(report: WorkerReport): void {
  tell(report, () => {
    if (process.connected) process.disconnect()
  })
}
