import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DctpsError } from 'dctps/internal/errors'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { openDataset, parseDatasetSpec, type ReadOptions } from '#lab/data/index'
import {
  expectDataError,
  flatJpeg,
  noise,
  planes,
  png,
  temporaryFolder,
  writeArchive,
  writeTree,
} from './sources.js'

const root = await temporaryFolder()
const open = (path: string, options: ReadOptions = {}) =>
  openDataset(parseDatasetSpec(path), { ...options, cacheFolder: null })

type Contents = Record<string, Uint8Array | string>

const H = 3
const W = 4
const rgb = (seed: number) => noise(H * W * 3, seed)
const grey = (seed: number) => noise(H * W, seed)
const rgbPng = (seed: number) => png(H, W, 3, rgb(seed))
const greyPng = (seed: number) => png(H, W, 1, grey(seed))

async function split(): Promise<Record<string, Uint8Array>> {
  return {
    'train/dog/b.png': await rgbPng(2),
    'train/dog/a.png': await rgbPng(1),
    'train/cat/z.png': await rgbPng(0),
    'test/cat/0.png': await rgbPng(3),
    'test/dog/0.png': await rgbPng(4),
  }
}

describe('image folders', () => {
  test('with train and test are read in sorted order, on disk and from archives, wrapped or not', async () => {
    const files = await split()
    const wrapped = Object.fromEntries(
      Object.entries(files).map(([path, bytes]) => [`./pets/${path}`, bytes]),
    )
    const sources = [
      await writeTree(root, 'pets', { ...files, 'README.md': 'pets', 'train/dog/.DS_Store': 'x' }),
      await writeTree(root, 'wrapper', wrapped),
      await writeArchive(join(root, 'pets.tar'), files),
      await writeArchive(join(root, 'pets.tar.gz'), wrapped),
    ]
    for (const source of sources) {
      const { train, test } = await open(source)
      expect(train.classes).toEqual(['cat', 'dog'])
      expect(train.shape).toEqual({ channels: 3, height: H, width: W })
      expect([...train.labels]).toEqual([0, 1, 1])
      expect([...train.pixels]).toEqual([0, 1, 2].flatMap((seed) => [...planes(rgb(seed))]))
      expect([...test!.labels]).toEqual([0, 1])
      expect([...test!.pixels]).toEqual([3, 4].flatMap((seed) => [...planes(rgb(seed))]))
    }
  })

  test('without train and test give training images only', async () => {
    const folder = await writeTree(root, 'flat', { 'b/1.png': await greyPng(1), 'a/1.png': await greyPng(2) })
    const { train, test } = await open(folder)
    expect(train.classes).toEqual(['a', 'b'])
    expect(test).toBeNull()
    expect([...train.pixels]).toEqual([...grey(2), ...grey(1)])
  })

  test('are grey when no pixel has a colour, even in files of three channels', async () => {
    const three = [...grey(1)].flatMap((v) => [v, v, v])
    const folder = await writeTree(root, 'grey', {
      'a/1.png': await png(H, W, 3, three),
      'a/2.png': await greyPng(2),
    })
    const { train } = await open(folder)
    expect(train.shape.channels).toBe(1)
    expect([...train.pixels]).toEqual([...grey(1), ...grey(2)])
  })

  test('have three channels when any image has a colour, grey ones are then repeated', async () => {
    const folder = await writeTree(root, 'mixed', {
      'a/1.png': await greyPng(1),
      'a/2.png': await rgbPng(2),
      'a/3.png': await greyPng(3),
    })
    const { train } = await open(folder)
    const repeated = (seed: number) => [...grey(seed), ...grey(seed), ...grey(seed)]
    expect([...train.pixels]).toEqual([...repeated(1), ...planes(rgb(2)), ...repeated(3)])
  })

  test('take JPEG, transparent and 16-bit PNG, and turned photographs', async () => {
    const turned = await sharp(Uint8Array.from([255, 0, 0, 0, 0, 255]), {
      raw: { height: 1, width: 2, channels: 3 },
    })
      .png()
      .withMetadata({ orientation: 6 })
      .toBuffer()
    const folder = await writeTree(root, 'kinds', {
      'a/1.jpg': await flatJpeg(2, 1, [200, 100, 50]),
      'a/2.png': await png(2, 1, 4, [10, 20, 30, 255, 10, 20, 30, 0]),
      'a/3.png': await sharp(Uint8Array.from([0, 255]), { raw: { height: 2, width: 1, channels: 1 } })
        .toColourspace('grey16')
        .png()
        .toBuffer(),
      'a/4.png': turned,
    })
    const { train } = await open(folder)
    const image = (i: number) => [...train.pixels.subarray(6 * i, 6 * i + 6)]
    const flat = [200, 200, 100, 100, 50, 50]
    image(0).forEach((value, i) => {
      expect(Math.abs(value - flat[i]!)).toBeLessThanOrEqual(2)
    })
    expect(image(1)).toEqual([10, 0, 20, 0, 30, 0])
    expect(image(2)).toEqual([0, 255, 0, 255, 0, 255])
    // orientation 6: the left pixel is the upper one
    expect(image(3)).toEqual([255, 0, 0, 0, 0, 255])
  })

  test('of different sizes name the first other one, and are read when a size is given', async () => {
    const folder = await writeTree(root, 'sizes', {
      'a/1.png': await png(2, 2, 3, new Array(12).fill(90)),
      'a/2.png': await png(2, 4, 3, new Array(24).fill(90)),
      'a/3.png': await png(9, 9, 3, new Array(243).fill(90)),
    })
    await expectDataError(open(folder), /2\.png is 2x4.*1\.png is 2x2.*--size/)
    const filled = await open(folder, { size: { height: 4, width: 4 } })
    expect(new Set(filled.train.pixels)).toEqual(new Set([90]))
    const padded = await open(folder, { size: { height: 4, width: 4 }, fit: 'pad' })
    const wide = [...padded.train.pixels.subarray(16, 32)]
    expect(wide).toEqual([0, 0, 0, 0, 90, 90, 90, 90, 90, 90, 90, 90, 0, 0, 0, 0])
  })

  test('report progress to the last image and stop at a signal', async () => {
    const files = Object.fromEntries(
      await Promise.all(Array.from({ length: 40 }, async (_, i) => [`a/${i}.png`, await greyPng(i)])),
    )
    for (const path of [
      await writeTree(root, 'forty', files),
      await writeArchive(join(root, 'forty.tar.gz'), files),
    ]) {
      const seen: string[] = []
      await open(path, { onProgress: (done, total) => seen.push(`${done}/${total}`) })
      expect(seen).toEqual(Array.from({ length: 40 }, (_, i) => `${i + 1}/40`))
      const stop = new AbortController()
      let last = 0
      const onProgress = (done: number) => {
        last = done
        if (done === 3) stop.abort()
      }
      const error = await open(path, { onProgress, signal: stop.signal }).catch((reason: unknown) => reason)
      expect(error instanceof DctpsError && error.code).toBe('cancelled')
      expect(last).toBe(3)
    }
  })

  test('stopped at any moment end as cancelled, or whole if they were quicker', async () => {
    const files = Object.fromEntries(
      await Promise.all(Array.from({ length: 30 }, async (_, i) => [`a/${i}.png`, await greyPng(i)])),
    )
    const paths = [await writeTree(root, 'stop', files), await writeArchive(join(root, 'stop.tar.gz'), files)]
    for (let run = 0; run < 40; run++) {
      const signal = AbortSignal.timeout(run % 20)
      const outcome = await open(paths[run % 2]!, { signal }).catch((reason: unknown) => reason)
      if (outcome instanceof Error) expect(outcome).toMatchObject({ name: 'DctpsError', code: 'cancelled' })
      else expect(outcome).toHaveProperty('train.labels.length', 30)
    }
  })
})

describe('bad image folders', () => {
  test.each<[string, (files: Contents) => unknown, RegExp]>([
    [
      'a class without images',
      (f) => Object.assign(f, { 'train/emu/': '', 'test/emu/1.png': f['test/cat/0.png'] }),
      /class folder .*train\/emu has no images/,
    ],
    [
      'a class only in train',
      (f) => Object.assign(f, { 'train/emu/1.png': f['test/cat/0.png']! }),
      /different classes \(only in train: emu\)/,
    ],
    [
      'a class only in test',
      (f) => Object.assign(f, { 'test/emu/1.png': f['test/cat/0.png']! }),
      /only in test: emu/,
    ],
    [
      'a text file',
      (f) => Object.assign(f, { 'train/cat/notes.txt': 'cats' }),
      /train\/cat\/notes\.txt is not a JPEG or PNG/,
    ],
    ['an empty image', (f) => Object.assign(f, { 'test/dog/1.png': '' }), /test\/dog\/1\.png is empty/],
    [
      'half an image',
      (f) => Object.assign(f, { 'train/dog/c.png': half(f['train/dog/a.png']) }),
      /train\/dog\/c\.png does not decode/,
    ],
    ['test alone', (f) => removeAll(f, 'train/'), /folder test but none named train/],
    [
      'an empty train folder',
      (f) => Object.assign(removeAll(f, 'train/'), { 'train/': '' }),
      /train has no class folders/,
    ],
    ['no folders', (f) => Object.assign(removeAll(f, ''), { 'notes.txt': '' }), /has no class folders/],
  ])('with %s are refused, on disk and in an archive', async (_, damage, message) => {
    const files: Contents = await split()
    damage(files)
    await expectDataError(open(await writeTree(root, 'bad', files)), message)
    await expectDataError(open(await writeArchive(join(root, 'bad.tar'), files)), message)
  })

  test('a truncated JPEG is refused, not half grey', async () => {
    const whole = await sharp(noise(64 * 64 * 3, 1), { raw: { height: 64, width: 64, channels: 3 } })
      .jpeg()
      .toBuffer()
    const folder = await writeTree(root, 'jpeg', { 'a/1.jpg': whole })
    await open(folder)
    for (const part of [0.1, 0.5, 0.9, 0.99]) {
      await writeFile(join(folder, 'a/1.jpg'), whole.subarray(0, Math.floor(whole.length * part)))
      await expectDataError(open(folder), /a\/1\.jpg does not decode/)
    }
  })

  test('folders beside train and test are named in a warning', async () => {
    const folder = await writeTree(root, 'val', { ...(await split()), 'val/cat/1.png': await rgbPng(9) })
    const warnings: string[] = []
    await open(folder, { onWarning: (message) => warnings.push(message) })
    expect(warnings).toEqual([expect.stringMatching(/only train and test are read, not val/)])
  })
})

function half(bytes: Uint8Array | string | undefined): Uint8Array {
  const whole = Buffer.from(bytes ?? '')
  return whole.subarray(0, whole.length / 2)
}

function removeAll(files: Contents, prefix: string): Contents {
  for (const path of Object.keys(files)) if (path.startsWith(prefix)) delete files[path]
  return files
}
