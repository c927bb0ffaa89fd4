import { existsSync } from 'node:fs'
import { readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadCache, storeCache } from '#lab/data/cache'
import { defaultCacheFolder, type OpenOptions, openDataset, parseDatasetSpec } from '#lab/data/index'
import { idxFiles, noise, png, temporaryFolder, writeArchive, writeTree } from './sources.js'

const root = await temporaryFolder()
const images = {
  'train/a/1.png': await png(5, 3, 3, noise(45, 1)),
  'train/b/1.png': await png(5, 3, 3, noise(45, 2)),
  'train/b/2.png': await png(5, 3, 3, noise(45, 3)),
  'test/a/1.png': await png(5, 3, 3, noise(45, 4)),
  'test/b/1.png': await png(5, 3, 3, noise(45, 5)),
}

/** Opens and tells how many images were decoded for it and what was warned of. */
async function open(path: string, cacheFolder: string, options: OpenOptions = {}) {
  let decoded = 0
  const warnings: string[] = []
  const opened = await openDataset(parseDatasetSpec(path), {
    ...options,
    cacheFolder,
    onProgress: () => decoded++,
    onWarning: (message) => warnings.push(message),
  })
  return { opened, decoded, warnings }
}

describe('the cache', () => {
  test('gives the same data without decoding, for folders and archives, with and without test images', async () => {
    const { 'test/a/1.png': _a, 'test/b/1.png': _b, ...trainOnly } = images
    const sources = [
      await writeTree(root, 'images', images),
      await writeArchive(join(root, 'images.tar.gz'), images),
      await writeArchive(join(root, 'train-only.tar'), trainOnly),
    ]
    for (const source of sources) {
      const first = await open(source, join(root, 'cache'))
      const second = await open(source, join(root, 'cache'))
      expect(first.decoded).toBeGreaterThan(0)
      expect(second.decoded).toBe(0)
      expect(second.warnings).toEqual([])
      expect(comparable(second.opened)).toEqual(comparable(first.opened))
    }
  })

  test('is not used after a file or an option changed', async () => {
    const folder = await writeTree(root, 'changing', images)
    const cache = join(root, 'cache-changing')
    await open(folder, cache)
    await writeFile(join(folder, 'train/a/1.png'), await png(5, 3, 3, noise(45, 77)))
    await utimes(join(folder, 'train/a/1.png'), 1, 1)
    const changed = await open(folder, cache)
    expect(changed.decoded).toBe(5)
    expect(changed.opened.train.pixels[0]).toBe(noise(45, 77)[0])
    const smaller = await open(folder, cache, { size: { height: 2, width: 2 } })
    expect(smaller.opened.train.shape).toEqual({ channels: 3, height: 2, width: 2 })
    const padded = await open(folder, cache, { size: { height: 2, width: 2 }, fit: 'pad' })
    expect(padded.decoded).toBe(5)
  })

  test('with any byte changed or cut at any length is reported, rebuilt, and does no harm', async () => {
    const source = await writeArchive(join(root, 'fragile.tar'), images)
    const cache = join(root, 'cache-fragile')
    const { opened } = await open(source, cache)
    const [name = ''] = await readdir(cache)
    const path = join(cache, name)
    const whole = await readFile(path)
    const damages = fc.oneof(
      fc.nat(whole.length - 1).map((length) => whole.subarray(0, length)),
      fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, bits]) => {
        const copy = Buffer.from(whole)
        copy[at] = copy[at]! ^ bits
        return copy
      }),
    )
    await fc.assert(
      fc.asyncProperty(damages, async (damaged) => {
        await writeFile(path, damaged)
        const again = await open(source, cache)
        expect(again.warnings).toEqual([
          expect.stringMatching(/fragile-.*cannot be used.*decoding the source again/),
        ])
        expect(comparable(again.opened)).toEqual(comparable(opened))
        expect((await readFile(path)).equals(whole)).toBe(true)
      }),
      { numRuns: 60 },
    )
    expect(await readdir(cache)).toEqual([name])
  })

  test('in a folder that cannot be made is a warning', async () => {
    const source = await writeArchive(join(root, 'unwritable.tar'), images)
    const file = join(root, 'a-file')
    await writeFile(file, '')
    const { opened, warnings } = await open(source, join(file, 'cache'))
    expect(opened.train.labels).toHaveLength(3)
    expect(warnings).toEqual([expect.stringMatching(/is not cached: .*not a directory.*DCTPS_CACHE/)])
  })

  test.skipIf(!existsSync('/dev/full'))('on a full disk is a warning and leaves no part behind', async () => {
    const source = await writeArchive(join(root, 'full.tar'), images)
    const cache = join(root, 'cache-full')
    await open(source, cache)
    const [name = ''] = await readdir(cache)
    await rm(join(cache, name))
    // every write to this device fails as on a full disk
    await symlink('/dev/full', join(cache, `${name}.tmp`))
    const { opened, warnings } = await open(source, cache)
    expect(opened.train.labels).toHaveLength(3)
    expect(warnings).toEqual([expect.stringMatching(/is not cached: .*the disk is full/)])
    expect(await readdir(cache)).toEqual([])
  })

  test('is not written for raw pixels in a folder, nor after a failure', async () => {
    const cache = join(root, 'cache-none')
    await open(await writeTree(root, 'idx', idxFiles().files), cache)
    const bad = await writeArchive(join(root, 'bad.tar'), { ...images, 'train/a/2.png': 'not an image' })
    await expect(open(bad, cache)).rejects.toThrow(/train\/a\/2\.png/)
    await expect(readdir(cache)).rejects.toThrow('ENOENT')
  })

  test('of 60,000 images of 3 x 32 x 32 loads in well under a second', async () => {
    const set = (count: number) => ({
      name: 'large',
      shape: { channels: 3, height: 32, width: 32 },
      classes: ['a'],
      pixels: new Uint8Array(count * 3072).fill(7),
      labels: new Uint16Array(count),
    })
    const folder = join(root, 'cache-large')
    const path = join(folder, 'large.images')
    const warnings: string[] = []
    const warn = (message: string) => warnings.push(message)
    await storeCache(folder, path, { train: set(50_000), test: set(10_000) }, warn)
    const times: number[] = []
    let loaded = null
    for (let run = 0; run < 3; run++) {
      const start = performance.now()
      loaded = await loadCache(path, warn)
      times.push(performance.now() - start)
    }
    // the quickest of three, because other work on the machine must not fail this
    expect(Math.min(...times)).toBeLessThan(800)
    expect(warnings).toEqual([])
    expect(loaded?.train.labels).toHaveLength(50_000)
    expect(loaded?.test?.pixels.at(-1)).toBe(7)
  })

  test('lies in DCTPS_CACHE, or in the cache folder of the user', () => {
    expect(defaultCacheFolder({ DCTPS_CACHE: '/x', XDG_CACHE_HOME: '/y' })).toBe('/x')
    expect(defaultCacheFolder({ XDG_CACHE_HOME: '/y' })).toBe('/y/dctps')
    expect(defaultCacheFolder({})).toMatch(/\.cache\/dctps$/)
  })
})

/** Arrays of any kind as plain numbers. */
function comparable(opened: Awaited<ReturnType<typeof openDataset>>) {
  const plain = (set: (typeof opened)['train'] | null) =>
    set === null ? null : { ...set, pixels: [...set.pixels], labels: [...set.labels] }
  return { ...opened, train: plain(opened.train), test: plain(opened.test) }
}
