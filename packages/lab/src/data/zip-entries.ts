// The entries of a `.zip`, by the directory at its end. The library reads the directory; contents, of which there may be a
// hundred thousand small ones, are unpacked here at once instead of as a stream each, and checked against their CRC-32.

import { inflateRawSync } from 'node:zlib'
import { type Entry, fromRandomAccessReaderPromise, type ZipFile } from 'yauzl'
import { type ArchiveEntry, insidePath } from './archive-entry.js'
import { BlockReader } from './block-reader.js'
import { crc32 } from './checksum.js'
import { dataError, reasonOf, throwIfCancelled } from './problem.js'

export async function* zipEntries(
  path: string,
  wanted: ReadonlySet<string>,
  signal: AbortSignal | null,
): AsyncGenerator<ArchiveEntry> {
  throwIfCancelled(signal)
  const remaining = new Set(wanted)
  let reader: BlockReader | null = null
  try {
    reader = await BlockReader.open(path)
    const zip = await fromRandomAccessReaderPromise(reader, reader.size, {
      lazyEntries: true,
      autoClose: false,
    })
    // the whole directory before any contents: going to and fro between them would read each block many times
    const entries: Entry[] = []
    for await (const entry of zip.eachEntry()) {
      throwIfCancelled(signal)
      entries.push(entry)
    }
    for (const entry of entries) {
      throwIfCancelled(signal)
      const inside = insidePath(entry.fileName)
      const kind = kindOf(entry)
      const bytes = kind === 'file' && remaining.delete(inside) ? await contentsOf(zip, reader, entry) : null
      yield { path: inside, kind, size: entry.uncompressedSize, bytes }
    }
  } catch (error) {
    throwIfCancelled(signal)
    throw dataError(`${path} is truncated or damaged (${reasonOf(error)}); fetch or copy it again`, error)
  } finally {
    await reader?.release()
  }
}

/** Unix file type bits, kept in the upper half of the attributes, and their value for links. */
const FILE_TYPE = 0xf000
const LINK = 0xa000

function kindOf(entry: Entry): ArchiveEntry['kind'] {
  if (entry.fileName.endsWith('/')) return 'folder'
  return ((entry.externalFileAttributes >>> 16) & FILE_TYPE) === LINK ? 'other' : 'file'
}

const STORED = 0

async function contentsOf(zip: ZipFile, reader: BlockReader, entry: Entry): Promise<Uint8Array> {
  try {
    if (!entry.canDecodeFileData()) throw new Error('it is encrypted or packed in a way other than deflate')
    const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true })
    const packed = await reader.bytesAt(fileDataStart, entry.compressedSize)
    // a limit of 0 would be none
    const limit = { maxOutputLength: Math.max(entry.uncompressedSize, 1) }
    const bytes = entry.compressionMethod === STORED ? packed : inflateRawSync(packed, limit)
    if (crc32(bytes) !== entry.crc32) throw new Error('its checksum is wrong')
    return bytes
  } catch (error) {
    throw new Error(`${entry.fileName}: ${reasonOf(error)}`, { cause: error })
  }
}
