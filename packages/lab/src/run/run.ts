// One training run from its configuration to a finished folder, or on from where it was stopped. It drives the core's
// trainer and decides what is written when; what is shown to people is left to whoever takes the events.
//
// A run that is killed at any moment goes on bitwise as if it had not been: all that matters is in the state file, which
// is replaced in one step, and whatever else says of later work is cut back.

import { rm } from 'node:fs/promises'
import {
  checkSameConfiguration,
  DctpsError,
  decodeTrainState,
  type EpochRecord,
  type StateFile,
  type TrainEvent,
  Trainer,
  type TransformCache,
} from 'dctps'
import { cachedTransforms, readFileChecked, writeFileAtomic } from 'dctps/node'
import { type RunConfig, readSettings, resolveConfig } from '../config/index.js'
import { hugePagesPlatform } from '../huge-pages.js'
import { describeSession, recordSession } from './environment.js'
import { EpochLog } from './epoch-log.js'
import { finishRun } from './finish.js'
import {
  createFolder,
  defaultRunFolder,
  type FolderState,
  folderState,
  identityOf,
  type RunPaths,
  runPaths,
} from './folder.js'
import { type Lock, takeLock } from './lock.js'
import { type PreparedRun, type PrepareOptions, prepareRun } from './prepare.js'
import { StateWriter } from './state-writer.js'
import { type RunSummary, readSummary } from './summary.js'
import { TicketFile } from './ticket.js'

export interface RunOptions extends Pick<PrepareOptions, 'data' | 'signal'> {
  /** Default: a name below `runs` made from the configuration. */
  readonly folder?: string | undefined
  /** Whether to go on with the run in the folder. Default false: there must not be one. */
  readonly resume?: boolean | undefined
  readonly onEvent?: ((event: RunEvent) => void) | undefined
  /** Emitted transforms to share between runs of one process. Default: those of the user's cache folder. */
  readonly transforms?: TransformCache | undefined
}

export type RunEvent =
  | { readonly type: 'data'; readonly done: number; readonly total: number }
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'prune'; readonly method: string; readonly done: number; readonly steps: number }
  | {
      readonly type: 'ready'
      readonly prepared: PreparedRun
      readonly paths: RunPaths
      readonly trainer: Trainer
      /** Epochs done before, and steps in the epoch that had begun. */
      readonly from: { readonly epoch: number; readonly stepInEpoch: number }
    }
  | TrainEvent
  | { readonly type: 'testing' }

export interface RunResult {
  readonly paths: RunPaths
  readonly summary: RunSummary
  /** Whether the run had been finished before, so that there was nothing to do. */
  readonly wasFinished: boolean
}

/**
 * Trains a network as configured, and writes its folder.
 * @throws DctpsError `usage`, `data` or `program` before anything is written; `numeric` when the loss is not finite, with
 * the last good state kept; `cancelled` when the signal aborts, with the state at that moment saved; `file` when
 * something cannot be read or written; a {@link LockedError} when another process trains this run
 */
export async function startRun(config: RunConfig, options: RunOptions = {}): Promise<RunResult> {
  const { onEvent = () => {}, signal } = options
  const paths = runPaths(options.folder ?? defaultRunFolder(config))
  const status = await checkFolder(paths, config, options.resume ?? false)
  const stored = status === 'resumable' || status === 'finished' ? await readState(paths.state) : null
  const prepared = await prepareRun(config, {
    data: options.data,
    signal,
    supports: stored?.state.supports,
    ticket: new TicketFile(paths.ticket, () => createFolder(paths.folder, () => writeConfig(paths, config))),
    onPrune: (done, steps) => {
      if ('prune' in config) onEvent({ type: 'prune', method: config.prune, done, steps })
    },
    onDataProgress: (done, total) => onEvent({ type: 'data', done, total }),
    onWarning: (message) => onEvent({ type: 'warning', message }),
  })
  if (stored !== null) checkSameConfiguration(stored.configuration, prepared.fingerprint, paths.state)
  const saved = stored?.state ?? null
  if (status === 'finished') return { paths, summary: await readSummary(paths.summary), wasFinished: true }
  const trainer = await Trainer.create(
    prepared.task,
    {
      ...(await hugePagesPlatform(config.threads, config.simd)),
      transforms: options.transforms ?? cachedTransforms(),
    },
    saved,
  )
  try {
    const from = { epoch: saved?.epoch ?? 0, step: saved?.step ?? 0 }
    const lock = await openFolder(paths, onEvent, async () => {
      if (status === 'free') await writeConfig(paths, config)
      await rm(paths.failure, { force: true })
      if (prepared.pruning !== null) await writeJson(paths.pruning, prepared.pruning)
      await recordSession(paths.environment, describeSession(trainer.runner, config.seed, from))
    })
    try {
      onEvent({
        type: 'ready',
        prepared,
        paths,
        trainer,
        from: { epoch: from.epoch, stepInEpoch: saved?.stepInEpoch ?? 0 },
      })
      const ended = await train(trainer, prepared, paths, from, options).catch((error) =>
        recordFailure(paths, error),
      )
      onEvent({ type: 'testing' })
      return { paths, summary: await finishRun(trainer, prepared, paths, ended), wasFinished: false }
    } finally {
      await lock.release()
    }
  } finally {
    trainer.close()
  }
}

/** Makes the folder, keeps other processes out of it, and does the first writes. */
function openFolder(
  paths: RunPaths,
  onEvent: (event: RunEvent) => void,
  fill: () => Promise<void>,
): Promise<Lock> {
  return createFolder(paths.folder, async () => {
    const lock = await takeLock(paths.lock, (message) => onEvent({ type: 'warning', message }))
    try {
      await fill()
      return lock
    } catch (error) {
      await lock.release()
      throw error
    }
  })
}

/** Decides, before any work, whether the folder can take this run. */
async function checkFolder(paths: RunPaths, config: RunConfig, resume: boolean): Promise<FolderState> {
  const { folder } = paths
  const state = await folderState(paths)
  if (resume && state === 'free') {
    throw new DctpsError(
      'usage',
      `there is no run to resume in ${folder}; leave out --resume to start one, or name another folder with --out`,
    )
  }
  if (!resume && state !== 'free') {
    const holds = state === 'finished' ? 'a finished run' : 'a run that is not finished'
    const next = state === 'finished' ? '' : 'go on with it by --resume, or '
    throw new DctpsError('usage', `${folder} already holds ${holds}; ${next}name another folder with --out`)
  }
  if (state === 'begun') await checkBegun(paths, config)
  return state
}

/** The run in the folder must be this one. */
async function checkBegun(paths: RunPaths, config: RunConfig): Promise<void> {
  const begun = resolveConfig(await readSettings(paths.config))
  checkSameConfiguration(identityOf(begun), identityOf(config), paths.config)
}

async function readState(file: string): Promise<StateFile> {
  return decodeTrainState(await readFileChecked(file), file)
}

async function train(
  trainer: Trainer,
  prepared: PreparedRun,
  paths: RunPaths,
  from: { epoch: number; step: number },
  { signal, onEvent = () => {} }: RunOptions,
): Promise<'finished' | 'earlyStopping'> {
  const log = await EpochLog.open(paths, from, prepared.config.dynamic !== undefined)
  const states = new StateWriter(trainer, prepared, paths.state)
  let ended: 'finished' | 'earlyStopping' = 'finished'
  try {
    for await (const event of trainer.run(signal)) {
      if (event.type === 'epoch') {
        checkFinite(event.record)
        // Metrics before state: an epoch that only the metrics know of is cut off and trained again.
        await log.append(event.record)
        await states.write()
      } else if (event.type === 'support') {
        // Before the state too, for the same reason.
        await log.moved(event)
      } else if (event.type === 'step') {
        await states.writeWhenDue()
      } else {
        ended = event.reason
      }
      onEvent(event)
    }
    await log.close()
    return ended
  } catch (error) {
    await log.close().catch(() => {})
    throw await states.explain(error)
  }
}

/** Leaves a note for reports where a run has diverged. @throws the error, always */
async function recordFailure(paths: RunPaths, error: unknown): Promise<never> {
  if (error instanceof DctpsError && error.code === 'numeric') {
    const { code, message } = error
    // The error itself is what has to be heard of.
    await writeJson(paths.failure, { code, message }).catch(() => {})
  }
  throw error
}

/** Training stops at a training loss that is not finite; one of the validation must not get into a state either. */
function checkFinite({ epoch, step, validationLoss }: EpochRecord): void {
  if (validationLoss === null || Number.isFinite(validationLoss)) return
  throw new DctpsError(
    'numeric',
    `the validation loss became ${validationLoss} after epoch ${epoch}, step ${step}; lower the learning rate or use warm-up`,
  )
}

/** Of a new run; another process may have begun one here since the folder was looked at. */
async function writeConfig(paths: RunPaths, config: RunConfig): Promise<void> {
  if ((await folderState(paths)) !== 'free') await checkBegun(paths, config)
  else await writeJson(paths.config, config)
}

async function writeJson(file: string, value: unknown): Promise<void> {
  await writeFileAtomic(file, Buffer.from(`${JSON.stringify(value, null, 2)}\n`))
}
