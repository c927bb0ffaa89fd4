import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { DctpsError } from 'dctps/internal/errors'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openArchive } from '#lab/data/archive'
import { openDataset, parseDatasetSpec } from '#lab/data/index'
import { expectDataError, idxFiles, noise, png, tarBytes, temporaryFolder } from './sources.js'

const root = await temporaryFolder()
const open = (path: string) => openDataset(parseDatasetSpec(path), { cacheFolder: null })

const pictures = {
  'a/1.png': await png(8, 8, 1, noise(64, 1)),
  'b/1.png': await png(8, 8, 1, noise(64, 2)),
}

describe('a damaged archive', () => {
  const archives = [
    { name: 'pictures.tar', files: pictures, packed: false },
    { name: 'pictures.tar.gz', files: pictures, packed: true },
    { name: 'idx.tar', files: idxFiles().files, packed: false },
    { name: 'idx.tar.gz', files: idxFiles().files, packed: true },
  ]

  test.each(archives)('$name cut at any length is refused', async ({ name, files, packed }) => {
    const tar = await tarBytes(files)
    const whole = packed ? gzipSync(tar) : tar
    const path = join(root, name)
    await writeFile(path, whole)
    await open(path)
    // for plain archives also where a file ends and the next would begin
    const cuts = fc.oneof(
      fc.integer({ min: 0, max: whole.length - 1 }),
      fc.integer({ min: 0, max: Math.floor((whole.length - 1) / 512) }).map((block) => block * 512),
    )
    await fc.assert(
      fc.asyncProperty(cuts, async (length) => {
        await writeFile(path, whole.subarray(0, length))
        await expectDataError(open(path), new RegExp(name))
      }),
      { numRuns: 60 },
    )
  })

  test('pictures.tar.gz with any byte changed is refused or reads the same', async () => {
    const whole = gzipSync(await tarBytes(pictures))
    const path = join(root, 'flipped.tar.gz')
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, bits) => {
        const copy = Uint8Array.from(whole)
        copy[at] = copy[at]! ^ bits
        await writeFile(path, copy)
        const opened = await open(path).catch((error: unknown) => error)
        if (opened instanceof Error) {
          expect(opened instanceof DctpsError && opened.code).toBe('data')
        } else {
          expect(opened).toHaveProperty('train.pixels', Buffer.concat([noise(64, 1), noise(64, 2)]))
        }
      }),
      { numRuns: 60 },
    )
  })
})

test('an archive lists its files sorted, with the folders that it only implies', async () => {
  const path = join(root, 'listing.tar')
  await writeFile(
    path,
    await tarBytes({ './b/z': '1', './a/c/y': '22', './a/c/x': '333', './a/c/._x': 'litter' }),
  )
  const tree = await openArchive(path, 'tar')
  expect(tree.files).toEqual([
    { path: 'a/c/x', size: 3 },
    { path: 'a/c/y', size: 2 },
    { path: 'b/z', size: 1 },
  ])
  expect(tree.folders).toEqual(['a', 'a/c', 'b'])
})
