import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CIFAR100_CLASSES } from '#lab/data/cifar-classes'
import { openDataset, parseDatasetSpec, type ReadOptions } from '#lab/data/index'
import { expectDataError, noise, temporaryFolder, writeArchive, writeTree } from './sources.js'

const root = await temporaryFolder()
const open = (path: string, options: ReadOptions = {}) =>
  openDataset(parseDatasetSpec(path), { ...options, cacheFolder: null })

// the order in batches.meta.txt, which is alphabetical
const NAMES10 = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck']

/** Records of random pixels with the given label bytes. */
function records(
  labels: readonly (readonly number[])[],
  seed: number,
): { bytes: Uint8Array; pixels: Uint8Array } {
  const pixels = noise(labels.length * 3072, seed)
  const parts = labels.flatMap((bytes, i) => [
    Uint8Array.from(bytes),
    pixels.subarray(i * 3072, (i + 1) * 3072),
  ])
  return { bytes: Buffer.concat(parts), pixels }
}

/** Two images a file; batch `b` has labels `b` and `b + 4`. */
function cifar10(prefix = ''): Record<string, Uint8Array | string> {
  const files: Record<string, Uint8Array | string> = {
    [`${prefix}batches.meta.txt`]: `${NAMES10.join('\n')}\n\n`,
  }
  for (let batch = 1; batch <= 5; batch++) {
    files[`${prefix}data_batch_${batch}.bin`] = records([[batch], [batch + 4]], batch).bytes
  }
  files[`${prefix}test_batch.bin`] = records([[0], [9]], 6).bytes
  files[`${prefix}readme.html`] = 'The CIFAR-10 data set'
  return files
}

describe('CIFAR-10 batches', () => {
  test('are read from the archive and from the unpacked folder, in the order of the batches', async () => {
    const archive = await writeArchive(join(root, 'cifar-10-binary.tar.gz'), cifar10('cifar-10-batches-bin/'))
    const folder = await writeTree(root, 'cifar-10-batches-bin', cifar10())
    for (const path of [archive, folder]) {
      const { train, test, defaultNormalisation } = await open(path)
      expect(train.shape).toEqual({ channels: 3, height: 32, width: 32 })
      expect(train.classes).toEqual(NAMES10)
      expect([...train.labels]).toEqual([1, 5, 2, 6, 3, 7, 4, 8, 5, 9])
      const pixels = [1, 2, 3, 4, 5].flatMap((batch) => [...records([[0], [0]], batch).pixels])
      expect(Buffer.from(train.pixels).equals(Buffer.from(pixels))).toBe(true)
      expect([...test!.labels]).toEqual([0, 9])
      expect(Buffer.from(test!.pixels).equals(records([[0], [0]], 6).pixels)).toBe(true)
      expect(defaultNormalisation).toEqual({ mean: [0.4914, 0.4822, 0.4465], std: [0.2023, 0.1994, 0.201] })
    }
  })

  test('cut at any length are refused, also between two records', async () => {
    const folder = await writeTree(root, 'cut', cifar10())
    const whole = records([[3], [7]], 3).bytes
    const path = join(folder, 'data_batch_3.bin')
    const cuts = fc.oneof(fc.integer({ min: 0, max: whole.length - 1 }), fc.constant(3073))
    await fc.assert(
      fc.asyncProperty(cuts, async (length) => {
        await writeFile(path, whole.subarray(0, length))
        await expectDataError(open(folder), /data_batch_3\.bin.*(empty|truncated)/)
      }),
      { numRuns: 20 },
    )
  })

  test('with a label without a class, or a file missing, are refused', async () => {
    const bad = { ...cifar10(), 'data_batch_2.bin': records([[2], [10]], 2).bytes }
    await expectDataError(
      open(await writeTree(root, 'label', bad)),
      /data_batch_2\.bin: image 1 has label 10/,
    )
    const folder = await writeTree(root, 'missing', cifar10())
    await rm(join(folder, 'batches.meta.txt'))
    await expectDataError(open(folder), /batches\.meta\.txt is missing/)
  })
})

describe('CIFAR-100 batches', () => {
  const coarse = Array.from({ length: 20 }, (_, i) => `coarse_${i}`)
  const files = {
    'cifar-100-binary/train.bin': records(
      [
        [0, 10],
        [1, 11],
        [2, 12],
        [3, 13],
        [19, 99],
      ],
      1,
    ).bytes,
    'cifar-100-binary/test.bin': records([[4, 50]], 2).bytes,
    'cifar-100-binary/fine_label_names.txt': CIFAR100_CLASSES.join('\n'),
    'cifar-100-binary/coarse_label_names.txt': coarse.join('\n'),
  }

  test('give fine labels by default and coarse ones on request', async () => {
    const archive = await writeArchive(join(root, 'cifar-100-binary.tar'), files)
    const fine = await open(archive)
    expect([...fine.train.labels]).toEqual([10, 11, 12, 13, 99])
    expect(fine.train.classes).toHaveLength(100)
    expect([...fine.test!.labels]).toEqual([50])
    expect(Buffer.from(fine.train.pixels).equals(noise(5 * 3072, 1))).toBe(true)
    expect(fine.defaultNormalisation?.mean).toEqual([0.5071, 0.4867, 0.4408])
    const broad = await open(archive, { cifar100Labels: 'coarse' })
    expect([...broad.train.labels]).toEqual([0, 1, 2, 3, 19])
    expect(broad.train.classes).toEqual(coarse)
  })

  test('with too few training images for the test images are refused', async () => {
    const cut = { ...files, 'cifar-100-binary/train.bin': records([[0, 1]], 1).bytes }
    const archive = await writeArchive(join(root, 'cut-100.tar'), cut)
    await expectDataError(open(archive), /train\.bin has 1 images, expected 5/)
  })
})
