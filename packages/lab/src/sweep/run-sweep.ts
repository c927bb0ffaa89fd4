// Works through a sweep: every run that is not finished is trained in a process of its own, some at once. Run folders
// carry all that is needed to go on, so a sweep that was stopped or killed at any moment goes on where it was.

import { hostname } from 'node:os'
import { join } from 'node:path'
import { DctpsError } from 'dctps'
import {
  createFolder,
  folderState,
  type Lock,
  type RunSummary,
  readSummary,
  runPaths,
  takeLock,
  waitForLock,
} from '../run/index.js'
import { trainInChild } from './child.js'
import { visitData } from './data.js'
import { expandExperiment, type SweepPlan, type SweepRun } from './expand.js'
import type { Experiment } from './experiment.js'
import {
  clearFailure,
  earlierSweep,
  type RunFailure,
  readFailures,
  recordOf,
  sweepPaths,
  writeFailure,
  writeSweep,
} from './folder.js'
import { chooseParallelism, type Parallelism } from './jobs.js'
import type { RunProgress } from './messages.js'
import { type Shard, shardRuns, shardText } from './shard.js'

export type RunOutcome =
  | { readonly type: 'finished'; readonly summary: RunSummary }
  /** The loss was not finite: a result, and not tried again unless that is asked for. */
  | { readonly type: 'diverged'; readonly failure: RunFailure }
  /** Tried again the next time. */
  | { readonly type: 'failed'; readonly failure: RunFailure }
  /** Another process trains it. */
  | { readonly type: 'busy'; readonly message: string }

export interface SweepRunResult {
  readonly run: SweepRun
  readonly outcome: RunOutcome
}

export type SweepEvent =
  | { readonly type: 'data'; readonly done: number; readonly total: number }
  | { readonly type: 'warning'; readonly message: string }
  | {
      readonly type: 'begin'
      /** Of this shard. */
      readonly runs: readonly SweepRun[]
      /** What was there already, and is not touched. */
      readonly before: readonly SweepRunResult[]
      readonly parallelism: Parallelism
    }
  | { readonly type: 'start'; readonly run: SweepRun }
  | { readonly type: 'progress'; readonly run: SweepRun; readonly progress: RunProgress }
  | ({ readonly type: 'end' } & SweepRunResult)

export interface SweepOptions {
  readonly folder: string
  /** Processes at once. Default: as many as there are cores for. */
  readonly jobs?: number | undefined
  /** Only every n-th run. Default: all. */
  readonly shard?: Shard | undefined
  /** Whether runs whose loss was not finite are tried again. */
  readonly retry?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ((event: SweepEvent) => void) | undefined
}

export interface SweepResult {
  readonly plan: SweepPlan
  /** Of this shard, in the plan's order. */
  readonly results: readonly SweepRunResult[]
}

/** A process whose sweep was killed takes so long, at most, to finish its step and save. */
const orphanSeconds = 20

/**
 * Trains all runs of an experiment that are not finished. A run that fails takes nothing else along: it is an outcome.
 * @throws DctpsError `usage` or `data` before anything is written; `cancelled` when the signal aborts, with the states
 * of all runs saved; `file` when the sweep folder cannot be written; a LockedError when another process works on it
 */
export async function runSweep(experiment: Experiment, options: SweepOptions): Promise<SweepResult> {
  const { folder, shard, signal, onEvent = () => {} } = options
  const plan = expandExperiment(experiment)
  const earlier = await earlierSweep(folder)
  const runs = shard === undefined ? plan.runs : shardRuns(plan.runs, shard)
  const standing = await standingOutcomes(folder, runs, options.retry ?? false)
  const waiting = runs.filter((run) => !standing.has(run))
  await visitData(waiting, {
    signal,
    onDataProgress: (done, total) => onEvent({ type: 'data', done, total }),
    onWarning: (message) => onEvent({ type: 'warning', message }),
  })
  if (earlier !== null && earlier.hash !== plan.hash) {
    onEvent({ type: 'warning', message: describeChange(plan, new Set(earlier.runs.map(({ name }) => name))) })
  }
  const lock = await openSweepFolder(plan, options)
  try {
    const parallelism = chooseParallelism(options.jobs, waiting)
    const before = runs.flatMap((run) => resultOf(run, standing.get(run)))
    onEvent({ type: 'begin', runs, before, parallelism })
    const sweep = new RunningSweep(options, parallelism)
    const trained = await sweep.train(waiting)
    if (signal?.aborted) throw new DctpsError('cancelled', `stopped; the states of all runs are saved`)
    return { plan, results: runs.flatMap((run) => resultOf(run, standing.get(run) ?? trained.get(run))) }
  } finally {
    await lock.release()
  }
}

function resultOf(run: SweepRun, outcome: RunOutcome | undefined): SweepRunResult[] {
  return outcome === undefined ? [] : [{ run, outcome }]
}

/** Outcomes that stand as they are. */
async function standingOutcomes(
  folder: string,
  runs: readonly SweepRun[],
  retry: boolean,
): Promise<Map<SweepRun, RunOutcome>> {
  const failures = await readFailures(folder)
  const outcomes = new Map<SweepRun, RunOutcome>()
  for (const run of runs) {
    const finished = await finishedOutcome(folder, run).catch(() => null)
    const failure = failures.get(run.name)
    if (finished !== null) outcomes.set(run, finished)
    else if (failure?.code === 'numeric' && !retry) outcomes.set(run, { type: 'diverged', failure })
  }
  return outcomes
}

/** @throws DctpsError when the run's folder holds something else, or its summary is damaged */
async function finishedOutcome(folder: string, { name }: SweepRun): Promise<RunOutcome | null> {
  const paths = runPaths(join(sweepPaths(folder).runs, name))
  if ((await folderState(paths)) !== 'finished') return null
  return { type: 'finished', summary: await readSummary(paths.summary) }
}

async function openSweepFolder(plan: SweepPlan, { folder, shard, onEvent }: SweepOptions): Promise<Lock> {
  return createFolder(folder, async () => {
    const name = shard === undefined ? 'sweep.lock' : `sweep-${shardText(shard).replace('/', '-of-')}.lock`
    const lock = await takeLock(join(folder, name), (message) => onEvent?.({ type: 'warning', message }))
    try {
      await writeSweep(folder, recordOf(plan))
      return lock
    } catch (error) {
      await lock.release()
      throw error
    }
  })
}

function describeChange({ runs }: SweepPlan, earlier: ReadonlySet<string>): string {
  const kept = runs.filter(({ name }) => earlier.has(name)).length
  return `the experiment has changed: ${kept} of its ${runs.length} runs were part of it before; ${earlier.size - kept} others stay on disk and no longer belong to it`
}

/** The part of a sweep that trains. */
class RunningSweep {
  readonly #options: SweepOptions
  readonly #parallelism: Parallelism

  constructor(options: SweepOptions, parallelism: Parallelism) {
    this.#options = options
    this.#parallelism = parallelism
  }

  /** Takes runs in order, so many at once. Those that were stopped or not begun have no outcome. */
  async train(runs: readonly SweepRun[]): Promise<Map<SweepRun, RunOutcome>> {
    const { signal, onEvent = () => {} } = this.#options
    const outcomes = new Map<SweepRun, RunOutcome>()
    // What goes wrong with the sweep itself, such as a full disk, stops all of it.
    const stopping = new AbortController()
    const stop = () => stopping.abort()
    signal?.addEventListener('abort', stop)
    if (signal?.aborted) stop()
    const queue = runs.values()
    const lane = async () => {
      for (const run of queue) {
        if (stopping.signal.aborted) return
        const outcome = await this.#trainOne(run, stopping.signal)
        if (outcome === null) return
        outcomes.set(run, outcome)
        onEvent({ type: 'end', run, outcome })
      }
    }
    const lanes = Array.from({ length: this.#parallelism.jobs }, lane)
    for (const started of lanes) started.catch(stop)
    const ends = await Promise.allSettled(lanes)
    signal?.removeEventListener('abort', stop)
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    return outcomes
  }

  /** Null when it was stopped. */
  async #trainOne(run: SweepRun, signal: AbortSignal): Promise<RunOutcome | null> {
    const { folder, onEvent = () => {} } = this.#options
    const paths = runPaths(join(sweepPaths(folder).runs, run.name))
    await waitForLock(paths.lock, orphanSeconds, signal)
    if (signal.aborted) return null
    onEvent({ type: 'start', run })
    const config = { ...run.config, threads: run.threads ?? this.#parallelism.threads }
    const end = await trainInChild(config, paths.folder, signal, {
      onProgress: (progress) => onEvent({ type: 'progress', run, progress }),
      onWarning: (message) => onEvent({ type: 'warning', message: `${run.name}: ${message}` }),
    })
    if (end.type === 'locked') return { type: 'busy', message: end.message }
    if (end.type === 'failed') {
      return end.code === 'cancelled' && signal.aborted ? null : this.#fail(run, end.code, end.message)
    }
    try {
      const summary = await readSummary(paths.summary)
      await clearFailure(folder, run.name)
      return { type: 'finished', summary }
    } catch (error) {
      if (!(error instanceof DctpsError)) throw error
      return this.#fail(run, error.code, error.message)
    }
  }

  async #fail({ name, label, values }: SweepRun, code: string, message: string): Promise<RunOutcome> {
    const at = new Date().toISOString()
    const failure: RunFailure = { name, label, values, code, message, at, host: hostname() }
    await writeFailure(this.#options.folder, failure)
    return { type: code === 'numeric' ? 'diverged' : 'failed', failure }
  }
}
