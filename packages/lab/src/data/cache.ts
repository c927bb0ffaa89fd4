// The folder of decoded data sets: which file belongs to a source, and that a cache never stands in the way. A damaged
// file is reported and rebuilt; a folder that cannot be written is a warning.

import { createHash } from 'node:crypto'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from 'dctps/internal/file/node'
import { CACHE_VERSION, decodeCache, encodeCache } from './cache-file.js'
import { reasonOf } from './problem.js'
import type { Splits } from './reader.js'
import type { Source } from './source.js'

/**
 * The cache file of a source in its present state, read with the given options. Any change of a file, an option or the
 * format gives another name.
 * @param options everything that changes the decoded pixels or labels
 */
export function cachePath(folder: string, source: Source, options: unknown): string {
  const { name, location, classes, identity } = source
  const key = createHash('sha256')
    .update(JSON.stringify([CACHE_VERSION, name, location, classes, options]))
    .update(JSON.stringify(identity.map(({ path, size, modified }) => [path, size, modified])))
    .digest('hex')
    .slice(0, 16)
  return join(folder, `${name.replace(/[^\w.-]+/g, '_')}-${key}.images`)
}

/** The cached splits, or null when there are none or they are damaged (which is reported). */
export async function loadCache(path: string, onWarning: (message: string) => void): Promise<Splits | null> {
  try {
    return decodeCache(await readWhole(path))
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return null
    onWarning(`the cached data set ${path} cannot be used (${reasonOf(error)}); decoding the source again`)
    return null
  }
}

/**
 * Writes a cache whole or not at all; failure is a warning. Two processes that write the same cache at once write the
 * same bytes, and whoever reads in between finds the checksum wrong and decodes.
 */
export async function storeCache(
  folder: string,
  path: string,
  splits: Splits,
  onWarning: (message: string) => void,
): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
    await writeFileAtomic(path, encodeCache(splits))
  } catch (error) {
    onWarning(
      `the decoded data set is not cached: ${reasonOf(error)}. Work goes on, but the next run decodes it again; set DCTPS_CACHE to a folder with space for it`,
    )
  }
}

/** Largest part read at once: Node refuses reads of 2 GiB and more. */
const READ_CHUNK = 1 << 30

async function readWhole(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const file = await open(path, 'r')
  try {
    const bytes = new Uint8Array((await file.stat()).size)
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await file.read(bytes, at, Math.min(READ_CHUNK, bytes.length - at), at)
      if (bytesRead === 0) throw new Error('it was cut while it was read')
      at += bytesRead
    }
    return bytes
  } finally {
    await file.close()
  }
}
