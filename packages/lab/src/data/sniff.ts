// Tells what a file is from its first bytes, because names lie. It reads no more than it needs.

import { open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { constants, gunzip } from 'node:zlib'
import { dataError, reasonOf } from './problem.js'

export type FileKind = 'tar' | 'tar.gz' | 'zip' | 'idx' | 'image' | 'empty' | 'unknown'

/** Enough compressed bytes to unpack a tar header of 512 bytes from, however incompressible. */
const HEAD_BYTES = 4096

/** Position of `ustar` in a tar header. */
const USTAR_OFFSET = 257

/** @throws DctpsError `data` when the file cannot be read, or its compression is damaged from the start */
export async function sniffFile(path: string): Promise<FileKind> {
  const head = await readHead(path)
  if (head.length === 0) return 'empty'
  if (isZip(head)) return 'zip'
  if (!isGzip(head)) return sniffBytes(head)
  const unpacked = await unpackHead(head, path)
  if (unpacked.length === 0)
    throw dataError(`${path} is truncated: nothing can be unpacked from it; copy it again`)
  const kind = sniffBytes(unpacked)
  return kind === 'tar' ? 'tar.gz' : kind
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}

export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff
}

export function isPng(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 8)).toString('latin1') === '\x89PNG\r\n\x1a\n'
}

export function isZip(bytes: Uint8Array): boolean {
  // a local file header; `05 06` is the end of an archive that holds nothing
  return bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 0x03 || bytes[2] === 0x05)
}

function sniffBytes(bytes: Uint8Array): FileKind {
  if (Buffer.from(bytes.subarray(USTAR_OFFSET, USTAR_OFFSET + 5)).toString('latin1') === 'ustar') return 'tar'
  if (isJpeg(bytes) || isPng(bytes)) return 'image'
  // two zero bytes, an element type from 0x08 to 0x0e, a number of dimensions
  const [zero0, zero1, type = 0, dimensions = 0] = bytes
  if (zero0 === 0 && zero1 === 0 && type >= 0x08 && type <= 0x0e && dimensions >= 1 && dimensions <= 4)
    return 'idx'
  return 'unknown'
}

async function readHead(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r')
    try {
      const { buffer, bytesRead } = await file.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (error) {
    throw dataError(`cannot read ${path}: ${reasonOf(error)}`, error)
  }
}

async function unpackHead(head: Uint8Array, path: string): Promise<Uint8Array> {
  try {
    // a flush instead of a finish takes what can be unpacked from an incomplete stream
    return await promisify(gunzip)(head, { finishFlush: constants.Z_SYNC_FLUSH })
  } catch (error) {
    throw dataError(
      `${path} is damaged: it cannot be unpacked (${reasonOf(error)}); fetch or copy it again`,
      error,
    )
  }
}
