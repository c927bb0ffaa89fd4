// The container: its bytes against a file made by another program, and that no damage gets through.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DctpsError } from '#core/errors'
import { packContainer, unpackContainer } from '#core/file/container'
import { crc32 } from '#core/file/crc32'
import { Fields } from '#core/file/fields'
import { requireArray } from '#core/file/stored-array'

const content = {
  kind: 'model',
  header: { name: 'é' },
  arrays: {
    a: Uint8Array.of(7, 8, 9),
    b: Float32Array.of(1.5, -2),
    h: { float16: Float32Array.of(0.5, -65504) },
  },
} as const

// Written by a few lines of Python (struct, json, zlib) from docs/formats.md.
const fromPython = Uint8Array.from(
  Buffer.from(
    '4443545001010000700000004c0000007b22686561646572223a7b226e616d65223a22c3a9227d2c22617272617973223a5b5b2261222c227538222c335d2c5b2262222c22663332222c325d2c5b2268222c22663136222c325d5d7d070809000000c03f000000c00038fffb6eeefb6e',
    'hex',
  ),
)

/** A file whose envelope is right around any JSON text and data. */
function envelope(json: string, data = new Uint8Array(0), version = 1, kind = 1): Uint8Array {
  const text = new TextEncoder().encode(json)
  const bytes = new Uint8Array(16 + text.length + data.length + 4)
  const view = new DataView(bytes.buffer)
  bytes.set(new TextEncoder().encode('DCTP'))
  bytes.set([version, kind], 4)
  view.setUint32(8, bytes.length, true)
  view.setUint32(12, text.length, true)
  bytes.set(text, 16)
  bytes.set(data, 16 + text.length)
  view.setUint32(bytes.length - 4, crc32(bytes.subarray(0, -4)), true)
  return bytes
}

describe('a container', () => {
  test('has the documented bytes', () => {
    expect(packContainer(content)).toEqual(fromPython)
  })

  test('reads the documented bytes, also from an unaligned view, into arrays of its own', () => {
    const shifted = new Uint8Array(fromPython.length + 3)
    shifted.set(fromPython, 3)
    const { header, arrays } = unpackContainer(shifted.subarray(3), 'model', 'm.dctps')
    shifted.fill(0)
    expect(header).toEqual({ name: 'é' })
    expect([...arrays]).toEqual([
      ['a', Uint8Array.of(7, 8, 9)],
      ['b', Float32Array.of(1.5, -2)],
      ['h', Float32Array.of(0.5, -65504)],
    ])
  })

  test('returns any arrays bit by bit, and any JSON header', () => {
    const array = fc.oneof(
      fc.uint8Array(),
      fc.uint16Array(),
      fc.uint32Array(),
      fc.float32Array(),
      fc.float64Array(),
    )
    const header = fc.jsonValue()
    fc.assert(
      fc.property(fc.dictionary(fc.string(), array), header, fc.boolean(), (arrays, json, isModel) => {
        const kind = isModel ? 'model' : 'state'
        const asStored: unknown = JSON.parse(JSON.stringify(json))
        const bytes = packContainer({ kind, header: JSON.parse(JSON.stringify(json)), arrays })
        const unpacked = unpackContainer(bytes, kind, 'x')
        expect(unpacked.header).toEqual(asStored)
        expect(new Map(unpacked.arrays)).toEqual(new Map(Object.entries(arrays)))
      }),
    )
  })

  test('costs 20 bytes beyond its JSON and data', () => {
    const bytes = packContainer({ kind: 'state', header: {}, arrays: { w: new Uint8Array(100) } })
    expect(bytes.length).toBe(20 + '{"header":{},"arrays":[["w","u8",100]]}'.length + 100)
  })

  test('refuses header numbers that JSON would turn into null', () => {
    const header = { schedule: { rate: Number.NaN } }
    expect(() => packContainer({ kind: 'model', header, arrays: {} })).toThrow('header field rate is NaN')
  })
})

describe('damage', () => {
  const file = packContainer({
    kind: 'state',
    header: { epoch: 3, network: 'lenet5' },
    arrays: { w: Float32Array.of(1, 2, 3), support: Uint32Array.of(5, 9), m: Float64Array.of(0.1) },
  })
  const read = (bytes: Uint8Array) => unpackContainer(bytes, 'state', 'run/state.dctps')

  test('of any single byte, to any other value, is noticed', () => {
    expect(read(file).arrays.size).toBe(3)
    for (let i = 0; i < file.length; i++) {
      for (let change = 1; change < 256; change++) {
        const damaged = file.slice()
        damaged[i]! ^= change
        let received: unknown
        try {
          read(damaged)
        } catch (error) {
          received = error
        }
        if (!(received instanceof DctpsError && received.code === 'file')) {
          expect.fail(`byte ${i} xor ${change}: ${String(received)}`)
        }
      }
    }
  })

  test('by cutting at any length is noticed, and named', () => {
    for (let length = 0; length < file.length; length++) {
      expect(() => read(file.subarray(0, length))).toThrow(
        length === 0 ? 'is empty' : length < 4 ? 'is not a dctps file' : 'is damaged or incomplete',
      )
    }
  })

  test('by appending is noticed', () => {
    for (const extra of [[0], [0, 0, 0, 0], Array.from(file)]) {
      expect(() => read(Uint8Array.of(...file, ...extra))).toThrow(
        `run/state.dctps is damaged or incomplete: it has ${file.length + extra.length} bytes, expected ${file.length}`,
      )
    }
  })

  test('by swapping or zeroing stretches is noticed', () => {
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 32 }), (start, length) => {
        const damaged = file.slice().fill(0, start, start + length)
        fc.pre(damaged.some((byte, i) => byte !== file[i]))
        expect(() => read(damaged)).toThrow(DctpsError)
      }),
    )
  })
})

describe('other files', () => {
  test('of another program, kind or version are told apart', () => {
    const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
    expect(() => unpackContainer(png, 'model', 'cat.png')).toThrow(
      "cat.png is not a dctps file: it does not begin with 'DCTP'",
    )
    const state = packContainer({ ...content, kind: 'state' })
    expect(() => unpackContainer(state, 'model', 's')).toThrow('s is a run state, expected a model')
    expect(() => unpackContainer(fromPython, 'state', 'm')).toThrow('m is a model, expected a run state')
    const newer = envelope('{}', undefined, 2)
    expect(() => unpackContainer(newer, 'model', 'm')).toThrow(
      'm has format version 2, this program reads version 1; update dctps',
    )
    expect(() => unpackContainer(envelope('{}', undefined, 0), 'model', 'm')).toThrow(/no format version 0/)
    expect(() => unpackContainer(envelope('{}', undefined, 1, 9), 'model', 'm')).toThrow(/unknown kind 9/)
  })

  test.each([
    ['not JSON', '{"header":'],
    ['not an object', '[1]'],
    ['no directory', '{"header":{}}'],
    ['unknown element type', '{"header":{},"arrays":[["w","i4",1]]}'],
    ['unknown type by inheritance', '{"header":{},"arrays":[["w","toString",1]]}'],
    ['negative length', '{"header":{},"arrays":[["w","u8",-1]]}'],
    ['array beyond the file', '{"header":{},"arrays":[["w","u8",9]]}'],
    ['bytes of no array', '{"header":{},"arrays":[["w","u8",7]]}'],
    ['one name twice', '{"header":{},"arrays":[["w","u8",4],["w","u8",4]]}'],
    ['a directory entry that is no list', '{"header":{},"arrays":["w"]}'],
  ])('with a right checksum but %s are refused', (_, json) => {
    const error = (() => {
      try {
        unpackContainer(envelope(json, new Uint8Array(8)), 'model', 'm.dctps')
        return undefined
      } catch (caught) {
        return caught
      }
    })()
    expect(error).toBeInstanceOf(DctpsError)
    expect(String(error)).toContain('m.dctps')
  })

  test('with a header longer than the file are refused', () => {
    const bytes = envelope('{}')
    new DataView(bytes.buffer).setUint32(12, 1000, true)
    new DataView(bytes.buffer).setUint32(bytes.length - 4, crc32(bytes.subarray(0, -4)), true)
    expect(() => unpackContainer(bytes, 'model', 'm')).toThrow('its header is longer than the file')
  })
})

describe('requiring an array', () => {
  const arrays = new Map([['w', Float32Array.of(1, 2)]])

  test('returns it with its type', () => {
    const array: Float32Array = requireArray(arrays, 'w', Float32Array, 'm', 2)
    expect(array).toBe(arrays.get('w'))
  })

  test('names what is missing or does not fit', () => {
    expect(() => requireArray(arrays, 'v', Uint8Array, 'm')).toThrow(
      'm: array v should be a Uint8Array, received none',
    )
    expect(() => requireArray(arrays, 'w', Float32Array, 'm', 3)).toThrow(
      'm: array w should be a Float32Array [3], received Float32Array [2]',
    )
    expect(() => requireArray(arrays, 'w', Float64Array, 'm')).toThrow(/should be a Float64Array/)
  })
})

describe('header fields', () => {
  const fields = new Fields(
    { name: 'lenet5', classes: 10, mean: [0.5, 0.25], frozen: false, support: { rule: 'epl' } },
    'm.dctps: header',
  )

  test('are returned with their types', () => {
    expect(fields.string('name')).toBe('lenet5')
    expect(fields.integer('classes', 1)).toBe(10)
    expect(fields.list('mean', (value) => Number(value))).toEqual([0.5, 0.25])
    expect(fields.boolean('frozen')).toBe(false)
    expect(fields.object('support').oneOf('rule', ['epl', 'erk'])).toBe('epl')
    expect([fields.has('name'), fields.has('toString')]).toEqual([true, false])
    expect(fields.names()).toEqual(['name', 'classes', 'mean', 'frozen', 'support'])
  })

  test('name their path, what was expected and what was received', () => {
    const start = 'm.dctps: header'
    expect(() => fields.string('classes')).toThrow(`${start}.classes: expected a string, received 10`)
    expect(() => fields.number('missing')).toThrow(
      `${start}.missing: expected a finite number, received nothing`,
    )
    expect(() => fields.integer('classes', 0, 9)).toThrow('expected an integer from 0 to 9, received 10')
    expect(() => fields.list('mean', (v, where) => new Fields(v, where))).toThrow(
      `${start}.mean[0]: expected an object, received 0.5`,
    )
    expect(() => fields.object('support').oneOf('rule', ['erk'])).toThrow(
      `${start}.support.rule: expected one of erk, received "epl"`,
    )
    expect(() => fields.boolean('name')).toThrow('expected true or false, received "lenet5"')
    expect(() => fields.list('name', String)).toThrow('expected a list')
    expect(() => fields.string('toString')).toThrow('received nothing')
    expect(() => new Fields([], start)).toThrow(`${start}: expected an object, received []`)
  })
})
