// CRC-32 of large arrays. Node's own runs at several GB/s, but came with 20.15 and 22.2.

import * as zlib from 'node:zlib'
import { crc32 as portable } from 'dctps/internal/file/crc32'

export const crc32: (bytes: Uint8Array) => number =
  typeof zlib.crc32 === 'function' ? (bytes) => zlib.crc32(bytes) : portable
