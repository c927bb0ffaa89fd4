// Emitted transforms as bytes, for stores that keep them between processes, and the name of what one was emitted for.
// Where the bytes are kept is the store's.

import type { AnyTransformRequest } from '../program/transform-cache.js'
import type { EmittedTransform } from '../transform/index.js'
import { packContainer, unpackContainer } from './container.js'
import { Fields } from './fields.js'
import { requireArray } from './stored-array.js'

/** Everything that a transform depends on as text: the same for equal requests, different for different ones. */
export function requestText(request: AnyTransformRequest): string {
  const fields = Object.entries(request).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify(fields, (_, value: unknown) => (value instanceof Int32Array ? [...value] : value))
}

export function encodeTransform(emitted: EmittedTransform): Uint8Array<ArrayBuffer> {
  const { bytes, scratchBytes, scales, constants, flops, instructions } = emitted
  return packContainer({
    kind: 'transform',
    header: { scratchBytes, flops, instructions },
    arrays: { bytes, scales, constants },
  })
}

/**
 * @param label the file's path, for messages
 * @throws DctpsError `file` when the bytes are not those of an undamaged transform
 */
export function decodeTransform(bytes: Uint8Array, label: string): EmittedTransform {
  const { header, arrays } = unpackContainer(bytes, 'transform', label)
  const fields = new Fields(header, `${label}: header`)
  return {
    bytes: requireArray(arrays, 'bytes', Uint8Array, label),
    scratchBytes: fields.integer('scratchBytes'),
    scales: requireArray(arrays, 'scales', Float64Array, label),
    constants: requireArray(arrays, 'constants', Float32Array, label),
    flops: fields.integer('flops'),
    instructions: fields.integer('instructions'),
  }
}
