// What is read from an archive of any kind, entry by entry.

/** One entry as it goes by. */
export interface ArchiveEntry {
  readonly path: string
  readonly kind: 'file' | 'folder' | 'other'
  readonly size: number
  /** Contents, where they are wanted. */
  readonly bytes: Uint8Array | null
}

/**
 * All entries of an archive in its own order; of those with the same path the first has the contents.
 * @throws DctpsError `data` when the archive is truncated or damaged; `cancelled`
 */
export type EntryReader = (
  path: string,
  wanted: ReadonlySet<string>,
  signal: AbortSignal | null,
) => AsyncIterable<ArchiveEntry>

/** `./a/b/` as `a/b`. */
export function insidePath(name: string): string {
  return name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')
}
