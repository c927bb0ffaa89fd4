// How the supports of a run moved, as JSON lines, one update a line. Lines of work that a resumed run does again are cut off.

import { type FileHandle, open } from 'node:fs/promises'
import type { TrainEvent } from 'dctps'
import { DctpsError } from 'dctps/internal/errors'
import { fileError, readFileChecked, writeFileAtomic } from 'dctps/internal/file/node'
import { z } from 'zod'

/** One update, without the type of its event. */
export type SupportUpdate = Omit<Extract<TrainEvent, { type: 'support' }>, 'type'>

const supportUpdate = z.strictObject({
  step: z.int().positive(),
  moved: z.int().nonnegative(),
  layers: z.array(
    z.strictObject({ layer: z.string(), stored: z.int().positive(), moved: z.int().nonnegative() }),
  ),
})

export interface SupportLogOptions {
  /** Steps that the resumed state has behind it; 0 begins a new file. */
  readonly keepBeforeStep: number
}

export class SupportLog {
  readonly path: string
  readonly #file: FileHandle

  private constructor(path: string, file: FileHandle) {
    this.path = path
    this.#file = file
  }

  /**
   * Opens the file for appending after cutting it back; the cut replaces the file atomically.
   * @throws DctpsError `file` when the file is damaged (other than a half-written last line) or cannot be written; it is left
   * as it was
   */
  static async open(path: string, { keepBeforeStep }: SupportLogOptions): Promise<SupportLog> {
    const updates = keepBeforeStep === 0 ? [] : await readSupportLog(path)
    const kept = updates.filter(({ step }) => step < keepBeforeStep)
    await writeFileAtomic(path, Buffer.from(kept.map(formatUpdate).join('')))
    return new SupportLog(path, await writing(path, () => open(path, 'a')))
  }

  /** Writes one update through to the disk. @throws DctpsError `file` when it cannot be written */
  async append(update: SupportUpdate): Promise<void> {
    await writing(this.path, async () => {
      await this.#file.appendFile(formatUpdate(update))
      await this.#file.datasync()
    })
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

/**
 * Reads the file. A last line without its line end is what a killed process leaves: it is dropped.
 * @throws DctpsError `file` when the file is missing or a line is damaged, naming the line
 */
export async function readSupportLog(path: string): Promise<SupportUpdate[]> {
  const lines = new TextDecoder().decode(await readFileChecked(path)).split('\n')
  return lines.slice(0, -1).map((line, index) => {
    const parsed = supportUpdate.safeParse(parseJson(line))
    if (parsed.success) return parsed.data
    const [issue] = parsed.error.issues
    throw new DctpsError(
      'file',
      `${path}, line ${index + 1} is damaged (${issue?.path.join('.') || 'update'}: ${issue?.message}): expected one update of the supports as JSON; restore the file, or delete it from that line on`,
    )
  })
}

/** Undefined where a line is not JSON. */
function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function formatUpdate({ step, moved, layers }: SupportUpdate): string {
  return `${JSON.stringify({ step, moved, layers })}\n`
}

async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw fileError('write', path, error)
  }
}
