// Brings a known data set into the data folder: what is there and sound stays, the rest is fetched or taken from local
// files.

import { rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileError, makeFolder } from 'dctps/internal/file/node'
import { defaultDataFolder } from '../data-folder.js'
import { folderOf, placeOf } from '../known-place.js'
import type { PublishedFile } from '../published-files.js'
import type { KnownDataset } from '../registry.js'
import { fetchFile } from './fetch-file.js'
import { findDifference } from './file-check.js'
import { type DownloadOptions, downloadDefaults } from './options.js'
import { findLocal, takeLocal } from './take-local.js'

export interface GetOptions extends Partial<DownloadOptions> {
  /** A file, or a folder that holds all of them, to take instead of fetching. */
  readonly from?: string | undefined
  /** `defaultDataFolder()` if left out. */
  readonly dataFolder?: string | undefined
}

export interface ObtainedFile {
  readonly name: string
  /** Absolute path. */
  readonly path: string
  /** `present`: was there, and its checksum agrees. */
  readonly how: 'present' | 'fetched' | 'copied'
}

export interface ObtainedDataset {
  /** What `--data` reads: the archive, or the folder of the files. */
  readonly location: string
  /** None for what is built in. */
  readonly files: readonly ObtainedFile[]
}

/**
 * Every file is complete and has the published checksum when this returns.
 * @throws DctpsError `data` when a file is not to be had or not the published one; `file` when it cannot be written;
 * `cancelled`
 */
export async function getDataset(dataset: KnownDataset, options: GetOptions = {}): Promise<ObtainedDataset> {
  const { origin } = dataset
  if (origin.kind === 'built-in') return { location: origin.folder, files: [] }
  const { from, dataFolder = defaultDataFolder(), ...rest } = options
  const download = { ...downloadDefaults, ...rest }
  const local = from === undefined ? null : await findLocal(origin.files, from)
  const folder = folderOf(dataset, dataFolder)
  await makeFolder(folder)
  const files: ObtainedFile[] = []
  for (const file of origin.files) {
    const path = join(folder, file.name)
    files.push({ name: file.name, path, how: await obtain(file, path, local?.get(file.name), download) })
  }
  return { location: (await placeOf(dataset, dataFolder)).location, files }
}

async function obtain(
  file: PublishedFile,
  path: string,
  local: string | undefined,
  options: DownloadOptions,
): Promise<ObtainedFile['how']> {
  if (await isPresent(file, path, options)) return 'present'
  if (local === undefined) {
    await fetchFile(file, path, options)
    return 'fetched'
  }
  await takeLocal(file, local, path)
  return 'copied'
}

/** A file of that name that is not the published one is moved out of the way. */
async function isPresent(file: PublishedFile, path: string, { onEvent }: DownloadOptions): Promise<boolean> {
  if ((await stat(path).catch(() => null)) === null) return false
  const difference = await findDifference(path, file)
  if (difference === null) return true
  const aside = `${path}.damaged`
  await rename(path, aside).catch((error: unknown) => {
    throw fileError('write', aside, error)
  })
  onEvent({ type: 'notice', message: `${path} is damaged (${difference}); it is now ${aside}` })
  return false
}
