// A `.tar` or `.tar.gz` archive as a tree of files, read straight from the archive without unpacking it to disk. One
// pass lists it (and so proves it whole), later passes hand out contents.

import { createReadStream } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { dataError, reasonOf, throwIfCancelled } from './problem.js'
import { comparePaths, type FileTree, isLitter } from './tree.js'

export type ArchiveKind = 'tar' | 'tar.gz'

/** One entry as it goes by. */
interface ArchiveEntry {
  readonly path: string
  readonly kind: 'file' | 'folder' | 'other'
  readonly size: number
  /** Contents, where they are wanted. */
  readonly bytes: Uint8Array | null
}

/** A tar ends with two blocks of 512 zero bytes; without them its end is missing. */
const END_MARK_BYTES = 1024

/**
 * Lists an archive by reading it through once.
 * @throws DctpsError `data` when it is truncated or damaged anywhere; `cancelled`
 */
export async function openArchive(
  path: string,
  kind: ArchiveKind,
  signal: AbortSignal | null = null,
): Promise<FileTree> {
  const sizes = new Map<string, number>()
  const folders = new Set<string>()
  for await (const entry of archiveEntries(path, kind, new Set(), signal)) {
    if (entry.path.split('/').some(isLitter)) continue
    if (entry.kind === 'folder') folders.add(entry.path)
    else if (entry.kind === 'file' && !sizes.has(entry.path)) sizes.set(entry.path, entry.size)
    addParents(entry.path, folders)
  }
  return {
    location: path,
    files: [...sizes]
      .map(([name, size]) => ({ path: name, size }))
      .sort((a, b) => comparePaths(a.path, b.path)),
    folders: [...folders].sort(comparePaths),
    where: (name) => `${path}: ${name}`,
    async *read(wanted, signal) {
      for await (const { path: name, bytes } of archiveEntries(path, kind, wanted, signal)) {
        if (bytes !== null) yield { path: name, load: async () => bytes }
      }
    },
  }
}

/** All entries in order; of those with the same path the first has the contents. */
async function* archiveEntries(
  path: string,
  kind: ArchiveKind,
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
      const inside = normalise(name)
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

/** `./a/b/` as `a/b`. */
function normalise(name: string): string {
  return name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')
}

function addParents(name: string, folders: Set<string>): void {
  for (let slash = name.lastIndexOf('/'); slash > 0; slash = name.lastIndexOf('/', slash - 1)) {
    folders.add(name.slice(0, slash))
  }
}
