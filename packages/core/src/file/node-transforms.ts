// A folder of emitted transforms: the store of Node. It never stands in the way: what is missing, damaged or of another
// version is emitted again, and where nothing can be written, nothing is kept. Its size is bounded.

import { createHash } from 'node:crypto'
import { readFileSync, utimes } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { AnyTransformRequest, TransformStore } from '../program/transform-cache.js'
import type { EmittedTransform } from '../transform/index.js'
import { writeFileAtomic } from './node.js'
import { decodeTransform, encodeTransform, requestText } from './transform.js'

/** Bytes that a folder may hold: the transforms of about twenty large networks. */
const MOST_BYTES = 256 * 2 ** 20

const suffix = '.transform'
/** Files of ours, with leftovers of killed processes: nothing else in the folder is touched. */
const ours = /^[0-9a-f]{32}\.transform(\.\d+\.tmp)?$/

export interface TransformFolderOptions {
  /** Made when there is something to write. */
  readonly folder: string
  /** Of the code that emits transforms: what another version has written is not read. */
  readonly version: string
  readonly mostBytes?: number
}

export class TransformFolder implements TransformStore {
  readonly #folder: string
  readonly #version: string
  readonly #mostBytes: number
  /** What is still to be written, by file. */
  readonly #waiting = new Map<string, EmittedTransform>()
  #writing: Promise<void> | null = null
  #writable = true

  constructor({ folder, version, mostBytes = MOST_BYTES }: TransformFolderOptions) {
    this.#folder = folder
    this.#version = version
    this.#mostBytes = mostBytes
  }

  load(request: AnyTransformRequest): EmittedTransform | undefined {
    const file = this.#fileOf(request)
    try {
      const emitted = decodeTransform(readFileSync(file), file)
      const now = new Date()
      // The time of a file is that of its last use; where it cannot be set, the file is removed a little early.
      utimes(file, now, now, () => {})
      return emitted
    } catch {
      return undefined
    }
  }

  /** Writes in the background, once the program that is being compiled is done. */
  save(request: AnyTransformRequest, emitted: EmittedTransform): void {
    if (!this.#writable) return
    this.#waiting.set(this.#fileOf(request), emitted)
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null
    })
  }

  /** Waits until everything that was saved is on disk, or given up. */
  async flush(): Promise<void> {
    await this.#writing
  }

  #fileOf(request: AnyTransformRequest): string {
    const hash = createHash('sha256').update(this.#version).update('\n').update(requestText(request))
    return path.join(this.#folder, `${hash.digest('hex').slice(0, 32)}${suffix}`)
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true })
      while (this.#waiting.size > 0) {
        for (const [file, emitted] of this.#waiting) {
          // Processes that write the same file at once write the same bytes, each to a temporary file of its own.
          await writeFileAtomic(file, encodeTransform(emitted), `${file}.${process.pid}.tmp`)
          this.#waiting.delete(file)
        }
        await this.#removeOldest()
      }
    } catch {
      this.#writable = false
      this.#waiting.clear()
    }
  }

  /** Removes what has not been used for longest, until the rest is within the bound. */
  async #removeOldest(): Promise<void> {
    const names = (await readdir(this.#folder)).filter((name) => ours.test(name))
    const files = await Promise.all(names.map((name) => fileState(path.join(this.#folder, name))))
    const present = files.filter((file) => file !== null).sort((a, b) => a.used - b.used)
    let bytes = present.reduce((sum, file) => sum + file.bytes, 0)
    for (const file of present) {
      if (bytes <= this.#mostBytes) return
      await rm(file.path, { force: true })
      bytes -= file.bytes
    }
  }
}

/** Null where another process has removed the file meanwhile. */
async function fileState(file: string): Promise<{ path: string; bytes: number; used: number } | null> {
  try {
    const { size, mtimeMs } = await stat(file)
    return { path: file, bytes: size, used: mtimeMs }
  } catch {
    return null
  }
}
