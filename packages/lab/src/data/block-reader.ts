// Reads anywhere in a file by large blocks, since a zip is read in a great many small pieces that mostly follow each other.

import { type FileHandle, open } from 'node:fs/promises'
import { RandomAccessReader } from 'yauzl'

const BLOCK_BYTES = 1 << 20

export class BlockReader extends RandomAccessReader {
  /** Bytes of the file. */
  readonly size: number
  readonly #handle: FileHandle
  #block: Uint8Array = new Uint8Array(0)
  #start = 0

  private constructor(handle: FileHandle, size: number) {
    super()
    this.#handle = handle
    this.size = size
  }

  static async open(path: string): Promise<BlockReader> {
    const handle = await open(path, 'r')
    return new BlockReader(handle, (await handle.stat()).size)
  }

  /** A copy of some bytes. @throws Error where the file ends before them */
  async bytesAt(position: number, length: number): Promise<Uint8Array> {
    const from = position - this.#start
    if (from >= 0 && from + length <= this.#block.length) return this.#block.slice(from, from + length)
    const block = new Uint8Array(Math.max(length, Math.min(BLOCK_BYTES, this.size - position)))
    for (let at = 0; at < block.length; ) {
      const { bytesRead } = await this.#handle.read(block, at, block.length - at, position + at)
      if (bytesRead === 0) throw new Error('the file ends early')
      at += bytesRead
    }
    this.#block = block
    this.#start = position
    return block.slice(0, length)
  }

  /** What the library calls. */
  override read(
    target: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.bytesAt(position, length).then((bytes) => {
      target.set(bytes, offset)
      callback(null)
    }, callback)
  }

  async release(): Promise<void> {
    await this.#handle.close()
  }
}
