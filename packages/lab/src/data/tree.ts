// A data source as a list of files that can be read: a folder here, an archive in `archive`. Readers plan from the
// list before they read a byte, and do not know which of the two they read.

import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { dataError, type Problems, reasonOf, throwIfCancelled } from './problem.js'

export interface TreeFile {
  /** Path inside the source, parts joined by `/`. */
  readonly path: string
  /** Bytes. */
  readonly size: number
}

export interface TreeEntry {
  readonly path: string
  /** @throws DctpsError `data` when the file cannot be read */
  load(): Promise<Uint8Array>
}

export interface FileTree {
  /** Where it is, for messages. */
  readonly location: string
  /** Sorted by path, so that the order of images does not depend on the file system or the archive. */
  readonly files: readonly TreeFile[]
  /** Folders by path, sorted. */
  readonly folders: readonly string[]
  /** A file's full name for messages. */
  where(path: string): string
  /** The wanted files, in whatever order is cheap. */
  read(wanted: ReadonlySet<string>, signal: AbortSignal | null): AsyncIterable<TreeEntry>
}

/** A file on disk and what tells that it has changed. */
export interface FileIdentity {
  readonly path: string
  readonly size: number
  /** Last change in ms. */
  readonly modified: number
}

/** Deepest layout: `tiny-imagenet-200/train/class/images/image`. */
const MAX_DEPTH = 5

/** Files whose states are asked for at once. */
const STAT_BATCH = 256

/** By code units, the same on every machine. */
export function comparePaths(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Files that systems leave behind in any folder. */
export function isLitter(name: string): boolean {
  return name.startsWith('.') || name === '__MACOSX' || name === 'Thumbs.db' || name === 'desktop.ini'
}

/**
 * Lists a folder, at most five levels deep, following links.
 * @throws DctpsError `data` when it cannot be listed
 */
export async function openFolder(
  folder: string,
  signal: AbortSignal | null = null,
): Promise<{ tree: FileTree; identity: readonly FileIdentity[] }> {
  const identity: FileIdentity[] = []
  const folders: string[] = []
  try {
    await list(folder, '', 1, identity, folders, signal)
  } catch (error) {
    throwIfCancelled(signal)
    throw dataError(`cannot list ${folder}: ${reasonOf(error)}`, error)
  }
  identity.sort((a, b) => comparePaths(a.path, b.path))
  folders.sort(comparePaths)
  return { tree: folderTree(folder, identity, folders), identity }
}

async function list(
  root: string,
  inside: string,
  depth: number,
  files: FileIdentity[],
  folders: string[],
  signal: AbortSignal | null,
): Promise<void> {
  throwIfCancelled(signal)
  const names = (await readdir(join(root, inside))).filter((name) => !isLitter(name))
  const below: string[] = []
  for (let start = 0; start < names.length; start += STAT_BATCH) {
    const batch = names.slice(start, start + STAT_BATCH).map(async (name) => {
      const path = inside === '' ? name : `${inside}/${name}`
      const state = await stat(join(root, path))
      if (state.isDirectory()) below.push(path)
      else if (state.isFile()) files.push({ path, size: state.size, modified: state.mtimeMs })
    })
    await Promise.all(batch)
  }
  folders.push(...below)
  if (depth === MAX_DEPTH) return
  for (const path of below) await list(root, path, depth + 1, files, folders, signal)
}

function folderTree(location: string, files: readonly TreeFile[], folders: readonly string[]): FileTree {
  const where = (path: string) => join(location, path)
  return {
    location,
    files,
    folders,
    where,
    async *read(wanted, signal) {
      for (const { path } of files) {
        if (!wanted.has(path)) continue
        throwIfCancelled(signal)
        yield { path, load: () => loadFile(where(path)) }
      }
    },
  }
}

async function loadFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (error) {
    throw dataError(`cannot read ${path}: ${reasonOf(error)}`, error)
  }
}

/** The tree below its single top folder, as archives often have one, or null when it has none or several. */
export function withoutWrapper(tree: FileTree): FileTree | null {
  const tops = new Set([...tree.files.map((file) => file.path), ...tree.folders].map(firstPart))
  const [top] = tops
  if (tops.size !== 1 || top === undefined || !tree.folders.includes(top)) return null
  const prefix = `${top}/`
  const strip = (path: string) => path.slice(prefix.length)
  return {
    location: tree.location,
    files: tree.files.map((file) => ({ ...file, path: strip(file.path) })),
    folders: tree.folders.filter((path) => path !== top).map(strip),
    where: (path) => tree.where(prefix + path),
    async *read(wanted, signal) {
      const outer = new Set([...wanted].map((path) => prefix + path))
      for await (const entry of tree.read(outer, signal)) {
        yield { path: strip(entry.path), load: entry.load }
      }
    },
  }
}

function firstPart(path: string): string {
  const slash = path.indexOf('/')
  return slash < 0 ? path : path.slice(0, slash)
}

/** Paths of the files that are directly in each folder, in the order of the tree. */
export function filesByFolder(tree: FileTree): Map<string, string[]> {
  const byFolder = new Map<string, string[]>()
  for (const { path } of tree.files) {
    const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')))
    const paths = byFolder.get(folder)
    if (paths === undefined) byFolder.set(folder, [path])
    else paths.push(path)
  }
  return byFolder
}

/** Contents of a few files by path; one that is not there or cannot be read is reported and left out. */
export async function readFiles(
  tree: FileTree,
  paths: readonly string[],
  problems: Problems,
  signal: AbortSignal | null,
): Promise<Map<string, Uint8Array>> {
  const present = new Set(tree.files.map((file) => file.path))
  for (const path of paths) {
    if (!present.has(path)) problems.report(dataError(`${tree.where(path)} is missing`))
  }
  const contents = new Map<string, Uint8Array>()
  for await (const entry of tree.read(new Set(paths), signal)) contents.set(entry.path, await entry.load())
  return contents
}
