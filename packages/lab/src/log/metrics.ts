// The metrics of a run as JSON lines, one epoch a line: written while training, read by reports and by people's
// scripts. Cutting the file back to the state a run resumes from happens here; what is measured does not.

import { type FileHandle, open } from 'node:fs/promises'
import type { EpochRecord } from 'dctps'
import { DctpsError } from 'dctps/internal/errors'
import { fileError, readFileChecked, writeFileAtomic } from 'dctps/internal/file/node'
import { z } from 'zod'

// JSON has no NaN: a loss that is not finite is written as its name, so that a diverged run still leaves its trace.
const loss = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity']).transform(Number)])
const accuracy = z.number().min(0).max(1)

const epochRecord = z.strictObject({
  epoch: z.int().positive(),
  step: z.int().nonnegative(),
  learningRate: z.number(),
  trainLoss: loss,
  trainAccuracy: accuracy,
  validationLoss: loss.nullable(),
  validationAccuracy: accuracy.nullable(),
  seconds: z.number().nonnegative(),
  imagesPerSecond: z.number().nonnegative(),
})

export interface MetricsLogOptions {
  /** Epochs that the resumed state has behind it; 0 begins a new file. Later lines belong to lost work and go. */
  readonly keepThroughEpoch: number
}

export class MetricsLog {
  readonly path: string
  readonly #file: FileHandle
  readonly #records: EpochRecord[]

  private constructor(path: string, file: FileHandle, records: EpochRecord[]) {
    this.path = path
    this.#file = file
    this.#records = records
  }

  /**
   * Opens the file for appending after cutting it back to `keepThroughEpoch`; the cut replaces the file atomically.
   * @throws DctpsError `file` when the file is damaged (other than a half-written last line) or cannot be written;
   * it is left as it was
   */
  static async open(path: string, { keepThroughEpoch }: MetricsLogOptions): Promise<MetricsLog> {
    const kept =
      keepThroughEpoch === 0
        ? []
        : (await readMetrics(path)).filter((record) => record.epoch <= keepThroughEpoch)
    await writeFileAtomic(path, Buffer.from(kept.map(formatRecord).join('')))
    return new MetricsLog(path, await writing(path, () => open(path, 'a')), kept)
  }

  /** Everything in the file, oldest first. */
  get records(): readonly EpochRecord[] {
    return this.#records
  }

  /**
   * Writes one epoch through to the disk.
   * @throws DctpsError `usage` when the epoch does not follow the last one; `file` when it cannot be written
   */
  async append(record: EpochRecord): Promise<void> {
    const last = this.#records.at(-1)
    if (last && record.epoch <= last.epoch) {
      throw new DctpsError(
        'usage',
        `${this.path} already ends at epoch ${last.epoch}: received ${record.epoch}`,
      )
    }
    await writing(this.path, async () => {
      await this.#file.appendFile(formatRecord(record))
      await this.#file.datasync()
    })
    this.#records.push(record)
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

/**
 * Reads a metrics file. A last line without its line end is what a killed process leaves: it is dropped unless it is
 * a whole record.
 * @throws DctpsError `file` when the file is missing or a line is damaged, naming the line
 */
export async function readMetrics(path: string): Promise<EpochRecord[]> {
  const lines = new TextDecoder().decode(await readFileChecked(path)).split('\n')
  const unfinished = lines.pop() ?? ''
  const records = lines.map((line, index) => {
    const record = parseRecord(line)
    if (typeof record === 'string') throw damaged(path, index + 1, record)
    return record
  })
  const last = unfinished === '' ? undefined : parseRecord(unfinished)
  if (last !== undefined && typeof last !== 'string') records.push(last)
  records.forEach((record, index) => {
    const before = index === 0 ? 0 : records[index - 1]!.epoch
    if (record.epoch > before) return
    throw damaged(path, index + 1, `epoch ${record.epoch} follows epoch ${before}`)
  })
  return records
}

/** The record, or what is wrong with the line. */
function parseRecord(line: string): EpochRecord | string {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return 'not JSON'
  }
  const parsed = epochRecord.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  return `${issue.path.join('.') || 'record'}: ${issue.message}`
}

function formatRecord(record: EpochRecord): string {
  const spelled = (_: string, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
  return `${JSON.stringify(record, spelled)}\n`
}

function damaged(path: string, line: number, what: string): DctpsError {
  return new DctpsError(
    'file',
    `${path}, line ${line} is damaged (${what}): expected one epoch's record as JSON; restore the file, or delete it from that line on`,
  )
}

async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw fileError('write', path, error)
  }
}
