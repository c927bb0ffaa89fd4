// The bytes of a cached data set. The layout is the memory layout: after a header come labels and pixels as they are
// used, so that loading is reading the file and pointing into it. Native byte order: a cache stays on its machine.
//
//   'DCTPSIMG' | version u32 | header bytes u32 | file bytes f64 | header JSON, padded to 8
//   | per split: labels u16, padded to 8; pixels u8, padded to 8 | CRC-32 of everything before, u32

import type { ImageDataset } from 'dctps/internal/train/dataset'
import { z } from 'zod'
import { crc32 } from './checksum.js'
import type { Splits } from './reader.js'

/** Part of every cache's key: a new layout or a decoder that gives other pixels needs a new number. */
export const CACHE_VERSION = 1

const MAGIC = Buffer.from('DCTPSIMG', 'latin1')
const PREFIX_BYTES = 24
const CHECKSUM_BYTES = 4

const count = z.number().int().positive()
const headerSchema = z.object({
  name: z.string(),
  shape: z.object({ channels: count, height: count, width: count }),
  classes: z.array(z.string()),
  train: count,
  test: count.nullable(),
})
type Header = z.infer<typeof headerSchema>

interface Range {
  readonly start: number
  readonly length: number
}

/** Where everything lies in the file, from the header alone. */
interface Placement {
  readonly labels: Range
  readonly pixels: Range
}

function place(
  header: Header,
  bodyStart: number,
): { train: Placement; test: Placement | null; bytes: number } {
  const { channels, height, width } = header.shape
  let at = bodyStart
  const take = (length: number): Range => {
    const start = at
    at = align(at + length)
    return { start, length }
  }
  const split = (images: number): Placement => ({
    labels: take(images * Uint16Array.BYTES_PER_ELEMENT),
    pixels: take(images * channels * height * width),
  })
  const train = split(header.train)
  const test = header.test === null ? null : split(header.test)
  return { train, test, bytes: at + CHECKSUM_BYTES }
}

function align(offset: number): number {
  return Math.ceil(offset / 8) * 8
}

/** Both splits as one file. */
export function encodeCache(splits: Splits): Uint8Array {
  const { train, test } = splits
  const header: Header = {
    name: train.name,
    shape: train.shape,
    classes: [...train.classes],
    train: train.labels.length,
    test: test === null ? null : test.labels.length,
  }
  const json = Buffer.from(JSON.stringify(header))
  const placement = place(header, align(PREFIX_BYTES + json.length))
  const bytes = new Uint8Array(placement.bytes)
  const view = new DataView(bytes.buffer)
  bytes.set(MAGIC)
  view.setUint32(8, CACHE_VERSION, true)
  view.setUint32(12, json.length, true)
  view.setFloat64(16, placement.bytes, true)
  bytes.set(json, PREFIX_BYTES)
  putSplit(bytes, train, placement.train)
  if (test !== null && placement.test !== null) putSplit(bytes, test, placement.test)
  const end = placement.bytes - CHECKSUM_BYTES
  view.setUint32(end, crc32(bytes.subarray(0, end)), true)
  return bytes
}

function putSplit(bytes: Uint8Array, dataset: ImageDataset, placement: Placement): void {
  new Uint16Array(bytes.buffer, placement.labels.start, dataset.labels.length).set(dataset.labels)
  bytes.set(dataset.pixels, placement.pixels.start)
}

/**
 * Points into the bytes of a cache file.
 * @param bytes the whole file, at the start of its buffer
 * @throws Error saying what is damaged
 */
export function decodeCache(bytes: Uint8Array<ArrayBuffer>): Splits {
  if (bytes.length < PREFIX_BYTES + CHECKSUM_BYTES) throw new Error(`it has only ${bytes.length} bytes`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!MAGIC.equals(bytes.subarray(0, MAGIC.length))) throw new Error('its magic number is wrong')
  const version = view.getUint32(8, true)
  if (version !== CACHE_VERSION) throw new Error(`its version is ${version}, expected ${CACHE_VERSION}`)
  const length = view.getFloat64(16, true)
  if (length !== bytes.length) throw new Error(`it has ${bytes.length} bytes, its header says ${length}`)
  const end = bytes.length - CHECKSUM_BYTES
  if (view.getUint32(end, true) !== crc32(bytes.subarray(0, end))) throw new Error('its checksum is wrong')
  const jsonBytes = view.getUint32(12, true)
  const json: unknown = JSON.parse(
    Buffer.from(bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + jsonBytes)).toString(),
  )
  const header = headerSchema.parse(json)
  const placement = place(header, align(PREFIX_BYTES + jsonBytes))
  const split = (at: Placement): ImageDataset => ({
    name: header.name,
    shape: header.shape,
    classes: header.classes,
    labels: new Uint16Array(bytes.buffer, at.labels.start, at.labels.length / Uint16Array.BYTES_PER_ELEMENT),
    pixels: bytes.subarray(at.pixels.start, at.pixels.start + at.pixels.length),
  })
  return { train: split(placement.train), test: placement.test === null ? null : split(placement.test) }
}
