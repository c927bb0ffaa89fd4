import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { crc32c } from '#lab/log/crc32c'
import { EventFile } from '#lab/log/tensorboard'

interface Field {
  readonly number: number
  readonly value: number | Buffer
}

/** A protobuf message without its schema: every field in order. */
function parseMessage(bytes: Buffer): Field[] {
  const fields: Field[] = []
  let at = 0
  const varint = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return Number(value)
    }
  }
  const take = (length: number) => {
    const part = bytes.subarray(at, at + length)
    expect(part.length).toBe(length)
    at += length
    return part
  }
  while (at < bytes.length) {
    const key = varint()
    const number = key >> 3
    if ((key & 7) === 0) fields.push({ number, value: varint() })
    else if ((key & 7) === 1) fields.push({ number, value: take(8).readDoubleLE() })
    else if ((key & 7) === 5) fields.push({ number, value: take(4).readFloatLE() })
    else fields.push({ number, value: take(varint()) })
  }
  return fields
}

function unmask(masked: number): number {
  const rotated = (masked - 0xa282ead8) >>> 0
  return ((rotated >>> 17) | (rotated << 15)) >>> 0
}

/** The messages of a TFRecord file, with both checksums of each checked. */
function parseRecords(bytes: Buffer): Field[][] {
  const messages: Field[][] = []
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at))
    expect(crc32c(bytes.subarray(at, at + 8))).toBe(unmask(bytes.readUInt32LE(at + 8)))
    const data = bytes.subarray(at + 12, at + 12 + length)
    expect(crc32c(data)).toBe(unmask(bytes.readUInt32LE(at + 12 + length)))
    messages.push(parseMessage(data))
    at += 16 + length
  }
  return messages
}

const newFolder = () => mkdtemp(join(tmpdir(), 'events-'))

describe('a TensorBoard event file', () => {
  test('holds the version, then each scalar with wall time, step, tag and value', async () => {
    let now = 1_700_000_000.25
    const events = await EventFile.open(join(await newFolder(), 'made'), { wallTime: () => now })
    expect(basename(events.path)).toBe(`events.out.tfevents.1700000000.${hostname()}`)
    now += 1
    events.scalar('loss/träin', 0.5, 7)
    events.scalars(
      [
        { tag: 'a', value: -1.25 },
        { tag: 'b', value: Number.NaN },
      ],
      2 ** 40 + 3,
    )
    await events.close()
    const bytes = await readFile(events.path)
    expect([...bytes.subarray(0, 12)]).toEqual([24, 0, 0, 0, 0, 0, 0, 0, 0xa3, 0x7f, 0x4b, 0x22])
    const [version, first, second, ...rest] = parseRecords(bytes)
    expect(rest).toEqual([])
    expect(version).toEqual([
      { number: 1, value: 1_700_000_000.25 },
      { number: 3, value: Buffer.from('brain.Event:2') },
    ])
    expect(first!.slice(0, 2)).toEqual([
      { number: 1, value: 1_700_000_001.25 },
      { number: 2, value: 7 },
    ])
    expect(summaryOf(first!)).toEqual([{ tag: 'loss/träin', value: 0.5 }])
    expect(second![1]).toEqual({ number: 2, value: 2 ** 40 + 3 })
    expect(summaryOf(second!)).toEqual([
      { tag: 'a', value: -1.25 },
      { tag: 'b', value: Number.NaN },
    ])
  })

  test('is whole on the disk after every flush, without being closed', async () => {
    const events = await EventFile.open(await newFolder(), { wallTime: () => 10 })
    events.scalar('a', 1, 1)
    await events.flush()
    expect(parseRecords(await readFile(events.path))).toHaveLength(2)
    events.scalar('a', 2, 2)
    expect(parseRecords(await readFile(events.path))).toHaveLength(2)
    await events.flush()
    expect(parseRecords(await readFile(events.path))).toHaveLength(3)
    await events.close()
  })

  test('of a resumed run is a second file that marks the restart at its step', async () => {
    const folder = await newFolder()
    const before = await EventFile.open(folder, { wallTime: () => 10 })
    await before.close()
    const untouched = await readFile(before.path)
    const after = await EventFile.open(folder, { wallTime: () => 10, resumedAtStep: 300 })
    await after.close()
    expect(after.path).toBe(`${before.path}.1`)
    expect(await readFile(before.path)).toEqual(untouched)
    const session = parseRecords(await readFile(after.path))[1]!
    expect(session[1]).toEqual({ number: 2, value: 300 })
    expect(session[2]!.number).toBe(7)
    expect(parseMessage(asBytes(session[2]!))).toEqual([{ number: 1, value: 1 }])
  })

  test('refuses a step that is not a whole number, and a folder that is a file', async () => {
    const folder = await newFolder()
    const events = await EventFile.open(folder, { wallTime: () => 10 })
    expect(() => events.scalar('a', 1, -1)).toThrow(/whole number from 0, received -1/)
    await events.close()
    const file = join(folder, 'file')
    await writeFile(file, '')
    await expect(EventFile.open(file, { wallTime: () => 10 })).rejects.toMatchObject({ code: 'file' })
  })
})

function asBytes(field: Field): Buffer {
  if (typeof field.value === 'number') throw new Error(`field ${field.number} holds a number`)
  return field.value
}

function summaryOf(event: readonly Field[]): { tag: string; value: number | Buffer }[] {
  const summary = event.find((field) => field.number === 5)!
  return parseMessage(asBytes(summary)).map((field) => {
    const [tag, value] = parseMessage(asBytes(field))
    expect([field.number, tag!.number, value!.number]).toEqual([1, 1, 2])
    return { tag: asBytes(tag!).toString(), value: value!.value }
  })
}
