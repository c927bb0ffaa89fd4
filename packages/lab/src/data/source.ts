// Finds a data set's files on disk and what identifies their present state; nothing is decoded here.

import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { DctpsError } from 'dctps/internal/errors'
import { nearestName } from 'dctps/internal/support/nearest-name'
import { openArchive } from './archive.js'
import { locateKnown } from './known-place.js'
import { dataError, reasonOf } from './problem.js'
import { KNOWN_DATASETS } from './registry.js'
import { sniffFile } from './sniff.js'
import type { DatasetSpec } from './spec.js'
import { type FileIdentity, type FileTree, openFolder } from './tree.js'

export interface Source {
  readonly name: string
  /** Absolute path. */
  readonly location: string
  readonly kind: 'folder' | 'archive'
  /** Class names known from elsewhere, or null. */
  readonly classes: readonly string[] | null
  /** Changes whenever a file of the source does. */
  readonly identity: readonly FileIdentity[]
  /** Lists the files; an archive is read through for that. */
  list(): Promise<FileTree>
}

/**
 * @throws DctpsError `usage` for a name that is neither known nor there, `data` for a path that is not there, or a file
 * that holds no data set
 */
export async function locateSource(spec: DatasetSpec, signal: AbortSignal | null): Promise<Source> {
  const known = spec.kind === 'known' ? spec.dataset : null
  const location = spec.kind === 'known' ? await locateKnown(spec.dataset) : resolve(spec.path)
  const state = await stat(location).catch(async (error: unknown) => {
    throw await unreadable(spec, location, error)
  })
  const common = { name: known?.name ?? nameOf(location), location, classes: known?.classes ?? null }
  if (state.isDirectory()) {
    const { tree, identity } = await openFolder(location, signal)
    return { ...common, kind: 'folder', identity, list: async () => tree }
  }
  const kind = await sniffFile(location)
  if (kind !== 'tar' && kind !== 'tar.gz' && kind !== 'zip') throw dataError(notADataset(location, kind))
  const identity = [{ path: location, size: state.size, modified: state.mtimeMs }]
  return { ...common, kind: 'archive', identity, list: () => openArchive(location, kind, signal) }
}

async function unreadable(spec: DatasetSpec, location: string, error: unknown): Promise<Error> {
  const code = error instanceof Error && 'code' in error ? error.code : null
  if (code !== 'ENOENT' && code !== 'ENOTDIR')
    return dataError(`cannot read ${location}: ${reasonOf(error)}`, error)
  if (spec.kind === 'path') return missing(spec.path, location)
  return dataError(`${location} is missing: it is part of this package, install the package again`)
}

/** The file's or folder's name without the endings of archives. */
function nameOf(location: string): string {
  return basename(location).replace(/\.(tar|tgz|tar\.gz|zip)$/, '')
}

/** A bare word is taken for a mistyped name, anything else for a path. */
async function missing(text: string, location: string): Promise<DctpsError> {
  const neighbours = await readdir(dirname(location)).catch(() => [])
  const neighbour = nearestName(basename(location), neighbours)
  const near = neighbour && text.slice(0, text.length - basename(text).length) + neighbour
  if (/[/\\.]/.test(text)) return dataError(`there is no file or folder ${location}${hint(near)}`)
  const known = KNOWN_DATASETS.map(({ name }) => name)
  return new DctpsError(
    'usage',
    `unknown data set '${text}': neither a known name (${known.join(', ')}) nor a file or folder here${hint(nearestName(text, known) ?? near)}`,
  )
}

function hint(name: string | undefined): string {
  return name === undefined ? '' : `; did you mean ${name}?`
}

function notADataset(location: string, kind: 'idx' | 'image' | 'empty' | 'unknown'): string {
  const expected =
    'expected a folder or a .tar, .tar.gz or .zip archive with IDX files, CIFAR batches, Tiny ImageNet or class folders of images'
  switch (kind) {
    case 'empty':
      return `${location} is empty: ${expected}`
    case 'idx':
      return `${location} is a single IDX file: give the folder ${dirname(location)} that holds images and labels`
    case 'image':
      return `${location} is a single image: ${expected}`
    case 'unknown':
      return `${location} is not a known kind of data set: ${expected}`
  }
}
