// A sweep folder: `sweep.json` (the experiment, its hash and its runs), `runs/<name>/` as single runs are written, and
// `failures/<name>.json` for those that came to no end. One file a failure, so that several machines can share a folder.

import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DctpsError } from 'dctps'
import { fileError } from 'dctps/internal/file/node'
import { readFileChecked, writeFileAtomic } from 'dctps/node'
import { z } from 'zod'
import { createFolder, kindOfPath } from '../run/index.js'
import type { SweepPlan } from './expand.js'

export interface SweepPaths {
  readonly folder: string
  /** Its presence makes a folder a sweep. */
  readonly sweep: string
  readonly runs: string
  readonly failures: string
}

export function sweepPaths(folder: string): SweepPaths {
  return {
    folder,
    sweep: join(folder, 'sweep.json'),
    runs: join(folder, 'runs'),
    failures: join(folder, 'failures'),
  }
}

const settings = z.record(z.string(), z.unknown())

const recordSchema = z.object({
  title: z.string(),
  shows: z.string(),
  /** Of everything that the result depends on. */
  hash: z.string(),
  /** The grid setting whose value with the best validation accuracy stands for the others; null for none. */
  select: z.string().nullable(),
  /** What the runs were made from, with what was fixed on the command line. */
  experiment: z.object({
    settings,
    grid: z.record(z.string(), z.array(z.unknown())),
    methods: z.array(z.object({ label: z.string().nullable(), settings })),
  }),
  runs: z.array(
    z.object({
      /** Folder below `runs`. */
      name: z.string(),
      label: z.string(),
      group: z.string(),
      /** Grid settings that the run has. */
      values: settings,
    }),
  ),
})

/** What `sweep.json` holds. */
export type SweepRecord = Readonly<z.output<typeof recordSchema>>

const failureSchema = z.object({
  name: z.string(),
  label: z.string(),
  values: settings,
  /** Code of the error, `numeric` for a loss that was not finite; `crash` for a process that ended without a word. */
  code: z.string(),
  message: z.string(),
  at: z.string(),
  host: z.string(),
})

/** Why a run came to no end. */
export type RunFailure = Readonly<z.output<typeof failureSchema>>

/** What a sweep's file says of a plan. */
export function recordOf({ experiment, runs, hash }: SweepPlan): SweepRecord {
  const { title, shows, select, settings, grid, methods } = experiment
  return {
    title,
    shows,
    hash,
    select,
    experiment: {
      settings,
      grid: Object.fromEntries(grid.map(({ name, values }) => [name, values.map((value) => value[name])])),
      methods: methods.map(({ label, settings }) => ({ label, settings })),
    },
    runs: runs.map(({ name, label, group, values }) => ({ name, label, group, values })),
  }
}

/** @throws DctpsError `file` when it cannot be read or is not the record of a sweep */
export async function readSweep(folder: string): Promise<SweepRecord> {
  const { sweep } = sweepPaths(folder)
  const parsed = recordSchema.safeParse(await readJson(sweep))
  if (parsed.success) return parsed.data
  throw new DctpsError('file', `${sweep} is not the record of a sweep; start dctps sweep again to write it`)
}

/**
 * The record that a folder holds; null for a new or empty folder, and for a record that cannot be read: it is written again.
 * @throws DctpsError `usage` when the folder holds something else
 */
export async function earlierSweep(folder: string): Promise<SweepRecord | null> {
  const { sweep } = sweepPaths(folder)
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw fileError('write', folder, error)
  })
  // What a process leaves that is killed before it has written its first file.
  if (names.every((name) => name.endsWith('.tmp') || name.endsWith('.lock'))) return null
  // Looked for last: another part of the sweep may write it at this moment, and its runs only afterwards.
  if ((await kindOfPath(sweep)) === 'file') return readSweep(folder).catch(() => null)
  throw new DctpsError(
    'usage',
    `${folder} is not empty and holds no sweep (no sweep.json): nothing was written; name a new folder with --out`,
  )
}

/** Writes the record where it says something new. @throws DctpsError `file` */
export async function writeSweep(folder: string, record: SweepRecord): Promise<void> {
  const { sweep } = sweepPaths(folder)
  const bytes = jsonBytes(record)
  const there = await readFileChecked(sweep).catch(() => null)
  if (there !== null && Buffer.from(there).equals(bytes)) return
  // Other processes may write their shards' record at the same time.
  await writeFileAtomic(sweep, bytes, `${sweep}.${process.pid}.tmp`)
}

/** Failures on record, by the name of the run. One that cannot be read counts for nothing: its run is tried again. */
export async function readFailures(folder: string): Promise<Map<string, RunFailure>> {
  const { failures } = sweepPaths(folder)
  const names = await readdir(failures).catch(() => [])
  const read = names
    .filter((name) => name.endsWith('.json'))
    .map(async (name) => failureSchema.safeParse(await readJson(join(failures, name)).catch(() => null)))
  return new Map((await Promise.all(read)).flatMap(({ data }) => (data ? [[data.name, data]] : [])))
}

/** @throws DctpsError `file` */
export async function writeFailure(folder: string, failure: RunFailure): Promise<void> {
  const { failures } = sweepPaths(folder)
  await createFolder(failures, () =>
    writeFileAtomic(join(failures, `${failure.name}.json`), jsonBytes(failure)),
  )
}

export async function clearFailure(folder: string, name: string): Promise<void> {
  await rm(join(sweepPaths(folder).failures, `${name}.json`), { force: true })
}

async function readJson(file: string): Promise<unknown> {
  const text = new TextDecoder().decode(await readFileChecked(file))
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function jsonBytes(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`)
}
