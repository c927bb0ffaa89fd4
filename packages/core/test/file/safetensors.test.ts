// safetensors: bytes by hand, the project's PyTorch fixtures, and files that do not fit.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DctpsError } from '#core/errors'
import { readSafetensors, type Tensor, writeSafetensors } from '#core/file/safetensors'

/** A file from a header (an object, or its text) and data bytes. */
function file(header: unknown, data: readonly number[] = []): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + text.length + data.length)
  bytes[0] = text.length & 255
  bytes[1] = text.length >> 8
  bytes.set(text, 8)
  bytes.set(data, 8 + text.length)
  return bytes
}

const entry = (dtype: string, shape: unknown, begin: unknown, end: unknown) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
})

describe('reading', () => {
  test('returns every element type, shape and the metadata from bytes set by hand', () => {
    const header = {
      __metadata__: { arch: 'lenet5' },
      f32: entry('F32', [1, 2], 0, 8),
      u8: entry('U8', [3], 8, 11),
      f16: entry('F16', [2], 11, 15),
      i32: entry('I32', [], 15, 19),
      i64: entry('I64', [1], 19, 27),
      f64: entry('F64', [1], 27, 35),
      none: entry('F32', [0, 4], 35, 35),
    }
    const data = [
      ...[0x00, 0x00, 0xc0, 0x3f, 0x00, 0x00, 0x00, 0xc0], // 1.5, -2
      ...[1, 2, 255],
      ...[0x00, 0x3c, 0x00, 0xb8], // 1, -0.5
      ...[0xfe, 0xff, 0xff, 0xff], // -2
      ...[0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00], // 2^40
      ...[0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xe0, 0x3f], // 0.5
    ]
    const { tensors, metadata } = readSafetensors(file(header, data))
    expect([...metadata]).toEqual([['arch', 'lenet5']])
    expect(new Map(tensors)).toEqual(
      new Map<string, Tensor>([
        ['f32', { dtype: 'F32', shape: [1, 2], data: Float32Array.of(1.5, -2) }],
        ['u8', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 255) }],
        ['f16', { dtype: 'F16', shape: [2], data: Float32Array.of(1, -0.5) }],
        ['i32', { dtype: 'I32', shape: [], data: Int32Array.of(-2) }],
        ['i64', { dtype: 'I64', shape: [1], data: BigInt64Array.of(2n ** 40n) }],
        ['f64', { dtype: 'F64', shape: [1], data: Float64Array.of(0.5) }],
        ['none', { dtype: 'F32', shape: [0, 4], data: new Float32Array(0) }],
      ]),
    )
  })

  const data = [1, 2, 3, 4, 5, 6, 7, 8]
  const cases: [string, Uint8Array, RegExp][] = [
    ['too short', Uint8Array.of(1, 0, 0), /it has 3 bytes, expected at least 8/],
    ['a header beyond the file', Uint8Array.of(200, 0, 0, 0, 0, 0, 0, 0, 0x7b), /should end at byte 208/],
    ['a header beyond the limit', new Uint8Array(64).fill(255), /the limit is 100000000/],
    ['a header that is no object', file('[1,2]'), /does not begin with '{'/],
    ['a header that is no JSON', file('{"a":'), /its header is not JSON/],
    ['an element type we lack', file({ w: entry('BF16', [4], 0, 8) }, data), /BF16 is not supported/],
    ['an inherited name as type', file({ w: entry('valueOf', [4], 0, 8) }, data), /valueOf is not supported/],
    ['a shape that takes other bytes', file({ w: entry('F32', [3], 0, 8) }, data), /takes 12 bytes/],
    ['a negative size', file({ w: entry('F32', [-2], 0, 8) }, data), /shape\[0\]: expected an integer/],
    [
      'a huge size',
      file({ w: entry('F32', [2 ** 53 - 1, 2 ** 52, 0.5], 0, 8) }, data),
      /expected an integer/,
    ],
    ['an offset that is no number', file({ w: entry('U8', [8], 0, '8') }, data), /data_offsets\[1\]/],
    ['tensors beyond the file', file({ w: entry('U8', [9], 0, 9) }, data), /take 9 bytes, the file holds 8/],
    ['data of no tensor', file({ w: entry('U8', [7], 0, 7) }, data), /take 7 bytes, the file holds 8/],
    ['a gap', file({ a: entry('U8', [4], 0, 4), b: entry('U8', [3], 5, 8) }, data), /tensor b leaves a gap/],
    ['an overlap', file({ a: entry('U8', [5], 0, 5), b: entry('U8', [4], 4, 8) }, data), /tensor b overlaps/],
    [
      'metadata that is no text',
      file({ __metadata__: { epoch: 3 } }),
      /__metadata__.epoch: expected a string/,
    ],
  ]
  test.each(cases)('refuses %s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes, 'w.safetensors')).toThrow(message)
    expect(() => readSafetensors(bytes, 'w.safetensors')).toThrow(/w\.safetensors/)
    expect(() => readSafetensors(bytes)).toThrow(DctpsError)
  })

  test('of damaged bytes either fails with a DctpsError or returns tensors that fit their shapes', () => {
    const good = file({ a: entry('F32', [2], 0, 8), b: entry('U8', [3], 8, 11) }, [...data, 1, 2, 3])
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = good.slice()
        damaged[at]! ^= change
        try {
          for (const { shape, data } of readSafetensors(damaged).tensors.values()) {
            expect(data.length).toBe(shape.reduce((a, b) => a * b, 1))
          }
        } catch (error) {
          expect(error).toBeInstanceOf(DctpsError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('writing', () => {
  test('gives the bytes of the format: padded header, larger element types first', () => {
    const bytes = writeSafetensors(
      new Map<string, Tensor>([
        ['b', { dtype: 'U8', shape: [1], data: Uint8Array.of(7) }],
        ['h', { dtype: 'F16', shape: [1], data: Float32Array.of(-2) }],
        ['w', { dtype: 'F32', shape: [1, 1], data: Float32Array.of(1) }],
      ]),
      new Map([['format', 'pt']]),
    )
    const header =
      '{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"h":{"dtype":"F16","shape":[1],"data_offsets":[4,6]},"b":{"dtype":"U8","shape":[1],"data_offsets":[6,7]}}'
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8)
    expect(Array.from(bytes)).toEqual([...file(padded), ...[0, 0, 0x80, 0x3f], ...[0x00, 0xc0], 7])
  })

  test('comes back when read', () => {
    const tensor = fc.oneof(
      fc.float32Array().map((data): Tensor => ({ dtype: 'F32', shape: [data.length], data })),
      fc.float64Array().map((data): Tensor => ({ dtype: 'F64', shape: [1, data.length], data })),
      fc.int32Array().map((data): Tensor => ({ dtype: 'I32', shape: [data.length, 1], data })),
      fc.uint8Array().map((data): Tensor => ({ dtype: 'U8', shape: [data.length], data })),
      fc.bigInt64Array().map((data): Tensor => ({ dtype: 'I64', shape: [data.length], data })),
    )
    const names = fc.string().filter((name) => name !== '__metadata__')
    fc.assert(
      fc.property(
        fc.dictionary(names, tensor),
        fc.dictionary(fc.string(), fc.string()),
        (record, metadata) => {
          const tensors = new Map(Object.entries(record))
          const read = readSafetensors(writeSafetensors(tensors, new Map(Object.entries(metadata))))
          expect(new Map(read.tensors)).toEqual(tensors)
          expect(new Map(read.metadata)).toEqual(new Map(Object.entries(metadata)))
        },
      ),
    )
  })

  test('refuses data that does not fit its shape or type, and the reserved name', () => {
    const write = (name: string, tensor: Tensor) => () => writeSafetensors(new Map([[name, tensor]]))
    const data = new Float32Array(3)
    expect(write('w', { dtype: 'F32', shape: [2, 2], data })).toThrow(
      'tensor w: F32 [2, 2] needs 4 elements in a Float32Array',
    )
    expect(write('w', { dtype: 'I32', shape: [3], data })).toThrow('received 3 in a Float32Array')
    expect(write('__metadata__', { dtype: 'F32', shape: [3], data })).toThrow(/another name/)
  })
})

const reference =
  process.env.DCTPS_REFERENCE ?? path.resolve(import.meta.dirname, '../../../../../shared/reference')

describe.skipIf(!existsSync(reference))(`PyTorch fixtures in ${reference}`, () => {
  const names = existsSync(reference) ? readdirSync(reference).filter((n) => n.endsWith('.safetensors')) : []

  test('are there', () => expect(names.length).toBeGreaterThan(0))

  test.each(names)('%s is read completely, and written again with the same content', (name) => {
    const read = readSafetensors(readFileSync(path.join(reference, name)), name)
    expect(read.tensors.size).toBeGreaterThan(0)
    for (const [, { data }] of read.tensors) {
      if (data instanceof Float32Array) expect(data.every(Number.isFinite)).toBe(true)
    }
    const again = readSafetensors(writeSafetensors(read.tensors, read.metadata))
    expect(again.metadata).toEqual(read.metadata)
    expect(new Map(again.tensors)).toEqual(new Map(read.tensors))
  })
})
