// One run folder, read without changing anything: a finished run, or why it cannot be counted.

import { join } from 'node:path'
import { DctpsError, type EpochRecord } from 'dctps'
import { readMetrics } from '../log/metrics.js'
import { kindOfPath, runPaths } from '../run/index.js'
import {
  type ReadConfig,
  type ReadFailure,
  type ReadSession,
  type ReadSummary,
  readConfigFile,
  readFailureFile,
  readSessions,
  readSummaryFile,
} from './run-files.js'

/** A finished run. */
export interface ResultRun {
  /** Of its folder; unique in a report. */
  readonly name: string
  readonly folder: string
  /** Its method in the words of a sweep's author; null where nobody named it. */
  readonly label: string | null
  readonly config: ReadConfig
  /** Of the configuration. */
  readonly hash: string
  readonly epochs: readonly EpochRecord[]
  readonly summary: ReadSummary
  readonly sessions: readonly ReadSession[]
}

/**
 * - `missing`: listed in the sweep, but not begun
 * - `unfinished`: begun, with no result yet
 * - `diverged`: a loss that is not finite
 * - `failed`: ended by another error
 * - `damaged`: files that cannot be read
 * - `left out`: readable, but not part of what is reported
 */
export type ProblemKind = 'missing' | 'unfinished' | 'diverged' | 'failed' | 'damaged' | 'left out'

/** A run that is not counted, and why. */
export interface Problem {
  readonly name: string
  readonly label: string | null
  readonly kind: ProblemKind
  readonly reason: string
  /** Null where it cannot be read. */
  readonly config: ReadConfig | null
}

/** Never throws on what a folder holds: whatever is wrong with it is a problem of that run alone. */
export async function readRun(
  parent: string,
  { name, label }: Pick<ResultRun, 'name' | 'label'>,
): Promise<ResultRun | Problem> {
  const paths = runPaths(join(parent, name))
  const without = (kind: ProblemKind, reason: string, config: ReadConfig | null = null): Problem => ({
    name,
    label,
    kind,
    reason,
    config,
  })
  if ((await kindOfPath(paths.folder)) !== 'folder') return without('missing', 'not begun')
  if ((await kindOfPath(paths.config)) === null) return without('damaged', 'there is no config.json')
  let config: ReadConfig | null = null
  try {
    const read = await readConfigFile(paths.config)
    config = read.config
    const epochs = (await kindOfPath(paths.metrics)) === null ? [] : await readMetrics(paths.metrics)
    if ((await kindOfPath(paths.summary)) === null) {
      const failure = await readFailureFile(paths.failure)
      const { kind, reason } = failure === null ? unfinished(config, epochs) : failureOf(failure)
      return without(kind, reason, config)
    }
    const summary = await readSummaryFile(paths.summary)
    const mismatch = (['network', 'kind', 'seed'] as const).find(
      (field) => config?.[field] !== summary[field],
    )
    if (mismatch !== undefined) {
      const reason = `summary.json is of another run: ${mismatch} is ${summary[mismatch]} there and ${config[mismatch]} in config.json`
      return without('damaged', reason, config)
    }
    // Nothing but the note on the machine depends on it.
    const sessions = await readSessions(paths.environment).catch(() => [])
    return { name, label, folder: paths.folder, config, hash: read.hash, epochs, summary, sessions }
  } catch (error) {
    if (!(error instanceof DctpsError)) throw error
    // Where the folder lies is no result: reports of the same runs in two places are the same.
    return without('damaged', error.message.replaceAll(join(paths.folder, '/'), ''), config)
  }
}

/** What a note on a failure says. */
export function failureOf({ code, message }: ReadFailure): Pick<Problem, 'kind' | 'reason'> {
  // What follows names paths of the machine that it ran on.
  const [reason = ''] = message.split(';')
  return { kind: code === 'numeric' ? 'diverged' : 'failed', reason }
}

function unfinished(
  { epochs: asked }: ReadConfig,
  epochs: readonly EpochRecord[],
): Pick<Problem, 'kind' | 'reason'> {
  const last = epochs.at(-1)
  const after = `after ${epochs.length} of ${asked} epochs`
  if (last !== undefined && ![last.trainLoss, last.validationLoss ?? 0].every(Number.isFinite))
    return { kind: 'diverged', reason: `the loss is not finite ${after}` }
  return {
    kind: 'unfinished',
    reason: last === undefined ? `stopped in the first of ${asked} epochs` : `stopped ${after}`,
  }
}
