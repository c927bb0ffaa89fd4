import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DctpsError } from 'dctps/internal/errors'
import { describe, expect, test } from 'vitest'
import { checkSource, openDataset, parseDatasetSpec, parseImageSize } from '#lab/data/index'
import { expectDataError, idxFiles, noise, png, temporaryFolder, writeArchive, writeTree } from './sources.js'

const root = await temporaryFolder()
const open = (path: string) => openDataset(parseDatasetSpec(path), { cacheFolder: null })

describe('a data set that cannot be opened', () => {
  test('gets the closest known name or neighbour as a hint', async () => {
    await expect(open('fashion-mnst-12k')).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/unknown data set 'fashion-mnst-12k'.*did you mean fashion-mnist-12k\?/),
    })
    await mkdir(join(root, 'flowers'))
    await expectDataError(open(join(root, 'flower')), /there is no file or folder .*did you mean .*flowers\?/)
    await expectDataError(open(join(root, 'nothing-like-it')), /there is no file or folder [^;]*$/)
  })

  test('says what the file is instead', async () => {
    const idx = await writeTree(root, 'one', idxFiles().files)
    await expectDataError(
      open(join(idx, 'train-images-idx3-ubyte')),
      /single IDX file: give the folder .*one/,
    )
    await writeFile(join(root, 'a.jpg'), await png(2, 2, 1, [1, 2, 3, 4]))
    await expectDataError(open(join(root, 'a.jpg')), /single image: expected a folder/)
    await writeFile(join(root, 'empty.tar.gz'), '')
    await expectDataError(open(join(root, 'empty.tar.gz')), /empty\.tar\.gz is empty/)
    await writeFile(join(root, 'text.tar'), 'this is no archive')
    await expectDataError(open(join(root, 'text.tar')), /not a known kind of data set/)
  })

  test('with an empty name or a senseless size is a mistake of usage', () => {
    const codeOf = (parse: () => unknown) => {
      try {
        return parse()
      } catch (error) {
        return error instanceof DctpsError ? error.code : error
      }
    }
    expect(codeOf(() => parseDatasetSpec(' '))).toBe('usage')
    for (const size of ['', '0', '-3', '3x', '32x0', '1.5', '99999', 'a']) {
      expect(
        codeOf(() => parseImageSize(size)),
        size,
      ).toBe('usage')
    }
    expect(parseImageSize('32')).toEqual({ height: 32, width: 32 })
    expect(parseImageSize('24x48')).toEqual({ height: 24, width: 48 })
  })
})

describe('checking a source', () => {
  test('reports every problem with its file, not only the first', async () => {
    const good = await png(4, 4, 1, noise(16, 1))
    const files = {
      'a/1.png': good,
      'a/2.png': good.subarray(0, 40),
      'b/1.png': '',
      'b/2.png': await png(4, 5, 1, noise(20, 2)),
      'c/': '',
    }
    for (const path of [
      await writeTree(root, 'bad', files),
      await writeArchive(join(root, 'bad.tar.gz'), files),
    ]) {
      const { problems, splits } = await checkSource(parseDatasetSpec(path))
      expect(problems).toEqual([
        expect.stringMatching(/class folder .*c has no images/),
        expect.stringMatching(/a\/2\.png does not decode/),
        expect.stringMatching(/b\/1\.png is empty/),
        expect.stringMatching(/b\/2\.png is 4x5/),
      ])
      expect(splits).toBeNull()
    }
    const idx = await writeTree(root, 'bad-idx', {
      ...idxFiles().files,
      'train-images-idx3-ubyte': 'no',
      't10k-labels-idx1-ubyte': '',
    })
    const { problems } = await checkSource(parseDatasetSpec(idx))
    expect(problems).toEqual([
      expect.stringMatching(/train-images.*magic/),
      expect.stringMatching(/t10k-labels.* is empty/),
    ])
  })

  test('gives the data when there is nothing to report, and one problem when there is no source', async () => {
    const { problems, splits } = await checkSource(parseDatasetSpec('fashion-mnist-12k'))
    expect(problems).toEqual([])
    expect(splits?.test?.labels).toHaveLength(2000)
    const missing = await checkSource(parseDatasetSpec(join(root, 'missing')))
    expect(missing).toEqual({
      source: null,
      splits: null,
      problems: [expect.stringMatching(/no file or folder/)],
    })
  })
})

test('raw pixels are resized like images: a flat image stays flat, and padding is black', async () => {
  const folder = await writeTree(root, 'flat-idx', {
    'train-images-idx3-ubyte': Buffer.concat([
      Buffer.from('00000803000000010000000200000004', 'hex'),
      Buffer.alloc(8, 77),
    ]),
    'train-labels-idx1-ubyte': Buffer.from('000008010000000100', 'hex'),
  })
  const size = { height: 4, width: 4 }
  const filled = await openDataset(parseDatasetSpec(folder), { cacheFolder: null, size })
  expect(filled.train.shape).toEqual({ channels: 1, ...size })
  expect([...filled.train.pixels]).toEqual(new Array(16).fill(77))
  const padded = await openDataset(parseDatasetSpec(folder), { cacheFolder: null, size, fit: 'pad' })
  expect([...padded.train.pixels]).toEqual([0, 0, 0, 0, 77, 77, 77, 77, 77, 77, 77, 77, 0, 0, 0, 0])
})

const cifar = fileURLToPath(new URL('../../../../../shared/datasets/cifar10-jpeg.tar.gz', import.meta.url))
test.skipIf(!existsSync(cifar))(
  'the CIFAR-10 archive of JPEG files is read until a signal stops it',
  async () => {
    const stop = new AbortController()
    let seen = ''
    const onProgress = (done: number, total: number) => {
      seen = `${done}/${total}`
      if (done === 500) stop.abort()
    }
    const options = { cacheFolder: join(root, 'cifar-cache'), onProgress, signal: stop.signal }
    const error = await openDataset(parseDatasetSpec(cifar), options).catch((reason: unknown) => reason)
    expect(error instanceof DctpsError && error.code).toBe('cancelled')
    expect(seen).toBe('500/60000')
    expect(existsSync(options.cacheFolder)).toBe(false)
  },
)
