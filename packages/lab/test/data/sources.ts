// Writes small data sets of every layout, byte by byte from the formats' definitions, for the tests of the readers.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { deflateRawSync, gzipSync } from 'node:zlib'
import { DctpsError } from 'dctps/internal/errors'
import { crc32 } from 'dctps/internal/file/crc32'
import sharp from 'sharp'
import { pack } from 'tar-stream'
import { afterAll, expect } from 'vitest'

/** Relative path to contents. */
export type Files = Readonly<Record<string, Uint8Array | string>>

/** A folder that is removed after the test file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dctps-data-'))
  afterAll(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Writes files below a new folder of that name; a path that ends in `/` is an empty folder. */
export async function writeTree(root: string, name: string, files: Files): Promise<string> {
  const folder = join(root, name)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  for (const [path, contents] of Object.entries(files)) {
    const target = join(folder, path)
    await mkdir(path.endsWith('/') ? target : dirname(target), { recursive: true })
    if (!path.endsWith('/')) await writeFile(target, contents)
  }
  return folder
}

export async function tarBytes(files: Files): Promise<Uint8Array> {
  const archive = pack()
  for (const [path, contents] of Object.entries(files)) {
    if (path.endsWith('/')) archive.entry({ name: path, type: 'directory' })
    else archive.entry({ name: path }, Buffer.from(contents))
  }
  archive.finalize()
  return buffer(archive)
}

/**
 * A zip by its definition (PKWARE APPNOTE 4.3): local headers with contents, directory, end record.
 * @param method 8 deflates, 0 stores; any other is only named, and contents are stored
 */
export function zipBytes(files: Files, method = 8): Uint8Array {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [path, contents] of Object.entries(files)) {
    const name = Buffer.from(path)
    const plain = Buffer.from(contents)
    const packed = method === 8 ? deflateRawSync(plain) : plain
    // version, flags, method, time and date, CRC-32, sizes, length of the name, nothing extra
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(method, 4)
    common.writeUInt32LE(crc32(plain), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(plain.length, 18)
    common.writeUInt16LE(name.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, name, packed])
    const place = Buffer.alloc(14)
    place.writeUInt32LE(offset, 10)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\0'), common, place, name]))
    locals.push(local)
    offset += local.length
  }
  const listing = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06')
  end.writeUInt16LE(directory.length, 8)
  end.writeUInt16LE(directory.length, 10)
  end.writeUInt32LE(listing.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, listing, end])
}

export async function writeArchive(path: string, files: Files): Promise<string> {
  if (path.endsWith('.zip')) {
    await writeFile(path, zipBytes(files))
    return path
  }
  const tar = await tarBytes(files)
  await writeFile(path, path.endsWith('gz') ? gzipSync(tar) : tar)
  return path
}

/** An IDX file of unsigned bytes. */
export function idxBytes(dimensions: readonly number[], values: ArrayLike<number>): Uint8Array {
  const header = Buffer.alloc(4 + 4 * dimensions.length)
  header.writeUInt8(8, 2)
  header.writeUInt8(dimensions.length, 3)
  dimensions.forEach((size, i) => {
    header.writeUInt32BE(size, 4 + 4 * i)
  })
  return Buffer.concat([header, Uint8Array.from(values)])
}

/** Numbers that look random and depend on the seed alone. */
export function noise(length: number, seed: number): Uint8Array {
  let state = (seed * 2654435761 + 12345) >>> 0
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 24
  })
}

/** Four standard files: 6 training and 3 test images of 4 x 5 pixels, 3 classes. */
export function idxFiles(): {
  files: Record<string, Uint8Array>
  trainPixels: Uint8Array
  testPixels: Uint8Array
} {
  const trainPixels = noise(6 * 20, 1)
  const testPixels = noise(3 * 20, 2)
  const files = {
    'train-images-idx3-ubyte': idxBytes([6, 4, 5], trainPixels),
    'train-labels-idx1-ubyte': idxBytes([6], [0, 1, 2, 2, 1, 0]),
    't10k-images-idx3-ubyte': idxBytes([3, 4, 5], testPixels),
    't10k-labels-idx1-ubyte': idxBytes([3], [2, 0, 1]),
  }
  return { files, trainPixels, testPixels }
}

/** A PNG of interleaved pixels: 1 (grey), 3 (RGB) or 4 (RGB and alpha) values a pixel. */
export function png(
  height: number,
  width: number,
  channels: 1 | 3 | 4,
  values: ArrayLike<number>,
): Promise<Buffer> {
  const image = sharp(Uint8Array.from(values), { raw: { height, width, channels } })
  return (channels === 1 ? image.toColourspace('b-w') : image).png().toBuffer()
}

/** One flat colour, which JPEG keeps to within rounding. */
export function flatJpeg(
  height: number,
  width: number,
  rgb: readonly [number, number, number],
): Promise<Buffer> {
  const [r, g, b] = rgb
  return sharp({ create: { height, width, channels: 3, background: { r, g, b } } })
    .jpeg({ quality: 100 })
    .toBuffer()
}

/** `[height][width][3]` as `[3][height][width]`. */
export function planes(interleaved: Uint8Array): Uint8Array {
  const plane = interleaved.length / 3
  return Uint8Array.from(
    { length: interleaved.length },
    (_, i) => interleaved[(i % plane) * 3 + Math.floor(i / plane)]!,
  )
}

/** Expects an error of the data whose one line matches every pattern. */
export async function expectDataError(work: Promise<unknown>, ...patterns: readonly RegExp[]): Promise<void> {
  const error = await work.then(
    () => expect.fail('expected an error'),
    (reason: unknown) => reason,
  )
  if (!(error instanceof DctpsError)) throw error
  expect(error.code).toBe('data')
  expect(error.message).not.toContain('\n')
  for (const pattern of patterns) expect(error.message).toMatch(pattern)
}
