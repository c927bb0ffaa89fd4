// All runs below a folder: a sweep, which lists them in sweep.json and keeps them in runs/, or any folder that holds run
// folders, such as the one that `dctps train` writes to.

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DctpsError, kernelKinds } from 'dctps'
import { fileError } from 'dctps/internal/file/node'
import { kindOfPath, runPaths } from '../run/index.js'
import { failureOf, type Problem, type ResultRun, readRun } from './read-run.js'
import { readFailureFile, readSweepFile, settingsKey } from './run-files.js'

export interface Experiment {
  readonly title: string
  /** What it is to show, in a sentence of its author; null where nobody said. */
  readonly shows: string | null
  /** Of the sweep file; null without a sweep. */
  readonly hash: string | null
  /** Settings of which the best value by validation stands for a method. */
  readonly select: readonly string[]
  /** Finished runs, in the order of the sweep, else by name. */
  readonly runs: readonly ResultRun[]
  /** Everything else that was found or expected. */
  readonly problems: readonly Problem[]
}

/** Files by which a folder is taken for that of a run, even if it has lost its config.json. */
const runFiles = ['config.json', 'metrics.jsonl', 'state.dctps', 'model.dctps', 'summary.json']

const kinds: ReadonlySet<string> = new Set(kernelKinds)

interface Listing {
  readonly title: string
  readonly shows: string | null
  readonly hash: string | null
  readonly select: readonly string[]
  readonly parent: string
  readonly listed: readonly Pick<ResultRun, 'name' | 'label'>[]
  /** Run folders that are there but not listed. */
  readonly others: readonly string[]
}

/**
 * Reads a folder of runs; damaged and unfinished ones become problems.
 * @param onRun called before each run is read
 * @throws DctpsError `usage` when there are no runs; `file` when none is finished, or the folder cannot be read
 */
export async function readExperiment(
  folder: string,
  onRun: (name: string, index: number, count: number) => void = () => {},
): Promise<Experiment> {
  const { parent, listed, others, ...about } = await listRuns(folder)
  const runs: ResultRun[] = []
  const problems: Problem[] = []
  const bySettings = new Map<string, string>()
  for (const [index, run] of listed.entries()) {
    const { name, label } = run
    onRun(name, index, listed.length)
    const result = await readRun(parent, run)
    if (!('summary' in result)) {
      problems.push(await explained(result, folder))
      continue
    }
    const settings = settingsKey(result.config)
    const twin = bySettings.get(settings)
    if (twin === undefined) {
      bySettings.set(settings, name)
      runs.push(result)
    } else {
      const reason = `has the same settings as ${twin}, which is counted`
      problems.push({ name, label, kind: 'left out', reason, config: result.config })
    }
  }
  for (const name of others)
    problems.push({
      name,
      label: null,
      kind: 'left out',
      reason: 'is not listed in sweep.json',
      config: null,
    })
  if (runs.length === 0) throw noneFinished(folder, problems)
  return { ...about, runs, problems }
}

/** With the reason that a sweep has noted, where the folder of a run cannot tell it. */
async function explained(problem: Problem, folder: string): Promise<Problem> {
  if (problem.kind !== 'missing' && problem.kind !== 'unfinished') return problem
  const failure = await readFailureFile(join(folder, 'failures', `${problem.name}.json`))
  return failure === null ? problem : { ...problem, ...failureOf(failure) }
}

async function listRuns(folder: string): Promise<Listing> {
  const kind = await kindOfPath(folder)
  if (kind !== 'folder') {
    const found = kind === null ? 'there is no such folder' : 'it is a file'
    throw new DctpsError(
      'usage',
      `cannot report on ${folder}: ${found}; name a sweep or a folder that holds run folders`,
    )
  }
  const file = join(folder, 'sweep.json')
  if ((await kindOfPath(file)) !== null) return listSweep(folder, file)
  if ((await kindOfPath(runPaths(folder).config)) !== null) {
    throw new DctpsError(
      'usage',
      `${folder} is a single run; name the folder that holds it, or see dctps inspect`,
    )
  }
  const names = await runFoldersIn(folder)
  if (names.length === 0) {
    throw new DctpsError(
      'usage',
      `${folder} holds no runs: expected a sweep.json, or run folders with a config.json, as dctps train and dctps sweep write them`,
    )
  }
  const about = { title: 'Training runs compared', shows: null, hash: null, select: ['lr'] }
  return { ...about, parent: folder, listed: names.map((name) => ({ name, label: null })), others: [] }
}

async function listSweep(folder: string, file: string): Promise<Listing> {
  const { title, shows, hash, select, runs } = await readSweepFile(file)
  // A sweep that compares no methods calls its runs by their kind: that names nothing.
  const isNamed = runs.some(({ label }) => label && !kinds.has(label))
  const listed = new Map(runs.map(({ name, label }) => [name, { name, label: (isNamed && label) || null }]))
  if (listed.size === 0) throw new DctpsError('usage', `${file} lists no runs; run the sweep first`)
  const parent = join(folder, 'runs')
  const found = (await kindOfPath(parent)) === 'folder' ? await runFoldersIn(parent) : []
  return {
    title,
    shows: shows || null,
    hash: hash ?? null,
    select: select === null ? [] : [select ?? 'lr'].flat(),
    parent,
    listed: [...listed.values()],
    others: found.filter((name) => !listed.has(name)),
  }
}

/** Names of the folders that are runs or were, in the order of their letters. */
async function runFoldersIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    const folders = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    const names: string[] = []
    for (const { name } of folders) {
      const holds = await readdir(join(folder, name)).catch(() => [])
      if (holds.some((file) => runFiles.includes(file))) names.push(name)
    }
    return names.sort()
  } catch (error) {
    throw fileError('read', folder, error)
  }
}

/** Names every run where there are few, else some of them. */
function noneFinished(folder: string, problems: readonly Problem[]): DctpsError {
  const named = problems.slice(0, 3).map(({ name, reason }) => `${name}: ${reason}`)
  const more = problems.length > named.length ? `; and ${problems.length - named.length} more` : ''
  return new DctpsError(
    'file',
    `none of the ${problems.length} runs in ${folder} is finished (${named.join('; ')}${more}); finish one with dctps train --resume or dctps sweep`,
  )
}
