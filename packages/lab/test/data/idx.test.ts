import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseIdx } from '#lab/data/idx'
import { openDataset, parseDatasetSpec } from '#lab/data/index'
import {
  expectDataError,
  idxBytes,
  idxFiles,
  noise,
  temporaryFolder,
  writeArchive,
  writeTree,
} from './sources.js'

const root = await temporaryFolder()
const open = (path: string) => openDataset(parseDatasetSpec(path), { cacheFolder: null })

describe('IDX files', () => {
  const { files, trainPixels, testPixels } = idxFiles()

  async function expectWhole(path: string): Promise<void> {
    const { train, test } = await open(path)
    expect(train.shape).toEqual({ channels: 1, height: 4, width: 5 })
    expect([...train.pixels]).toEqual([...trainPixels])
    expect([...train.labels]).toEqual([0, 1, 2, 2, 1, 0])
    expect(train.classes).toEqual(['0', '1', '2'])
    expect([...test!.pixels]).toEqual([...testPixels])
    expect([...test!.labels]).toEqual([2, 0, 1])
  }

  test('are read plain, gzipped, gzipped without saying so, with dotted names and from an archive', async () => {
    await expectWhole(await writeTree(root, 'plain', files))
    const entries = Object.entries(files)
    const gz = Object.fromEntries(entries.map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)]))
    await expectWhole(await writeTree(root, 'gz', gz))
    const hidden = Object.fromEntries(entries.map(([name, bytes]) => [name, gzipSync(bytes)]))
    await expectWhole(await writeTree(root, 'hidden', hidden))
    const dotted = Object.fromEntries(entries.map(([name, bytes]) => [name.replace('-idx', '.idx'), bytes]))
    await expectWhole(await writeTree(root, 'dotted', dotted))
    const wrapped = Object.fromEntries(Object.entries(gz).map(([name, bytes]) => [`mnist/${name}`, bytes]))
    await expectWhole(await writeArchive(join(root, 'idx.tar.gz'), wrapped))
  })

  test('without test files give no test set', async () => {
    const folder = await writeTree(root, 'train-only', files)
    await rm(join(folder, 't10k-images-idx3-ubyte'))
    await expectDataError(open(folder), /t10k-images-idx3-ubyte.* is missing/)
    await rm(join(folder, 't10k-labels-idx1-ubyte'))
    expect((await open(folder)).test).toBeNull()
  })

  test.each([
    ['an empty file', 'train-images-idx3-ubyte', new Uint8Array(0), /train-images-idx3-ubyte is empty/],
    [
      'a flipped magic byte',
      'train-images-idx3-ubyte',
      flipped(files['train-images-idx3-ubyte']!, 2),
      /magic/,
    ],
    ['labels in place of images', 't10k-images-idx3-ubyte', idxBytes([3], [0, 1, 2]), /3 dimensions/],
    ['a byte too many', 't10k-labels-idx1-ubyte', idxBytes([3], [0, 1, 2, 0]), /12 bytes.* describes 11/],
    [
      'fewer labels than images',
      'train-labels-idx1-ubyte',
      idxBytes([5], [0, 1, 2, 0, 1]),
      /5 labels.* 6 images/,
    ],
    [
      'a test label without a class',
      't10k-labels-idx1-ubyte',
      idxBytes([3], [0, 3, 1]),
      /image 1 has label 3.* 3 classes/,
    ],
    ['no images', 'train-images-idx3-ubyte', idxBytes([0, 4, 5], []), /no pixels/],
  ])('with %s are refused with the name of the file', async (_, name, bytes, message) => {
    const folder = await writeTree(root, 'bad', { ...files, [name]: bytes })
    await expectDataError(open(folder), message, new RegExp(name))
  })

  test('cut at any length are refused, plain and gzipped', async () => {
    const folder = await writeTree(root, 'cut', files)
    for (const [name, whole] of Object.entries(files)) {
      for (const [suffix, bytes] of [['', whole] as const, ['.gz', gzipSync(whole)] as const]) {
        await rm(join(folder, name))
        const path = join(folder, name + suffix)
        await fc.assert(
          fc.asyncProperty(fc.integer({ min: 0, max: bytes.length - 1 }), async (length) => {
            await writeFile(path, bytes.subarray(0, length))
            await expectDataError(open(folder), new RegExp(name))
          }),
          { numRuns: 25 },
        )
        await rm(path)
        await writeFile(join(folder, name), whole)
      }
    }
  })

  test('of any size are parsed to what was written', () => {
    const sides = fc.integer({ min: 1, max: 9 })
    fc.assert(
      fc.property(sides, sides, sides, fc.nat(), (images, height, width, seed) => {
        const values = noise(images * height * width, seed)
        const parsed = parseIdx(idxBytes([images, height, width], values), 3, 'here')
        expect(parsed.dimensions).toEqual([images, height, width])
        expect([...parsed.values]).toEqual([...values])
      }),
    )
  })
})

describe('the embedded data set', () => {
  test('has the images, labels and class names of Fashion-MNIST', async () => {
    const { train, test } = await open('fashion-mnist-12k')
    expect(train.name).toBe('fashion-mnist-12k')
    expect(train.shape).toEqual({ channels: 1, height: 28, width: 28 })
    expect([train.labels.length, test!.labels.length]).toEqual([10_000, 2_000])
    // the published order of both sets starts so
    expect([...train.labels.subarray(0, 10)]).toEqual([9, 0, 0, 3, 0, 2, 7, 2, 5, 5])
    expect([...test!.labels.subarray(0, 10)]).toEqual([9, 2, 1, 1, 6, 1, 4, 6, 5, 7])
    expect(train.classes[9]).toBe('ankle boot')
    expect(train.classes).toHaveLength(10)
  })
})

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 0x10
  return copy
}
