// Takes files that the user has instead of fetching them. They are held to the same lengths and checksums.

import { copyFile, open, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileError } from 'dctps/internal/file/node'
import { dataError } from '../problem.js'
import type { PublishedFile } from '../published-files.js'
import { findDifference } from './file-check.js'

/**
 * The path of each published file: by their names in a folder, or the path itself for the only one.
 * @throws DctpsError `data` naming those that are not there
 */
export async function findLocal(
  files: readonly PublishedFile[],
  from: string,
): Promise<ReadonlyMap<string, string>> {
  const state = await stat(from).catch(() => null)
  if (state === null) throw dataError(`there is no file or folder ${from}`)
  const names = files.map(({ name }) => name)
  if (!state.isDirectory()) {
    const [only, ...others] = names
    if (only === undefined || others.length > 0) {
      throw dataError(`${from} is one file: expected a folder that holds ${names.join(', ')}`)
    }
    return new Map([[only, from]])
  }
  const present = await Promise.all(names.map((name) => stat(join(from, name)).catch(() => null)))
  const missing = names.filter((_, i) => present[i]?.isFile() !== true)
  if (missing.length > 0) {
    throw dataError(
      `${from} does not hold ${missing.join(', ')}; unpacked data needs no copy: name its folder, as in --data ${basename(from)}`,
    )
  }
  return new Map(names.map((name) => [name, join(from, name)]))
}

/**
 * Copies a local file to its place in one step.
 * @throws DctpsError `data` when it is not the published one, `file` when it cannot be copied
 */
export async function takeLocal(file: PublishedFile, from: string, target: string): Promise<void> {
  const difference = await findDifference(from, file)
  if (difference !== null) throw dataError(`${from} is not the published ${file.name}: ${difference}`)
  const temporary = `${target}.tmp`
  try {
    await copyFile(from, temporary)
    const handle = await open(temporary, 'r+')
    await handle.sync().finally(() => handle.close())
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw fileError('write', target, error)
  }
}
