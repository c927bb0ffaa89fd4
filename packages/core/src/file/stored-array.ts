// The arrays of a container: which typed arrays there are, under which element type they are stored, and how one is
// read back. Where they lie in a file is decided in `container.ts`.

import { DctpsError } from '../errors.js'
import { decodeFloat16, encodeFloat16 } from './float16.js'

export type TypedArray = Uint8Array | Uint16Array | Uint32Array | Float32Array | Float64Array

/** An array to be stored in half precision; it is read back as a Float32Array. */
export interface Float16Values {
  readonly float16: Float32Array
}

export const elementTypes = {
  u8: { size: 1, read: (buffer: ArrayBuffer) => new Uint8Array(buffer) },
  u16: { size: 2, read: (buffer: ArrayBuffer) => new Uint16Array(buffer) },
  u32: { size: 4, read: (buffer: ArrayBuffer) => new Uint32Array(buffer) },
  f16: { size: 2, read: (buffer: ArrayBuffer) => decodeFloat16(new Uint16Array(buffer)) },
  f32: { size: 4, read: (buffer: ArrayBuffer) => new Float32Array(buffer) },
  f64: { size: 8, read: (buffer: ArrayBuffer) => new Float64Array(buffer) },
} as const satisfies Record<string, { size: number; read: (buffer: ArrayBuffer) => TypedArray }>

export type ElementType = keyof typeof elementTypes

export interface StoredArray {
  readonly name: string
  readonly type: ElementType
  readonly data: TypedArray
}

/** @throws DctpsError `file` for a value that float16 cannot hold */
export function storedArray(name: string, array: TypedArray | Float16Values): StoredArray {
  if ('float16' in array) return { name, type: 'f16', data: encodeFloat16(array.float16, `array ${name}`) }
  if (array instanceof Float32Array) return { name, type: 'f32', data: array }
  if (array instanceof Float64Array) return { name, type: 'f64', data: array }
  if (array instanceof Uint32Array) return { name, type: 'u32', data: array }
  if (array instanceof Uint16Array) return { name, type: 'u16', data: array }
  return { name, type: 'u8', data: array }
}

/** Where an array of a type starts that follows byte `end`: aligned to its elements. */
export function alignedStart(end: number, type: ElementType): number {
  const { size } = elementTypes[type]
  return Math.ceil(end / size) * size
}

export function isElementType(name: string): name is ElementType {
  return Object.hasOwn(elementTypes, name)
}

/**
 * One array of a container.
 * @param type the expected typed array, e.g. `Float32Array` (also for float16)
 * @param label the file's path, for messages
 * @param length the expected length, where it is known
 * @throws DctpsError `file` when the array is missing or does not fit
 */
export function requireArray<T extends TypedArray>(
  arrays: ReadonlyMap<string, TypedArray>,
  name: string,
  type: abstract new (...parameters: never[]) => T,
  label: string,
  length?: number,
): T {
  const array = arrays.get(name)
  if (!(array instanceof type) || (length !== undefined && array.length !== length)) {
    const expected = length === undefined ? type.name : `${type.name} [${length}]`
    const received = array === undefined ? 'none' : `${array.constructor.name} [${array.length}]`
    throw new DctpsError(
      'file',
      `${label}: array ${name} should be a ${expected}, received ${received}; the file does not belong to this network or is damaged`,
    )
  }
  return array
}
