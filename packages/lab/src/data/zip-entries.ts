// The entries of a `.zip`, by the directory at its end. Contents are checked against their CRC-32 here, since the library
// does not.

import { buffer } from 'node:stream/consumers'
import { type Entry, openPromise, type ZipFile } from 'yauzl'
import { type ArchiveEntry, insidePath } from './archive-entry.js'
import { crc32 } from './checksum.js'
import { dataError, reasonOf, throwIfCancelled } from './problem.js'

export async function* zipEntries(
  path: string,
  wanted: ReadonlySet<string>,
  signal: AbortSignal | null,
): AsyncGenerator<ArchiveEntry> {
  throwIfCancelled(signal)
  const remaining = new Set(wanted)
  let zip: ZipFile | null = null
  try {
    zip = await openPromise(path, { lazyEntries: true, autoClose: false })
    for await (const entry of zip.eachEntry()) {
      throwIfCancelled(signal)
      const inside = insidePath(entry.fileName)
      const kind = kindOf(entry)
      const bytes = kind === 'file' && remaining.delete(inside) ? await contentsOf(zip, entry) : null
      yield { path: inside, kind, size: entry.uncompressedSize, bytes }
    }
  } catch (error) {
    throwIfCancelled(signal)
    throw dataError(`${path} is truncated or damaged (${reasonOf(error)}); fetch or copy it again`, error)
  } finally {
    zip?.close()
  }
}

/** Unix file type bits, kept in the upper half of the attributes, and their value for links. */
const FILE_TYPE = 0xf000
const LINK = 0xa000

function kindOf(entry: Entry): ArchiveEntry['kind'] {
  if (entry.fileName.endsWith('/')) return 'folder'
  return ((entry.externalFileAttributes >>> 16) & FILE_TYPE) === LINK ? 'other' : 'file'
}

async function contentsOf(zip: ZipFile, entry: Entry): Promise<Uint8Array> {
  try {
    const bytes = await buffer(await zip.openReadStreamPromise(entry))
    if (crc32(bytes) !== entry.crc32) throw new Error('its checksum is wrong')
    return bytes
  } catch (error) {
    throw new Error(`${entry.fileName}: ${reasonOf(error)}`, { cause: error })
  }
}
