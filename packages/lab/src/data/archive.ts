// An archive as a tree of files, read straight from it without unpacking it to disk. One pass lists it (and so proves a
// tar whole, and a zip not cut), later passes hand out contents. How entries are found is `tar-entries` and `zip-entries`.

import type { EntryReader } from './archive-entry.js'
import { tarEntries, tarGzEntries } from './tar-entries.js'
import { comparePaths, type FileTree, isLitter } from './tree.js'
import { zipEntries } from './zip-entries.js'

export type ArchiveKind = 'tar' | 'tar.gz' | 'zip'

const ENTRY_READERS: Readonly<Record<ArchiveKind, EntryReader>> = {
  tar: tarEntries,
  'tar.gz': tarGzEntries,
  zip: zipEntries,
}

/**
 * Lists an archive by going through it once.
 * @throws DctpsError `data` when it is truncated or damaged anywhere; of a zip, damage inside a file shows when that file
 * is read; `cancelled`
 */
export async function openArchive(
  path: string,
  kind: ArchiveKind,
  signal: AbortSignal | null = null,
): Promise<FileTree> {
  const entries = ENTRY_READERS[kind]
  const sizes = new Map<string, number>()
  const folders = new Set<string>()
  for await (const entry of entries(path, new Set(), signal)) {
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
      for await (const { path: name, bytes } of entries(path, wanted, signal)) {
        if (bytes !== null) yield { path: name, load: async () => bytes }
      }
    },
  }
}

function addParents(name: string, folders: Set<string>): void {
  for (let slash = name.lastIndexOf('/'); slash > 0; slash = name.lastIndexOf('/', slash - 1)) {
    folders.add(name.slice(0, slash))
  }
}
