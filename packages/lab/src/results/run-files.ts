// What a report needs of the JSON files in run and sweep folders. Folders of older and newer versions are read alike: known
// names are typed, others kept or passed over, so these schemas ask for less than those that write the files.

import { createHash } from 'node:crypto'
import { DctpsError } from 'dctps'
import { readFileChecked } from 'dctps/node'
import { z } from 'zod'

const text = z.string().nullish()
const number = z.number().nullish()
const share = z.number().min(0).max(1)

const configMeaning = 'the configuration of a run'

const configSchema = z.looseObject({
  network: z.string(),
  width: number,
  stable: z.boolean().nullish(),
  kind: z.enum(['dctps', 'sparse', 'dense']),
  density: share.nullish(),
  rule: text,
  alpha: text,
  prune: text,
  pruneSteps: number,
  dynamic: text,
  updateEvery: number,
  updateUntil: number,
  data: z.string(),
  size: z.union([z.string(), z.number()]).nullish(),
  cifar100Labels: text,
  epochs: z.int(),
  batch: z.int(),
  lr: z.number(),
  optimizer: z.enum(['adam', 'sgd']),
  seed: z.int(),
})

/** A run's resolved settings; those without a type here are kept as they are. */
export type ReadConfig = Readonly<z.output<typeof configSchema>>

const evaluation = z.object({ accuracy: share })

const summarySchema = z.object({
  network: z.string(),
  kind: z.string(),
  seed: z.int(),
  ended: z.string(),
  epochs: z.int(),
  steps: z.int(),
  best: z.object({ epoch: z.int(), validationAccuracy: share }).nullable(),
  test: z.object({ final: evaluation, best: evaluation.nullable() }).nullable(),
  kernelWeights: z.int().positive(),
  nonZeros: z.int(),
  storedNumbers: z.int(),
  modelBytes: z.int(),
  imagesPerSecond: z.number(),
  seconds: z.number(),
})

/** What a finished run amounts to. */
export type ReadSummary = Readonly<z.output<typeof summarySchema>>

const environmentSchema = z.object({
  sessions: z.array(z.object({ startedAt: z.string(), cpu: z.string(), threads: z.number() })),
})

/** Where a run was computed, once for its start and once for every time it was resumed. */
export type ReadSession = Readonly<z.output<typeof environmentSchema>['sessions'][number]>

const sweepSchema = z.object({
  title: z.string(),
  shows: text,
  hash: text,
  select: z.union([z.string(), z.array(z.string())]).nullish(),
  runs: z.array(z.object({ name: z.string().regex(/^[^/\\]+$/), label: text })),
})

const failureSchema = z.object({ code: z.string(), message: z.string() })

/** Why a run of a sweep came to no end. */
export type ReadFailure = Readonly<z.output<typeof failureSchema>>

/** What a sweep folder says of itself. */
export type ReadSweep = Readonly<z.output<typeof sweepSchema>>

/**
 * A run's settings and their hash: the six digits at the end of its folder's default name.
 * @throws DctpsError `file`
 */
export async function readConfigFile(file: string): Promise<{ config: ReadConfig; hash: string }> {
  const value = await readJson(file, z.record(z.string(), z.unknown()), configMeaning)
  const config = checked(file, configSchema, configMeaning, value)
  // In the order of the file, which the schema does not keep.
  return { config, hash: shortHash(JSON.stringify(identity(value))) }
}

/** Equal for runs that are no repetitions of each other but the same run: plain and relaxed SIMD differ in last bits only. */
export function settingsKey(config: ReadConfig): string {
  return JSON.stringify({ ...identity(config), simd: null })
}

/** @throws DctpsError `file` */
export function readSummaryFile(file: string): Promise<ReadSummary> {
  return readJson(file, summarySchema, 'the summary of a run')
}

/** @throws DctpsError `file` */
export async function readSessions(file: string): Promise<readonly ReadSession[]> {
  return (await readJson(file, environmentSchema, 'the environment of a run')).sessions
}

/** @throws DctpsError `file` */
export function readSweepFile(file: string): Promise<ReadSweep> {
  return readJson(file, sweepSchema, 'the list of the runs of a sweep')
}

/** Null where there is no record of a failure, or none that can be read. */
export function readFailureFile(file: string): Promise<ReadFailure | null> {
  return readJson(file, failureSchema, 'the failure of a run').catch(() => null)
}

/** Settings that change when or where work is done, and not its result (`identityOf` in run/folder.ts). */
const placeOnly: ReadonlySet<string> = new Set(['threads', 'saveEvery'])

function identity(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !placeOnly.has(name)))
}

/** Six hexadecimal digits of a SHA-256. */
export function shortHash(content: string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 6)
}

async function readJson<T>(file: string, schema: z.ZodType<T>, what: string): Promise<T> {
  const content = new TextDecoder().decode(await readFileChecked(file))
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch (error) {
    throw new DctpsError('file', `${file} is not JSON: expected ${what}`, { cause: error })
  }
  return checked(file, schema, what, value)
}

function checked<T>(file: string, schema: z.ZodType<T>, what: string, value: unknown): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const place = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `
  throw new DctpsError('file', `${file} is not ${what} (${place}${issue?.message ?? 'not as expected'})`)
}
