// `dctps analyse` as its own process, on tiny settings.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../data/sources.js'
import { classes, writeTinyData } from '../run/tiny-data.js'
import { dctps, expectOneLine, snapshot } from './command-line.js'

const tiny = ['--data', 'tiny', '--images', '3', '--seeds', '2']

let root: string
beforeAll(async () => {
  root = await temporaryFolder()
  await writeTinyData(root)
})

const analyse = (...args: readonly string[]) => dctps(['analyse', ...args], { cwd: root })

describe('dctps analyse', () => {
  test('prints a table and findings, and writes the page and its numbers', async () => {
    const { code, stderr, stdout } = await analyse(
      'lenet5',
      ...tiny,
      '--densities',
      '5%,0.05%',
      '--out',
      'all',
      '--quiet',
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const rows = stdout.split('\n').map((line) => line.split(/ {2,}/)[0])
    expect(rows.slice(2, 6)).toEqual(
      ['dctps', 'sparse 5%', 'sparse 0.05%', 'dense'].map((name) =>
        name.replace('dctps', 'DCTpS, any density'),
      ),
    )
    expect(stdout).toMatch(/At 0\.05%, the sparse lenet5 has no signal left from convs\.\d/)
    expect(stdout).not.toMatch(/NaN|undefined/)
    const page = await readFile(join(root, 'all/analysis.html'), 'utf8')
    expect(page).toContain('How signals travel through lenet5 before training')
    const json = JSON.parse(await readFile(join(root, 'all/analysis.json'), 'utf8'))
    expect(json).toMatchObject({
      classes,
      plan: { network: 'lenet5', images: 3, seeds: 2, densities: [0.05, 0.0005] },
    })
    expect(page).toContain(`hash ${json.hash}`)
    expect(json.series).toHaveLength(4)
    expect(json.series[0].seeds[0].singularValues).toHaveLength(3)
    expect(json.series[0].seeds[0].singularValues[0]).toHaveLength(classes)
    // 61,470 weights of a grey LeNet-5, less those of six of ten classes.
    const dense = json.series[3].nonZeros[0]
    expect(json.series[1].nonZeros).toEqual([Math.round(0.05 * dense)])
    const csv = await readFile(join(root, 'all/analysis.csv'), 'utf8')
    expect(csv.split('\r\n')[0]).toBe('kind,density,seed,measure,place,layer,image,value')
  })

  test('gives the same bytes every time, and other numbers with another seed', async () => {
    const settings = ['resnet8', '--kind', 'sparse', '--densities', '2%', '--data', 'tiny', '--images', '2']
    await Promise.all([
      analyse(...settings, '--seeds', '1', '--out', 'first', '--quiet'),
      analyse(...settings, '--seeds', '1', '--out', 'second', '--quiet'),
      analyse(...settings, '--seeds', '2', '--out', 'two', '--quiet'),
    ])
    const hashes = async (folder: string) => Object.values(await snapshot(join(root, folder)))
    expect(await hashes('first')).toEqual(await hashes('second'))
    const json = JSON.parse(await readFile(join(root, 'two/analysis.json'), 'utf8'))
    const one = JSON.parse(await readFile(join(root, 'first/analysis.json'), 'utf8'))
    const [zero, other] = json.series[0].seeds
    expect(zero).toEqual(one.series[0].seeds[0])
    expect(other).not.toEqual(zero)
  })

  test('--json prints the document that it writes, into a folder named after the settings', async () => {
    const { code, stdout, stderr } = await analyse(
      'lenet5',
      '--kind',
      'dense',
      '--data',
      'tiny',
      '--images',
      '2',
      '--seeds',
      '1',
      '--classes',
      '3',
      '--json',
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const printed = JSON.parse(stdout)
    expect(printed).toMatchObject({ classes: 3, plan: { kinds: ['dense'], densities: [], rule: null } })
    const file = join(root, `runs/analysis-lenet5-${printed.hash}/analysis.json`)
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(printed)
  })
})

test('a folder that cannot be made ends it before the work; Ctrl-C leaves no folder', async () => {
  const options = ['lenet5', '--kind', 'dense', '--data', 'tiny', '--images', '64', '--seeds', '99']
  const outcome = await analyse(...options, '--out', 'tiny/train-images-idx3-ubyte/x')
  expect(outcome.code).toBe(1)
  expectOneLine(outcome, 'dctps analyse', /cannot write .*train-images-idx3-ubyte/)
  const stopped = await dctps(['analyse', ...options, '--out', 'stopped'], {
    cwd: root,
    when: { stdout: 'pass', act: (kill) => kill('SIGINT') },
  })
  expect(stopped.code).toBe(130)
  expectOneLine(stopped, 'dctps analyse', /stopped before its end; nothing was written/)
  expect(await readdir(root)).not.toContain('stopped')
})

describe('bad input is one line, and nothing is written', () => {
  test.concurrent.each<[string, readonly string[], 1 | 2, RegExp]>([
    ['an unknown network', ['vgg20'], 2, /unknown network "vgg20".*did you mean vgg/],
    [
      'an unknown kind',
      ['lenet5', '--kind', 'dctps,spares'],
      2,
      /kind must be one of .*received spares \(did you mean sparse\?\) \(--kind\)/,
    ],
    ['a kind twice', ['lenet5', '--kind', 'dense,dense'], 2, /--kind names dense twice/],
    ['no kind', ['lenet5', '--kind', ''], 2, /kind must be one of/],
    [
      'a density of words',
      ['lenet5', '--densities', '1%,few'],
      2,
      /density must be above 0 .*received few \(--densities\)/,
    ],
    ['a density twice', ['lenet5', '--densities', '1%,0.01'], 2, /--densities names 0.01 twice/],
    [
      'densities of dense kernels',
      ['lenet5', '--kind', 'dense', '--densities', '1%'],
      2,
      /leave out --densities/,
    ],
    [
      'a rule of dense kernels',
      ['lenet5', '--kind', 'dense', '--rule', 'epl'],
      2,
      /rule cannot be used here/,
    ],
    ['an unknown rule', ['lenet5', '--rule', 'ekr'], 2, /did you mean erk\?/],
    ['one image', ['lenet5', '--images', '1'], 2, /--images must be a whole number of at least 2/],
    ['no seed', ['lenet5', '--seeds', '0'], 2, /--seeds must be a whole number of at least 1/],
    ['a width that is not to be had', ['lenet5', '--width', '8'], 2, /lenet5 has one width/],
    [
      'more images than there are',
      ['lenet5', '--images', '1000'],
      1,
      /tiny has 256 training images, 1000 were asked for.*--images/,
    ],
    ['missing data', ['lenet5', '--data', './nowhere'], 1, /nowhere/],
  ])('%s', async (_, args, code, message) => {
    const data = args.includes('--data') ? [] : ['--data', 'tiny']
    const outcome = await analyse(...args, ...data, '--out', 'never')
    expect(outcome.code).toBe(code)
    expectOneLine(outcome, 'dctps analyse', message)
    expect(outcome.stdout).toBe('')
    await expect(readFile(join(root, 'never/analysis.json'))).rejects.toThrow()
  })
})
