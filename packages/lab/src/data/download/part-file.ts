// What has been received of a file, kept between calls as `<file>.part`, and beside it `<file>.part.json`, which says what
// the bytes are a part of. Bytes without that note, or of another file, are not gone on with.

import { type FileHandle, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { fileError } from 'dctps/internal/file/node'
import { z } from 'zod'
import type { PublishedFile } from '../published-files.js'

const noteSchema = z.object({
  address: z.string(),
  bytes: z.number(),
  md5: z.string(),
  /** ETag or Last-Modified of the answer that the bytes came with. */
  validator: z.string().nullable(),
})
type Note = z.infer<typeof noteSchema>

export class PartFile {
  /** Bytes received so far. */
  length: number
  /** Null where the server gave none. */
  validator: string | null
  readonly path: string
  readonly #handle: FileHandle
  readonly #file: PublishedFile
  readonly #target: string

  private constructor(
    target: string,
    file: PublishedFile,
    handle: FileHandle,
    length: number,
    validator: string | null,
  ) {
    this.path = partPath(target)
    this.length = length
    this.validator = validator
    this.#handle = handle
    this.#file = file
    this.#target = target
  }

  /**
   * Takes up what an earlier call left, or begins anew.
   * @param target path that the whole file is to have
   * @throws DctpsError `file` when it cannot be written
   */
  static async open(target: string, file: PublishedFile): Promise<PartFile> {
    const path = partPath(target)
    const note = await readNote(target)
    return writing(path, async () => {
      const handle = await open(path, 'a')
      const { size } = await handle.stat()
      const fits =
        note?.address === file.address &&
        note.bytes === file.bytes &&
        note.md5 === file.md5 &&
        size <= file.bytes
      // what does not fit is overwritten once the first answer is there
      return new PartFile(target, file, handle, fits ? size : 0, fits ? note.validator : null)
    })
  }

  /** Throws away what there is and notes what comes next. @throws DctpsError `file` */
  async restart(validator: string | null): Promise<void> {
    const { address, bytes, md5 } = this.#file
    const note: Note = { address, bytes, md5, validator }
    await writing(this.path, async () => {
      await this.#handle.truncate(0)
      this.length = 0
      this.validator = validator
      await writeFile(notePath(this.#target), `${JSON.stringify(note)}\n`)
    })
  }

  /** @throws DctpsError `file`; what was written before it stays usable */
  async append(bytes: Uint8Array): Promise<void> {
    await writing(this.path, async () => {
      try {
        await this.#handle.appendFile(bytes)
        this.length += bytes.length
      } catch (error) {
        this.length = (await this.#handle.stat()).size
        throw error
      }
    })
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }

  /** Makes the part durable and gives it the name of the whole file. @throws DctpsError `file` */
  async finish(): Promise<void> {
    await writing(this.#target, async () => {
      const handle = await open(this.path, 'r+')
      await handle.sync().finally(() => handle.close())
      await rename(this.path, this.#target)
      await rm(notePath(this.#target), { force: true })
    })
  }

  /** Removes part and note. */
  async discard(): Promise<void> {
    await rm(this.path, { force: true })
    await rm(notePath(this.#target), { force: true })
  }
}

function partPath(target: string): string {
  return `${target}.part`
}

function notePath(target: string): string {
  return `${target}.part.json`
}

async function readNote(target: string): Promise<Note | null> {
  try {
    return noteSchema.parse(JSON.parse(await readFile(notePath(target), 'utf8')))
  } catch {
    // none, or half-written: either way nobody knows what the bytes belong to
    return null
  }
}

async function writing<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw fileError('write', path, error)
  }
}
