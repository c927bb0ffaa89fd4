// Files on disk in Node: whole-file reads with clear errors, and writes that leave either the old file or the new one.
// What the bytes mean is decided elsewhere.

import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { DctpsError } from '../errors.js'

/** System error codes in words, and what to do about them. */
const reasons: Readonly<Record<string, { readonly reason: string; readonly next: string }>> = {
  ENOENT: { reason: 'there is no such file or folder', next: 'check the path or create the folder' },
  EACCES: { reason: 'permission is denied', next: 'change the permissions or choose another path' },
  EPERM: { reason: 'permission is denied', next: 'change the permissions or choose another path' },
  EROFS: { reason: 'the file system is read-only', next: 'choose another folder' },
  ENOSPC: { reason: 'the disk is full', next: 'free some space or choose another folder' },
  EDQUOT: { reason: 'the disk quota is used up', next: 'free some space or choose another folder' },
  EFBIG: { reason: 'the file would exceed the size limit', next: 'raise the limit or choose another folder' },
  ENOTDIR: { reason: 'a part of the path is a file, not a folder', next: 'check the path' },
  EISDIR: { reason: 'it is a folder', next: 'name a file' },
  ENAMETOOLONG: { reason: 'the name is too long', next: 'choose a shorter one' },
  EMFILE: { reason: 'too many files are open', next: 'raise the limit of open files' },
  EIO: { reason: 'the device reports an error', next: 'check the disk' },
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** A failed file operation in words: `cannot write runs/a/model.dctps: the disk is full; free some space ...`. */
export function fileError(action: 'read' | 'write', file: string, error: unknown): DctpsError {
  const known = reasons[errorCode(error)]
  const text =
    known === undefined
      ? `${error instanceof Error ? error.message : String(error)}; check the path`
      : `${known.reason}; ${known.next}`
  return new DctpsError('file', `cannot ${action} ${file}: ${text}`, { cause: error })
}

/**
 * Reads a whole file.
 * @throws DctpsError `file` when it is missing, a folder or unreadable
 */
export async function readFileChecked(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file)
  } catch (error) {
    throw fileError('read', file, error)
  }
}

/**
 * Replaces a file in one step: at any moment, also after a crash, the path holds the old bytes or all of the new ones.
 * They are written to a temporary file beside it, synced and renamed; a leftover of a killed process is overwritten.
 * @param temporary one writer a path at a time; processes that may write the same file at once each need their own
 * @throws DctpsError `file`; the old file is untouched and the temporary one removed
 */
export async function writeFileAtomic(
  file: string,
  bytes: Uint8Array,
  temporary = `${file}.tmp`,
): Promise<void> {
  try {
    await writeAndSync(temporary, bytes)
    await rename(temporary, file)
  } catch (error) {
    // The write's own failure is what the caller needs to hear.
    await rm(temporary, { force: true }).catch(() => undefined)
    throw fileError('write', file, error)
  }
  await syncFolder(path.dirname(file))
}

/**
 * Makes a folder and those above it; one that is there is fine.
 * @throws DctpsError `file`
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await makeLevels(folder)
  } catch (error) {
    throw fileError('write', folder, error)
  }
}

/** Level by level: Node's own recursion never ends where a parent exists but takes no folders, such as /proc. */
async function makeLevels(folder: string): Promise<void> {
  const attempt = () =>
    mkdir(folder).then(
      () => null,
      (error: unknown) => error,
    )
  const failure = await attempt()
  if (failure === null || (await isFolder(folder))) return
  if (errorCode(failure) !== 'ENOENT') throw failure
  await makeLevels(path.dirname(folder))
  const second = await attempt()
  if (second !== null) throw second
}

async function isFolder(file: string): Promise<boolean> {
  return stat(file).then(
    (status) => status.isDirectory(),
    () => false,
  )
}

async function writeAndSync(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'w')
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Makes the rename durable. Some systems cannot sync a folder; the file itself is complete either way. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    await handle.sync().finally(() => handle.close())
  } catch (error) {
    const unsupported = ['EINVAL', 'EISDIR', 'EPERM', 'EACCES', 'ENOTSUP']
    if (!unsupported.includes(errorCode(error))) throw fileError('write', folder, error)
  }
}
