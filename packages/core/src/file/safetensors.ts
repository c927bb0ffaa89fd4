// safetensors in and out, the format in which PyTorch users exchange weights: 8-byte little-endian header length, JSON
// header, raw little-endian data. Names and meaning of tensors are the caller's.
// Source: https://github.com/huggingface/safetensors (format section of the README), whose limits are kept.

import { DctpsError } from '../errors.js'
import { asInteger, Fields } from './fields.js'
import { decodeFloat16, encodeFloat16 } from './float16.js'

export type TensorData = Float64Array | Float32Array | BigInt64Array | Int32Array | Uint8Array

export interface Tensor {
  readonly dtype: TensorDtype
  readonly shape: readonly number[]
  /** `[product of shape]`, row-major: F16 as Float32Array, I64 as BigInt64Array. */
  readonly data: TensorData
}

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, Tensor>
  readonly metadata: ReadonlyMap<string, string>
}

const dtypes = {
  F64: { size: 8, read: (buffer: ArrayBuffer) => new Float64Array(buffer), array: Float64Array },
  F32: { size: 4, read: (buffer: ArrayBuffer) => new Float32Array(buffer), array: Float32Array },
  F16: {
    size: 2,
    read: (buffer: ArrayBuffer) => decodeFloat16(new Uint16Array(buffer)),
    array: Float32Array,
  },
  I64: { size: 8, read: (buffer: ArrayBuffer) => new BigInt64Array(buffer), array: BigInt64Array },
  I32: { size: 4, read: (buffer: ArrayBuffer) => new Int32Array(buffer), array: Int32Array },
  U8: { size: 1, read: (buffer: ArrayBuffer) => new Uint8Array(buffer), array: Uint8Array },
} as const

export type TensorDtype = keyof typeof dtypes

const lengthBytes = 8
/** The reference implementation's limit. */
const maxHeaderBytes = 100_000_000
const metadataName = '__metadata__'

interface TensorPlace {
  readonly name: string
  readonly dtype: TensorDtype
  readonly shape: readonly number[]
  /** Bytes relative to the end of the header. */
  readonly begin: number
  readonly end: number
}

function invalid(label: string, reason: string, cause?: unknown): DctpsError {
  return new DctpsError(
    'file',
    `${label} is not a valid safetensors file: ${reason}; use another copy of it`,
    {
      cause,
    },
  )
}

/**
 * Reads a file and checks all of it: sizes, offsets, and that the tensors fill the data without gap or overlap.
 * @param label the file's path, for messages
 * @throws DctpsError `file`
 */
export function readSafetensors(bytes: Uint8Array, label = 'the file'): Safetensors {
  const headerEnd = checkedHeaderEnd(bytes, label)
  const header = new Fields(parseHeader(bytes.subarray(lengthBytes, headerEnd), label), `${label}: header`)
  const metadata = new Map<string, string>()
  if (header.has(metadataName)) {
    const fields = header.object(metadataName)
    for (const name of fields.names()) metadata.set(name, fields.string(name))
  }
  const places = header
    .names()
    .filter((name) => name !== metadataName)
    .map((name) => readPlace(name, header.object(name)))
  checkPlaces(places, bytes.length - headerEnd, label)
  const tensors = new Map<string, Tensor>()
  for (const { name, dtype, shape, begin, end } of places) {
    // A copy, because the file's bytes need not be aligned and should not be kept alive.
    const { buffer } = new Uint8Array(bytes.subarray(headerEnd + begin, headerEnd + end))
    tensors.set(name, { dtype, shape, data: dtypes[dtype].read(buffer) })
  }
  return { tensors, metadata }
}

function checkedHeaderEnd(bytes: Uint8Array, label: string): number {
  if (bytes.length < lengthBytes) {
    throw invalid(label, `it has ${bytes.length} bytes, expected at least ${lengthBytes}`)
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset, lengthBytes).getBigUint64(0, true)
  if (length > maxHeaderBytes) {
    throw invalid(label, `its header should have ${length} bytes, the limit is ${maxHeaderBytes}`)
  }
  const end = lengthBytes + Number(length)
  if (end > bytes.length) {
    throw invalid(label, `its header should end at byte ${end}, the file has ${bytes.length} bytes`)
  }
  return end
}

function parseHeader(bytes: Uint8Array, label: string): unknown {
  if (bytes[0] !== 0x7b) throw invalid(label, "its header does not begin with '{'")
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw invalid(label, 'its header is not JSON', error)
  }
}

function isDtype(name: string): name is TensorDtype {
  return Object.hasOwn(dtypes, name)
}

function tensorBytes(dtype: TensorDtype, shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, dtypes[dtype].size)
}

function readPlace(name: string, fields: Fields): TensorPlace {
  const dtype = fields.string('dtype')
  if (!isDtype(dtype)) {
    throw new DctpsError(
      'file',
      `${fields.where}: element type ${dtype} is not supported; convert the tensor to one of ${Object.keys(dtypes).join(', ')}`,
    )
  }
  const shape = fields.list('shape', (size, where) => asInteger(size, where))
  const offsets = fields.list('data_offsets', (offset, where) => asInteger(offset, where))
  const [begin, end] = offsets
  const size = tensorBytes(dtype, shape)
  if (offsets.length !== 2 || begin === undefined || end === undefined || end - begin !== size) {
    throw new DctpsError(
      'file',
      `${fields.where}: ${dtype} [${shape.join(', ')}] takes ${size} bytes, but data_offsets is [${offsets.join(', ')}]; the file is damaged`,
    )
  }
  return { name, dtype, shape, begin, end }
}

/** Tensors must follow each other from the first to the last byte of the data. */
function checkPlaces(places: readonly TensorPlace[], dataBytes: number, label: string): void {
  let end = 0
  for (const place of places.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (place.begin !== end) {
      const problem = place.begin < end ? 'overlaps the tensor before it' : 'leaves a gap before it'
      throw invalid(
        label,
        `tensor ${place.name} ${problem}: it begins at byte ${place.begin}, expected ${end}`,
      )
    }
    end = place.end
  }
  if (end !== dataBytes) throw invalid(label, `its tensors take ${end} bytes, the file holds ${dataBytes}`)
}

/**
 * The bytes of a file with these tensors. Larger element types come first, so that all data is aligned.
 * @throws DctpsError `usage` when data, shape and dtype do not fit together, `file` for a value that F16 cannot hold
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array<ArrayBuffer> {
  const ordered = [...tensors].sort(([, a], [, b]) => dtypes[b.dtype].size - dtypes[a.dtype].size)
  const header = new Map<string, unknown>()
  if (metadata.size > 0) header.set(metadataName, Object.fromEntries(metadata))
  let end = 0
  const chunks = ordered.map(([name, tensor]) => {
    const chunk = tensorChunk(name, tensor)
    header.set(name, {
      dtype: tensor.dtype,
      shape: tensor.shape,
      data_offsets: [end, end + chunk.byteLength],
    })
    end += chunk.byteLength
    return chunk
  })
  const text = JSON.stringify(Object.fromEntries(header))
  const unpadded = new TextEncoder().encode(text)
  const headerBytes = Math.ceil(unpadded.length / 8) * 8
  const bytes = new Uint8Array(lengthBytes + headerBytes + end)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true)
  bytes.fill(0x20, lengthBytes, lengthBytes + headerBytes)
  bytes.set(unpadded, lengthBytes)
  let at = lengthBytes + headerBytes
  for (const chunk of chunks) {
    bytes.set(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength), at)
    at += chunk.byteLength
  }
  return bytes
}

function tensorChunk(name: string, { dtype, shape, data }: Tensor): TensorData | Uint16Array {
  const elements = shape.reduce((product, size) => product * size, 1)
  if (name === metadataName || !(data instanceof dtypes[dtype].array) || data.length !== elements) {
    throw new DctpsError(
      'usage',
      `tensor ${name}: ${dtype} [${shape.join(', ')}] needs ${elements} elements in a ${dtypes[dtype].array.name} (and another name than ${metadataName}), received ${data.length} in a ${data.constructor.name}`,
    )
  }
  return dtype === 'F16' && data instanceof Float32Array ? encodeFloat16(data, `tensor ${name}`) : data
}
