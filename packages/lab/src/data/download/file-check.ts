// Whether a file is the published one, byte for byte.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { fileError } from 'dctps/internal/file/node'
import type { PublishedFile } from '../published-files.js'

/**
 * What is wrong with a file, in words for the end of a sentence, or null when it is the published one.
 * @throws DctpsError `file` when it cannot be read
 */
export async function findDifference(path: string, file: PublishedFile): Promise<string | null> {
  try {
    const { size } = await stat(path)
    if (size !== file.bytes) return `it has ${size} bytes, expected ${file.bytes}`
    const hash = createHash('md5')
    for await (const chunk of createReadStream(path)) hash.update(chunk)
    const md5 = hash.digest('hex')
    return md5 === file.md5 ? null : `its MD5 is ${md5}, expected ${file.md5}`
  } catch (error) {
    throw fileError('read', path, error)
  }
}
