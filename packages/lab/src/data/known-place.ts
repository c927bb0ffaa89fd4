// Where the files of a known data set are, and which of them are not there yet. Whether they are sound is checked when
// they are fetched and when they are read; here only presence and length count, so that a name is looked up at once.

import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { defaultDataFolder } from './data-folder.js'
import { dataError } from './problem.js'
import type { KnownDataset } from './registry.js'

export interface KnownPlace {
  /** Absolute path of the folder or archive, also while it is not there. */
  readonly location: string
  /** Names of files that are not there or have another length. */
  readonly missing: readonly string[]
  /** Whether none of the files is there. */
  readonly absent: boolean
}

/** Folder of a known data set's files in the data folder. */
export function folderOf(dataset: KnownDataset, dataFolder = defaultDataFolder()): string {
  return resolve(dataFolder, dataset.name)
}

/** A data set of one file is that archive, one of several the folder that holds them. */
export async function placeOf(dataset: KnownDataset, dataFolder = defaultDataFolder()): Promise<KnownPlace> {
  const { origin } = dataset
  if (origin.kind === 'built-in') return { location: origin.folder, missing: [], absent: false }
  const folder = folderOf(dataset, dataFolder)
  const [first, ...others] = origin.files
  const location = first === undefined || others.length > 0 ? folder : join(folder, first.name)
  const lengths = await Promise.all(origin.files.map(({ name }) => lengthOf(join(folder, name))))
  const missing = origin.files.filter(({ bytes }, i) => lengths[i] !== bytes).map(({ name }) => name)
  if (missing.length > 0 && origin.elsewhere !== null && (await lengthOf(origin.elsewhere)) !== null)
    return { location: origin.elsewhere, missing: [], absent: false }
  return { location, missing, absent: lengths.every((length) => length === null) }
}

async function lengthOf(path: string): Promise<number | null> {
  return stat(path).then(
    ({ size }) => size,
    () => null,
  )
}

/**
 * The path of a known data set that is there.
 * @throws DctpsError `data` saying how to get it
 */
export async function locateKnown(dataset: KnownDataset): Promise<string> {
  const { location, missing, absent } = await placeOf(dataset)
  if (missing.length === 0) return location
  const lack = absent
    ? `is not at ${location}`
    : `is incomplete at ${location}, without ${missing.join(', ')}`
  throw dataError(`data set ${dataset.name} ${lack}: fetch it with dctps data get ${dataset.name}`)
}
