import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { DctpsError } from 'dctps/internal/errors'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openArchive } from '#lab/data/archive'
import { openDataset, parseDatasetSpec } from '#lab/data/index'
import {
  expectDataError,
  idxFiles,
  noise,
  png,
  tarBytes,
  temporaryFolder,
  writeArchive,
  zipBytes,
} from './sources.js'

const root = await temporaryFolder()
const open = (path: string) => openDataset(parseDatasetSpec(path), { cacheFolder: null })

const pictures = {
  'a/1.png': await png(8, 8, 1, noise(64, 1)),
  'b/1.png': await png(8, 8, 1, noise(64, 2)),
}

const picturesTarGz = gzipSync(await tarBytes(pictures))
const picturesZip = zipBytes(pictures)
const archives = [
  { name: 'pictures.tar', whole: await tarBytes(pictures) },
  { name: 'pictures.tar.gz', whole: picturesTarGz },
  { name: 'pictures.zip', whole: picturesZip },
  { name: 'idx.tar', whole: await tarBytes(idxFiles().files) },
  { name: 'idx.tar.gz', whole: gzipSync(await tarBytes(idxFiles().files)) },
  { name: 'idx.zip', whole: zipBytes(idxFiles().files) },
]

describe('a damaged archive', () => {
  test.each(archives)('$name cut at any length is refused', async ({ name, whole }) => {
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

  test.each([
    { name: 'flipped.tar.gz', whole: picturesTarGz },
    // behind the contents of a zip is its directory, where another name is another name
    { name: 'flipped.zip', whole: picturesZip, until: directoryOffset(picturesZip) },
  ])('$name with any byte changed is refused or reads the same', async ({ name, whole, until }) => {
    const path = join(root, name)
    await fc.assert(
      fc.asyncProperty(
        fc.nat((until ?? whole.length) - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, bits) => {
          const copy = Uint8Array.from(whole)
          copy[at] = copy[at]! ^ bits
          await writeFile(path, copy)
          const opened = await open(path).catch((error: unknown) => error)
          if (opened instanceof Error) {
            expect(opened instanceof DctpsError && opened.code).toBe('data')
          } else {
            expect(opened).toHaveProperty('train.pixels', Buffer.concat([noise(64, 1), noise(64, 2)]))
          }
        },
      ),
      { numRuns: 60 },
    )
  })
})

test.each(['tar', 'zip'] as const)(
  'a %s lists its files sorted, with the folders that it only implies',
  async (kind) => {
    const path = join(root, `listing.${kind}`)
    await writeArchive(path, { './b/z': '1', './a/c/y': '22', './a/c/x': '333', './a/c/._x': 'litter' })
    const tree = await openArchive(path, kind)
    expect(tree.files).toEqual([
      { path: 'a/c/x', size: 3 },
      { path: 'a/c/y', size: 2 },
      { path: 'b/z', size: 1 },
    ])
    expect(tree.folders).toEqual(['a', 'a/c', 'b'])
  },
)

test('a zip may store its contents; other ways of packing are refused by name', async () => {
  const path = join(root, 'methods.zip')
  await writeFile(path, zipBytes(pictures, 0))
  expect([...(await open(path)).train.pixels]).toEqual([...noise(64, 1), ...noise(64, 2)])
  await writeFile(path, zipBytes(pictures, 12))
  await expectDataError(
    open(path),
    /methods\.zip.*a\/1\.png: it is encrypted or packed in a way other than deflate/,
  )
})

/** Where the directory of a zip begins, as its last record says. */
function directoryOffset(zip: Uint8Array): number {
  return Buffer.from(zip).readUInt32LE(zip.length - 6)
}
