// The binary container of model, run-state and transform files: a JSON header and named little-endian arrays behind a length and
// a CRC-32, so that any damaged byte and any missing or added one is noticed before a value is used. What the header
// and the arrays mean is the caller's. Layout byte by byte: docs/formats.md.
// Typed arrays are copied as they lie in memory: like WebAssembly's, our memory is little-endian.

import { DctpsError } from '../errors.js'
import { crc32 } from './crc32.js'
import { asInteger, asString, Fields, type JsonValue } from './fields.js'
import {
  alignedStart,
  elementTypes,
  type Float16Values,
  isElementType,
  storedArray,
  type TypedArray,
} from './stored-array.js'

export type ContainerKind = 'model' | 'state' | 'transform'

export interface ContainerContent {
  readonly kind: ContainerKind
  readonly header: JsonValue
  readonly arrays: Readonly<Record<string, TypedArray | Float16Values>>
}

export interface UnpackedContainer {
  /** To be checked by the caller, see `fields.ts`. */
  readonly header: unknown
  /** Copies that own their memory; float16 arrays as Float32Array. */
  readonly arrays: ReadonlyMap<string, TypedArray>
}

const magic = 0x50544344 // 'DCTP' as a little-endian uint32
const formatVersion = 1
const kindNumbers = { model: 1, state: 2, transform: 3 } as const
const kindTitles = ['a model', 'a run state', 'a transform'] as const

/** Magic 4, version 1, kind 1, zero 2, total length 4, JSON length 4. */
const prefixBytes = 16
const checksumBytes = 4
const maxBytes = 2 ** 32 - 1

/** JSON has no NaN and no infinity, and would store null instead. */
function refuseNonFinite(name: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new DctpsError(
      'file',
      `header field ${name} is ${value}; a file's header holds finite numbers only`,
    )
  }
  return value
}

/**
 * The bytes of a container. Equal content gives equal bytes.
 * @throws DctpsError `file` for a header number that is not finite, a value that float16 cannot hold, or a container of
 * 4 GiB or more
 */
export function packContainer(content: ContainerContent): Uint8Array<ArrayBuffer> {
  const arrays = Object.entries(content.arrays).map(([name, array]) => storedArray(name, array))
  const directory = arrays.map(({ name, type, data }) => [name, type, data.length])
  const json = new TextEncoder().encode(
    JSON.stringify({ header: content.header, arrays: directory }, refuseNonFinite),
  )
  let end = prefixBytes + json.length
  const starts = arrays.map(({ type, data }) => {
    const start = alignedStart(end, type)
    end = start + data.byteLength
    return start
  })
  const total = end + checksumBytes
  if (total > maxBytes) {
    throw new DctpsError(
      'file',
      `a file of ${total} bytes is too large: the format ends at ${maxBytes} bytes`,
    )
  }
  const bytes = new Uint8Array(total)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, magic, true)
  view.setUint8(4, formatVersion)
  view.setUint8(5, kindNumbers[content.kind])
  view.setUint32(8, total, true)
  view.setUint32(12, json.length, true)
  bytes.set(json, prefixBytes)
  for (const [i, { data }] of arrays.entries()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), starts[i]!)
  }
  view.setUint32(end, crc32(bytes.subarray(0, end)), true)
  return bytes
}

/**
 * Reads a container and checks all of it.
 * @param label the file's path, for messages
 * @throws DctpsError `file` when the bytes are not an undamaged container of the expected kind and a known version
 */
export function unpackContainer(
  bytes: Uint8Array,
  expectedKind: ContainerKind,
  label: string,
): UnpackedContainer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  checkEnvelope(bytes, view, label)
  checkVersionAndKind(view, expectedKind, label)
  const jsonEnd = prefixBytes + view.getUint32(12, true)
  const dataEnd = bytes.length - checksumBytes
  if (jsonEnd > dataEnd) throw malformed(label, 'its header is longer than the file')
  const json = new Fields(parseJson(bytes.subarray(prefixBytes, jsonEnd), label), `${label}: contents`)
  return { header: json.value('header'), arrays: readArrays(bytes, json, jsonEnd, dataEnd, label) }
}

/** What every version of the format keeps: magic, total length, checksum. */
function checkEnvelope(bytes: Uint8Array, view: DataView, label: string): void {
  if (bytes.length === 0) throw new DctpsError('file', `${label} is empty; expected a dctps file`)
  if (bytes.length < 4 || view.getUint32(0, true) !== magic) {
    throw new DctpsError(
      'file',
      `${label} is not a dctps file: it does not begin with 'DCTP'; check the path`,
    )
  }
  const stated = bytes.length < prefixBytes ? undefined : view.getUint32(8, true)
  if (stated !== bytes.length) {
    const expected = stated === undefined ? `at least ${prefixBytes + checksumBytes}` : stated
    throw new DctpsError(
      'file',
      `${label} is damaged or incomplete: it has ${bytes.length} bytes, expected ${expected}; use another copy of it`,
    )
  }
  const end = bytes.length - checksumBytes
  if (end < prefixBytes || view.getUint32(end, true) !== crc32(bytes.subarray(0, end))) {
    throw new DctpsError('file', `${label} is damaged: its checksum does not match; use another copy of it`)
  }
}

function checkVersionAndKind(view: DataView, expectedKind: ContainerKind, label: string): void {
  const version = view.getUint8(4)
  if (version > formatVersion) {
    throw new DctpsError(
      'file',
      `${label} has format version ${version}, this program reads version ${formatVersion}; update dctps to read it`,
    )
  }
  if (version < formatVersion) throw malformed(label, `there is no format version ${version}`)
  const number = view.getUint8(5)
  if (number !== kindNumbers[expectedKind]) {
    const received = kindTitles[number - 1] ?? `a file of unknown kind ${number}`
    const expected = kindTitles[kindNumbers[expectedKind] - 1]
    throw new DctpsError('file', `${label} is ${received}, expected ${expected}; check the path`)
  }
}

// The checksum holds from here on: what does not fit was written so, by another program or a defect of ours.
function malformed(label: string, reason: string, cause?: unknown): DctpsError {
  return new DctpsError('file', `${label} is not a valid dctps file: ${reason}; write it again`, { cause })
}

function parseJson(bytes: Uint8Array, label: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw malformed(label, 'its header is not JSON', error)
  }
}

function readArrays(
  bytes: Uint8Array,
  json: Fields,
  jsonEnd: number,
  dataEnd: number,
  label: string,
): Map<string, TypedArray> {
  const arrays = new Map<string, TypedArray>()
  let end = jsonEnd
  for (const { name, type, length } of json.list('arrays', readDirectoryEntry)) {
    const start = alignedStart(end, type)
    end = start + length * elementTypes[type].size
    if (end > dataEnd) throw malformed(label, `array ${name} ends beyond the file`)
    if (arrays.has(name)) throw malformed(label, `array ${name} is there twice`)
    // A copy, because the file's bytes need not be aligned and should not be kept alive.
    arrays.set(name, elementTypes[type].read(new Uint8Array(bytes.subarray(start, end)).buffer))
  }
  if (end !== dataEnd) throw malformed(label, `${dataEnd - end} bytes belong to no array`)
  return arrays
}

function readDirectoryEntry(value: unknown, where: string) {
  const [name, type, length]: unknown[] = Array.isArray(value) ? value : []
  const typeName = asString(type, `${where}[1]`)
  if (!isElementType(typeName)) {
    throw new DctpsError(
      'file',
      `${where}: unknown element type '${typeName}'; the types are ${Object.keys(elementTypes).join(', ')}`,
    )
  }
  return { name: asString(name, `${where}[0]`), type: typeName, length: asInteger(length, `${where}[2]`) }
}
