// A TensorBoard event file: scalars of one run, framed as TFRecords. Which scalars and when is left to the caller.
// A resumed run continues in a new file, as TensorBoard expects: it reads all files of a folder in order.

import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DctpsError } from 'dctps/internal/errors'
import { fileError } from 'dctps/internal/file/node'
import { maskedCrc32c } from './crc32c.js'
import { type EventBody, encodeEvent, type Scalar } from './event-message.js'

export interface EventFileOptions {
  /** The clock, in seconds since 1970. */
  readonly wallTime: () => number
  /** Steps already trained when the file begins: above 0 TensorBoard drops what older files say of later steps. */
  readonly resumedAtStep?: number
}

export class EventFile {
  readonly path: string
  readonly #file: FileHandle
  readonly #wallTime: () => number
  #pending: Uint8Array[] = []

  private constructor(path: string, file: FileHandle, wallTime: () => number) {
    this.path = path
    this.#file = file
    this.#wallTime = wallTime
  }

  /**
   * Starts a new file `events.out.tfevents.<seconds>.<host>` in `folder` (made where it is missing); a number follows
   * where that name is taken. Never touches an existing file.
   * @throws DctpsError `file` when the folder cannot be written
   */
  static async open(folder: string, options: EventFileOptions): Promise<EventFile> {
    const { wallTime, resumedAtStep = 0 } = options
    const seconds = Math.floor(wallTime()).toString().padStart(10, '0')
    const path = join(folder, `events.out.tfevents.${seconds}.${hostname()}`)
    const opened = await writing(path, async () => {
      await mkdir(folder, { recursive: true })
      return await createUnderFreeName(path)
    })
    const events = new EventFile(opened.path, opened.file, wallTime)
    events.#push(0, { what: 'version' })
    if (resumedAtStep > 0) events.#push(checkedStep(resumedAtStep), { what: 'restart' })
    return events
  }

  /**
   * Adds one point to the curve `tag`; written by the next {@link flush}.
   * @param step optimiser steps done, a non-negative integer
   * @throws DctpsError `usage` for another step
   */
  scalar(tag: string, value: number, step: number): void {
    this.scalars([{ tag, value }], step)
  }

  /** Several curves' points of one step, as one event. */
  scalars(scalars: readonly Scalar[], step: number): void {
    this.#push(checkedStep(step), { what: 'scalars', scalars })
  }

  /**
   * Writes what was added since the last flush; once an epoch is enough.
   * @throws DctpsError `file`
   */
  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.#pending)
    this.#pending = []
    await writing(this.path, () => this.#file.appendFile(bytes))
  }

  /** Flushes and closes. */
  async close(): Promise<void> {
    try {
      await this.flush()
    } finally {
      await this.#file.close()
    }
  }

  #push(step: number, body: EventBody): void {
    this.#pending.push(frame(encodeEvent(this.#wallTime(), step, body)))
  }
}

/** A TFRecord: length (uint64), its masked CRC, the data, its masked CRC; all little-endian. */
function frame(data: Uint8Array): Uint8Array {
  const record = Buffer.alloc(12 + data.length + 4)
  record.writeBigUInt64LE(BigInt(data.length), 0)
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, 8)), 8)
  record.set(data, 12)
  record.writeUInt32LE(maskedCrc32c(data), 12 + data.length)
  return record
}

/** Two runs may start within one second, so a taken name gets a number. */
async function createUnderFreeName(path: string): Promise<{ path: string; file: FileHandle }> {
  for (let attempt = 0; ; attempt++) {
    const candidate = attempt === 0 ? path : `${path}.${attempt}`
    try {
      return { path: candidate, file: await open(candidate, 'wx') }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
  }
}

function checkedStep(step: number): number {
  if (Number.isSafeInteger(step) && step >= 0) return step
  throw new DctpsError('usage', `the step of a TensorBoard event is a whole number from 0, received ${step}`)
}

async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw fileError('write', path, error)
  }
}
