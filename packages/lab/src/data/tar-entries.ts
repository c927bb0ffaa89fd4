// The entries of a `.tar` or `.tar.gz`, read from its start to its end.

import { createReadStream } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { type ArchiveEntry, type EntryReader, insidePath } from './archive-entry.js'
import { dataError, reasonOf, throwIfCancelled } from './problem.js'

export const tarEntries: EntryReader = (path, wanted, signal) => readTar(path, 'tar', wanted, signal)

export const tarGzEntries: EntryReader = (path, wanted, signal) => readTar(path, 'tar.gz', wanted, signal)

/** A tar ends with two blocks of 512 zero bytes; without them its end is missing. */
const END_MARK_BYTES = 1024

/** All entries in order; of those with the same path the first has the contents. */
async function* readTar(
  path: string,
  kind: 'tar' | 'tar.gz',
  wanted: ReadonlySet<string>,
  signal: AbortSignal | null,
): AsyncGenerator<ArchiveEntry> {
  throwIfCancelled(signal)
  const remaining = new Set(wanted)
  const entries = extract()
  const source = createReadStream(path)
  const options = signal === null ? {} : { signal }
  const unpacking =
    kind === 'tar.gz'
      ? pipeline(source, createGunzip(), entries, options)
      : pipeline(source, requireEndMark, entries, options)
  // it rejects while entries are being read; the same error is awaited and reported below
  unpacking.catch(() => {})
  try {
    for await (const entry of entries) {
      const { name, size = 0, type } = entry.header
      const inside = insidePath(name)
      const isFile = type === 'file' || type === 'contiguous-file'
      const bytes = isFile && remaining.delete(inside) ? await buffer(entry) : null
      if (bytes === null) entry.resume()
      yield { path: inside, kind: isFile ? 'file' : type === 'directory' ? 'folder' : 'other', size, bytes }
    }
    await unpacking
  } catch (error) {
    throwIfCancelled(signal)
    const cause = await unpacking.then(() => error).catch((first: unknown) => first)
    throw dataError(`${path} is truncated or damaged (${reasonOf(cause)}); fetch or copy it again`, cause)
  } finally {
    source.destroy()
  }
}

async function* requireEndMark(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let tail: Uint8Array = new Uint8Array(0)
  for await (const chunk of chunks) {
    tail = Buffer.concat([tail, chunk.subarray(-END_MARK_BYTES)]).subarray(-END_MARK_BYTES)
    yield chunk
  }
  if (tail.length < END_MARK_BYTES || tail.some((byte) => byte !== 0))
    throw new Error('the end mark is missing')
}
