// A run folder: which files it holds, what it is called, and in what state it is. What goes into the files is decided
// by those who write them.

import { createHash } from 'node:crypto'
import { readdir, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DctpsError } from 'dctps'
import { fileError, makeFolder } from 'dctps/internal/file/node'
import { type RunConfig, supportChoice } from '../config/index.js'

export interface RunPaths {
  readonly folder: string
  /** The resolved configuration; its presence makes a folder a run. */
  readonly config: string
  readonly environment: string
  readonly metrics: string
  /** What a method of pruning chose, and the sanity of it. */
  readonly pruning: string
  /** Supports after the last round of IMP, while it goes on. */
  readonly ticket: string
  /** How supports moved; only where they are dynamic. */
  readonly support: string
  readonly state: string
  /** Final weights. */
  readonly model: string
  /** Weights of the epoch with the best validation accuracy. */
  readonly bestModel: string
  /** Why training stopped, if its loss was not finite; taken away when it goes on. */
  readonly failure: string
  /** Written last: its presence makes a run finished. */
  readonly summary: string
  /** There while a process trains the run. */
  readonly lock: string
}

export function runPaths(folder: string): RunPaths {
  return {
    folder,
    config: join(folder, 'config.json'),
    environment: join(folder, 'environment.json'),
    metrics: join(folder, 'metrics.jsonl'),
    pruning: join(folder, 'pruning.json'),
    ticket: join(folder, 'ticket.dctps'),
    support: join(folder, 'support.jsonl'),
    state: join(folder, 'state.dctps'),
    model: join(folder, 'model.dctps'),
    bestModel: join(folder, 'model-best.dctps'),
    failure: join(folder, 'failure.json'),
    summary: join(folder, 'summary.json'),
    lock: join(folder, 'run.lock'),
  }
}

/** Settings that change when or where work is done, and not its result. */
type Identity = Omit<RunConfig, 'threads' | 'saveEvery'>

/** The part of a configuration that determines the result. */
export function identityOf(config: RunConfig): Identity {
  const { threads: _threads, saveEvery: _saveEvery, ...identity } = config
  return identity
}

/** `runs/lenet5-dctps-0.01-epl-seed0-1a2b3c`: runs that could differ in their result differ in their name. */
export function defaultRunFolder(config: RunConfig): string {
  const hash = createHash('sha256')
    .update(JSON.stringify(identityOf(config)))
    .digest('hex')
    .slice(0, 6)
  const support = config.kind === 'dense' ? [] : [config.density, supportChoice(config)]
  const dynamic = config.dynamic === undefined ? [] : [config.dynamic]
  return join(
    'runs',
    [config.network, config.kind, ...support, ...dynamic, `seed${config.seed}`, hash].join('-'),
  )
}

/**
 * - `free`: not there, or nothing in it
 * - `begun`: a run without a saved state
 * - `resumable`: a run with a saved state
 * - `finished`: a run that came to its end
 */
export type FolderState = 'free' | 'begun' | 'resumable' | 'finished'

/**
 * Looks at a folder without changing it.
 * @throws DctpsError `usage` when it holds something that is not a run; `file` when it cannot be looked at
 */
export async function folderState({ folder, config, state, summary, lock }: RunPaths): Promise<FolderState> {
  const names = await namesIn(folder)
  // What a process leaves that is killed while it writes its first file.
  if (names.every((name) => name.endsWith('.tmp') || join(folder, name) === lock)) return 'free'
  const holds = (file: string) => names.some((name) => join(folder, name) === file)
  if (!holds(config)) {
    throw new DctpsError(
      'usage',
      `${folder} is not empty and holds no run (no config.json): nothing was written; name a new folder`,
    )
  }
  if (!holds(state)) return 'begun'
  return holds(summary) ? 'finished' : 'resumable'
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw fileError('write', folder, error)
  }
}

/**
 * Makes the folder, runs the first writes into it, and takes the folder away again if they fail and it is empty.
 * @throws DctpsError `file` when the folder cannot be made
 */
export async function createFolder<T>(folder: string, fill: () => Promise<T>): Promise<T> {
  await makeFolder(folder)
  try {
    return await fill()
  } catch (error) {
    // Only an empty folder can be removed like this.
    await rmdir(folder).catch(() => {})
    throw error
  }
}

/** What lies at a path; null when nothing does, or it cannot be seen. */
export async function kindOfPath(path: string): Promise<'folder' | 'file' | null> {
  return stat(path).then(
    (status) => (status.isDirectory() ? 'folder' : 'file'),
    () => null,
  )
}
