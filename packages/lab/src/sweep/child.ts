// Starts the process of one run and turns what it says, or how it ends, into an outcome.

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { RunConfig } from '../config/index.js'
import { parseReport, type RunProgress, type WorkerOrder, type WorkerReport } from './messages.js'

export type ChildOutcome = Extract<WorkerReport, { type: 'finished' | 'locked' | 'failed' }>

export interface ChildEvents {
  onProgress(progress: RunProgress): void
  onWarning(message: string): void
}

const workerFile = fileURLToPath(new URL('./worker.js', import.meta.url))

/** Of what a crashing process wrote to stderr, the end says why. */
const keptStderr = 4000

/**
 * Trains a run in a process of its own.
 * @param signal tells the process to save and end; the outcome then has the code `cancelled`
 */
export async function trainInChild(
  config: RunConfig,
  folder: string,
  signal: AbortSignal | undefined,
  { onProgress, onWarning }: ChildEvents,
): Promise<ChildOutcome> {
  const child = fork(workerFile, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  const stop = () => send(child, { type: 'stop' })
  let outcome: ChildOutcome | null = null
  let stderr = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-keptStderr)
  })
  child.on('message', (message) => {
    const report = parseReport(message)
    if (report.type === 'progress') onProgress(report.progress)
    else if (report.type === 'warning') onWarning(report.message)
    else outcome = report
  })
  const ended = new Promise<ChildOutcome>((resolve) => {
    child.on('error', (error) =>
      resolve({ type: 'failed', code: 'crash', message: `the process cannot be started: ${error.message}` }),
    )
    child.on('close', (code, by) => resolve(outcome ?? crash(code, by, stderr)))
  })
  send(child, { type: 'train', settings: config, folder })
  signal?.addEventListener('abort', stop)
  if (signal?.aborted) stop()
  return ended.finally(() => signal?.removeEventListener('abort', stop))
}

/** A process that has just ended takes no orders; its end is heard of elsewhere. */
function send(child: ChildProcess, order: WorkerOrder): void {
  if (child.connected) child.send(order, () => {})
}

function crash(code: number | null, signal: NodeJS.Signals | null, stderr: string): ChildOutcome {
  const how = signal === null ? `exit code ${code}` : `signal ${signal}`
  const words = stderr.trim().split('\n').at(-1) ?? ''
  return {
    type: 'failed',
    code: 'crash',
    message: `the process of the run ended with ${how}${words === '' ? '' : `: ${words}`}`,
  }
}
