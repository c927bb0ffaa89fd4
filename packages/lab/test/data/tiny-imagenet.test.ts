// Tiny ImageNet made small: what is read from a folder and a zip, and every way in which lists and files disagree.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkSource, openDataset, parseDatasetSpec, publishedNormalisation } from '#lab/data/index'
import {
  expectDataError,
  flatJpeg,
  noise,
  planes,
  png,
  temporaryFolder,
  writeArchive,
  writeTree,
  zipBytes,
} from './sources.js'

const root = await temporaryFolder()
const open = (path: string) => openDataset(parseDatasetSpec(path), { cacheFolder: null })

const SIDE = 4
const colours = (seed: number) => noise(SIDE * SIDE * 3, seed)
const picture = (seed: number) => png(SIDE, SIDE, 3, colours(seed))
const grey = noise(SIDE * SIDE, 9)

type Contents = Record<string, Uint8Array | string>

/** Three classes with two training images each, three validation images, two test images without labels. */
async function tinyFiles(): Promise<Contents> {
  const boxes = (id: string) => `${id}_0.JPEG\t0\t0\t3\t3\n${id}_1.JPEG\t0\t1\t2\t3\n`
  return {
    'wnids.txt': 'n03\nn01\nn02\n',
    'words.txt': 'n00\tentity\nn01\tcrane, bird\nn02\tgoldfish, Carassius auratus\nn03\tcrane\nn04\tcat\n',
    'train/n03/images/n03_0.JPEG': await picture(30),
    'train/n03/images/n03_1.JPEG': await picture(31),
    'train/n03/n03_boxes.txt': boxes('n03'),
    'train/n01/images/n01_0.JPEG': await picture(10),
    'train/n01/images/n01_1.JPEG': await png(SIDE, SIDE, 1, grey),
    'train/n01/n01_boxes.txt': boxes('n01'),
    'train/n02/images/n02_0.JPEG': await picture(20),
    'train/n02/images/n02_1.JPEG': await picture(21),
    'train/n02/n02_boxes.txt': boxes('n02'),
    'val/val_annotations.txt':
      'val_0.JPEG\tn02\t0\t0\t3\t3\nval_10.JPEG\tn03\t0\t0\t1\t1\nval_2.JPEG\tn01\t0\t0\t3\t3\n',
    'val/images/val_0.JPEG': await picture(50),
    'val/images/val_10.JPEG': await picture(51),
    'val/images/val_2.JPEG': await picture(52),
    'test/images/test_0.JPEG': await picture(60),
    'test/images/test_1.JPEG': 'never read',
  }
}

const wrapped = (files: Contents) =>
  Object.fromEntries(Object.entries(files).map(([path, bytes]) => [`tiny-imagenet-200/${path}`, bytes]))

describe('Tiny ImageNet', () => {
  test('is read the same from a folder, a zip and a tar, wrapped or not', async () => {
    const files = await tinyFiles()
    const repeated = [...grey, ...grey, ...grey]
    for (const source of [
      await writeTree(root, 'tiny', files),
      await writeTree(root, 'outer', wrapped(files)),
      await writeArchive(join(root, 'tiny.zip'), files),
      await writeArchive(join(root, 'wrapped.zip'), wrapped(files)),
      await writeArchive(join(root, 'tiny.tar.gz'), wrapped(files)),
    ]) {
      const { train, test } = await open(source)
      // sorted by id; of two cranes each says which
      expect(train.classes).toEqual(['crane (n01)', 'goldfish', 'crane (n03)'])
      expect(train.shape).toEqual({ channels: 3, height: SIDE, width: SIDE })
      expect([...train.labels]).toEqual([0, 0, 1, 1, 2, 2])
      const rest = [20, 21, 30, 31].flatMap((seed) => [...planes(colours(seed))])
      expect([...train.pixels]).toEqual([...planes(colours(10)), ...repeated, ...rest])
      expect(test?.classes).toEqual(train.classes)
      expect([...(test?.labels ?? [])]).toEqual([1, 2, 0])
      expect([...(test?.pixels ?? [])]).toEqual([50, 51, 52].flatMap((seed) => [...planes(colours(seed))]))
    }
  })

  test('has three channels even where every image is grey', async () => {
    const files = await tinyFiles()
    const image = await png(SIDE, SIDE, 1, grey)
    for (const path of Object.keys(files)) if (path.endsWith('.JPEG')) files[path] = image
    const { train } = await open(await writeTree(root, 'grey', files))
    expect(train.shape.channels).toBe(3)
  })

  test('without words.txt and lists of boxes calls classes by their ids', async () => {
    const files = await tinyFiles()
    for (const path of Object.keys(files)) if (/words|boxes/.test(path)) delete files[path]
    const { train } = await open(await writeTree(root, 'wordless', files))
    expect(train.classes).toEqual(['n01', 'n02', 'n03'])
  })

  test('takes JPEG files and lists with the line ends of Windows', async () => {
    const files = await tinyFiles()
    for (const path of Object.keys(files)) {
      if (path.endsWith('.JPEG')) files[path] = await flatJpeg(SIDE, SIDE, [200, 100, 50])
      else files[path] = `${files[path]}`.replaceAll('\n', '\r\n')
    }
    const { train, test } = await open(await writeArchive(join(root, 'windows.zip'), files))
    expect(train.classes[1]).toBe('goldfish')
    expect(test?.labels).toHaveLength(3)
    expect(Math.abs((train.pixels[0] ?? 0) - 200)).toBeLessThanOrEqual(2)
  })
})

describe('bad Tiny ImageNet', () => {
  const line = (text: string) => (files: Contents) => {
    files['val/val_annotations.txt'] = `${files['val/val_annotations.txt']}${text}\n`
  }

  test.each<[string, (files: Contents) => unknown, RegExp]>([
    ['no list of classes', (f) => delete f['wnids.txt'], /wnids\.txt is missing/],
    ['an empty list of classes', (f) => Object.assign(f, { 'wnids.txt': '\n' }), /wnids\.txt is empty/],
    ['no annotations', (f) => delete f['val/val_annotations.txt'], /val\/val_annotations\.txt is missing/],
    [
      'empty annotations',
      (f) => Object.assign(f, { 'val/val_annotations.txt': '' }),
      /val_annotations\.txt is empty/,
    ],
    [
      'a class without images',
      (f) => Object.assign(f, { 'wnids.txt': 'n01\nn02\nn03\nn04\nn05\n' }),
      /no images of classes that wnids\.txt names: n04, n05/,
    ],
    [
      'a folder that is no class',
      (f) => Object.assign(f, { 'wnids.txt': 'n01\nn02\n' }),
      /folders that wnids\.txt does not name: n03/,
    ],
    [
      'a missing training image',
      (f) => delete f['train/n02/images/n02_1.JPEG'],
      /lacks training images .*: train\/n02\/images\/n02_1\.JPEG$/,
    ],
    [
      'a missing validation image',
      (f) => delete f['val/images/val_2.JPEG'],
      /names images that are not in val\/images: val_2\.JPEG/,
    ],
    [
      'annotations of a class that is unknown',
      line('val_0.JPEG\tn99\t0\t0\t1\t1'),
      /names classes that wnids\.txt does not: n99 \(val_0\.JPEG\)/,
    ],
    ['annotations without a class', line('val_0.JPEG'), /none \(val_0\.JPEG\)/],
    [
      'annotations of a file that is unknown',
      line('val_7.JPEG\tn01\t0\t0\t1\t1'),
      /not in val\/images: val_7\.JPEG/,
    ],
    [
      'an image annotated twice',
      line('val_0.JPEG\tn01\t0\t0\t1\t1'),
      /names images more than once: val_0\.JPEG/,
    ],
    [
      'an image without annotation',
      (f) => Object.assign(f, { 'val/images/val_8.JPEG': 'x' }),
      /does not name images that are there: val\/images\/val_8\.JPEG/,
    ],
    [
      'an image that does not decode',
      (f) => Object.assign(f, { 'train/n01/images/n01_0.JPEG': 'text' }),
      /n01_0\.JPEG is not a JPEG or PNG/,
    ],
    [
      'many missing images',
      (f) =>
        Object.keys(f).map((path) => /train.*_1\.JPEG/.test(path) && delete f[path]) &&
        delete f['train/n01/images/n01_0.JPEG'],
      /n01_0\.JPEG, train\/n01\/images\/n01_1\.JPEG, train\/n02\/images\/n02_1\.JPEG and 1 more|no images of classes/,
    ],
  ])('with %s is refused, in a folder and a zip', async (_, damage, message) => {
    const files = await tinyFiles()
    damage(files)
    await expectDataError(open(await writeTree(root, 'bad', files)), message)
    await expectDataError(open(await writeArchive(join(root, 'bad.zip'), wrapped(files))), message)
  })

  test('is told in full by a check', async () => {
    const files = await tinyFiles()
    delete files['train/n02/images/n02_1.JPEG']
    delete files['val/images/val_2.JPEG']
    files['val/images/val_0.JPEG'] = 'text'
    const { problems, splits } = await checkSource(
      parseDatasetSpec(await writeArchive(join(root, 'check.zip'), files)),
    )
    expect(problems).toEqual([
      expect.stringMatching(/lacks training images/),
      expect.stringMatching(/not in val\/images/),
      expect.stringMatching(/val_0\.JPEG is not a JPEG or PNG/),
    ])
    expect(splits).toBeNull()
  })

  test('as a cut zip, or a zip of something else, is refused', async () => {
    const whole = zipBytes(await tinyFiles())
    const path = join(root, 'cut.zip')
    for (const share of [0.01, 0.5, 0.99]) {
      await writeFile(path, whole.subarray(0, Math.floor(whole.length * share)))
      await expectDataError(open(path), /cut\.zip is truncated or damaged \(.*\); fetch or copy it again/)
    }
    await writeFile(path, zipBytes({ 'notes/diary.txt': 'nothing to see' }))
    await expectDataError(open(path), /cut\.zip/)
    await writeFile(path, zipBytes({}))
    await expectDataError(open(path), /cut\.zip has no class folders/)
  })
})

describe('the published normalisation', () => {
  const shape = { channels: 3, height: 64, width: 64 }
  const ids =
    'n01443537 n01629819 n01641577 n01698640 n01768244 n01770393 n01784675 n01882714 n07920052 n09193705 n09246464 n12267677'
  const classes = (names: readonly string[]) => [
    ...names,
    ...Array.from({ length: 200 - names.length }, (_, i) => `other ${i}`),
  ]

  test('is found for Tiny ImageNet by ids and by names, in its size', () => {
    const names =
      'goldfish,European fire salamander,bullfrog,American alligator,trilobite,scorpion,centipede,koala,espresso,alp,cliff,acorn'
    for (const some of [ids.split(' '), names.split(',')]) {
      expect(publishedNormalisation({ shape, classes: classes(some) })?.mean[0]).toBe(0.48024578664982126)
      expect(
        publishedNormalisation({ shape: { ...shape, height: 32, width: 32 }, classes: classes(some) }),
      ).toBeNull()
      expect(publishedNormalisation({ shape, classes: classes(some).slice(0, -1) })).toBeNull()
      expect(publishedNormalisation({ shape, classes: classes(some.slice(1)) })).toBeNull()
    }
  })
})
