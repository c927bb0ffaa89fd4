// Everything that can be wrong with what a user gives: one clear line, the right exit code, and no file touched.

import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { flatJpeg, idxBytes, png, temporaryFolder, writeTree } from '../data/sources.js'
import { tinyFiles, writeTinyData } from '../run/tiny-data.js'
import { dctps, expectOneLine, snapshot } from './command-line.js'

interface Case {
  readonly name: string
  readonly args: readonly string[]
  readonly code: 1 | 2
  readonly says: readonly RegExp[]
}

const quick = ['--data', 'tiny', '--epochs', '1', '--batch', '64']
let root: string
let before: Record<string, string>

beforeAll(async () => {
  root = await temporaryFolder()
  await writeTinyData(root)
  const idx = tinyFiles()
  const images = idx['train-images-idx3-ubyte']!
  const without = { ...idx }
  delete without['train-labels-idx1-ubyte']
  await writeTree(root, 'missing', without)
  await writeTree(root, 'empty', { ...idx, 'train-images-idx3-ubyte': new Uint8Array(0) })
  await writeTree(root, 'truncated', { ...idx, 'train-images-idx3-ubyte': images.subarray(0, 1000) })
  const wrongMagic = Uint8Array.from(images)
  wrongMagic[2] = 7
  await writeTree(root, 'magic', { ...idx, 'train-images-idx3-ubyte': wrongMagic })
  const labels = {
    'train-labels-idx1-ubyte': idxBytes(
      [256],
      new Uint8Array(256).map((_, i) => i % 3),
    ),
  }
  const testLabels = { 't10k-labels-idx1-ubyte': idxBytes([64], new Uint8Array(64)) }
  await writeTree(root, 'threeclasses', { ...idx, ...labels, ...testLabels })
  const picture = await flatJpeg(8, 8, [200, 100, 50])
  await writeTree(root, 'broken', { 'a/1.jpg': picture, 'b/1.jpg': picture.subarray(0, 120) })
  const coloured = ['a', 'b', 'c', 'd'].flatMap((name) => [`train/${name}/1.jpg`, `test/${name}/1.jpg`])
  await writeTree(root, 'colour', Object.fromEntries(coloured.map((path) => [path, picture])))
  const large = await png(40, 40, 1, new Uint8Array(1600))
  await writeTree(root, 'large', { 'a/1.png': large, 'b/1.png': large })
  await writeFile(join(root, 'shoe.png'), await png(8, 8, 1, new Uint8Array(64)))
  await writeFile(join(root, 'broken.png'), (await png(8, 8, 1, new Uint8Array(64))).subarray(0, 40))
  await writeFile(join(root, 'misspelt.yaml'), 'network: lenet5\ndenstiy: 0.1\n')
  await writeFile(join(root, 'wrong.json'), '{"epochs": 1.5}')
  await writeFile(join(root, 'half.json'), '{"epochs": ')
  await writeTree(root, 'notes', { 'diary.txt': 'not a run' })
  const trained = await dctps(['train', ...quick, '--out', 'run', '--quiet'], { cwd: root })
  expect(trained.stderr).toBe('')
  await damage('run/model.dctps', 'damaged.dctps', (bytes) =>
    bytes.with(bytes.length >> 1, bytes.at(-9)! ^ 255),
  )
  await damage('run/model.dctps', 'cut.dctps', (bytes) => bytes.subarray(0, 500))
  await cp(join(root, 'run'), join(root, 'unfinished'), { recursive: true })
  await rm(join(root, 'unfinished/summary.json'))
  await damage('run/state.dctps', 'unfinished/state.dctps', (bytes) => bytes.with(700, bytes[700]! ^ 1))
  before = await filesBesideCaches()
})

async function damage(from: string, to: string, change: (bytes: Uint8Array) => Uint8Array): Promise<void> {
  await writeFile(join(root, to), change(new Uint8Array(await readFile(join(root, from)))))
}

const train = (name: string, args: readonly string[], code: 1 | 2, ...says: readonly RegExp[]): Case => ({
  name,
  args: ['train', ...args],
  code,
  says,
})

const density = /density must be above 0 and at most 1.*--density/

const cases: readonly Case[] = [
  { name: 'unknown command', args: ['trian'], code: 2, says: [/'trian'.*did you mean train\?/] },
  train('unknown option', ['--densty', '1%'], 2, /'--densty'.*did you mean --density\?/),
  train('option without a value', ['--density'], 2, /--density.*argument missing/),
  train('word too many', ['lenet5'], 2, /too many arguments|Expected 0 arguments/),
  train('unknown network', ['--network', 'lenet'], 2, /"lenet".*lenet5.*did you mean lenet5\?/),
  train('unknown kind', ['--kind', 'dctsp'], 2, /dctsp.*did you mean dctps\?.*--kind/),
  train('unknown rule', ['--rule', 'ekr'], 2, /'ekr'.*did you mean erk\?.*uniform/),
  train(
    'unknown data set',
    ['--data', 'fashion-mnist-12'],
    2,
    /unknown data set.*did you mean fashion-mnist-12k/,
  ),
  train('density 0', ['--density', '0'], 2, density, /received 0/),
  train('density 0%', ['--density', '0%'], 2, density, /received 0%/),
  train('density negative', ['--density', '-0.1'], 2, density, /received -0.1/),
  train('density NaN', ['--density', 'NaN'], 2, density, /received NaN/),
  train('density above 1', ['--density', '101%'], 2, density, /received 101%/),
  train('density of a dense network', ['--kind', 'dense', '--density', '0.1'], 2, /density.*dense/),
  train(
    'width of a network that has one',
    ['--width', '32'],
    2,
    /lenet5 has one width.*leave out the width 32/,
  ),
  train('width 0', ['--network', 'resnet18', '--width', '0'], 2, /width must be a whole number.*\(--width\)/),
  train('stable without branches', ['--network', 'vgg11', '--stable'], 2, /vgg11 has no option stable/),
  train('momentum for Adam', ['--momentum', '0.5'], 2, /momentum.*SGD/),
  train(
    'epochs 0',
    ['--epochs', '0'],
    2,
    /epochs must be a whole number of at least 1, received 0 \(--epochs\)/,
  ),
  train('learning rate of words', ['--lr', 'fast'], 2, /lr must be a number above 0, received fast \(--lr\)/),
  train(
    'unknown schedule',
    ['--schedule', 'cosinus'],
    2,
    /schedule must be constant, cosine.*received cosinus/,
  ),
  train('threads 0', ['--threads', '0'], 2, /threads must be a whole number of at least 1/),
  train('config file that is missing', ['--config', 'none.yaml'], 1, /cannot read none\.yaml/),
  train(
    'config file with an unknown key',
    ['--config', 'misspelt.yaml'],
    2,
    /'denstiy'.*did you mean density\?.*misspelt\.yaml/,
  ),
  train(
    'config file with a wrong value',
    ['--config', 'wrong.json'],
    2,
    /epochs must be.*received 1\.5.*wrong\.json/,
  ),
  train('config file that is half written', ['--config', 'half.json'], 2, /half\.json is not JSON/),
  train(
    'batch larger than the data',
    ['--data', 'tiny', '--batch', '300'],
    2,
    /batch of 300.*230 training images/,
  ),
  train('data file missing', ['--data', 'missing'], 1, /missing.*train-labels-idx1-ubyte/),
  train('data file empty', ['--data', 'empty'], 1, /empty.*train-images-idx3-ubyte.*empty/),
  train('data file truncated', ['--data', 'truncated'], 1, /truncated.*train-images-idx3-ubyte/),
  train(
    'data file with a wrong magic number',
    ['--data', 'magic'],
    1,
    /magic.*train-images-idx3-ubyte.*magic/,
  ),
  train('image that does not decode', ['--data', 'broken'], 1, /broken.b.1\.jpg does not decode/),
  train(
    'images larger than the network takes',
    ['--data', 'large', '--batch', '1', '--validation', '0'],
    1,
    /40x40.*--size 32/,
  ),
  train(
    'program above 4 GiB',
    ['--network', 'resnet8', '--batch', '10000', '--validation', '0'],
    1,
    /needs (?:[4-9]|\d\d)\.\d+ GiB.*at most 4\.00 GiB.*batch of \d+ would fit/,
  ),
  train('folder that is not a run', [...quick, '--out', 'notes'], 2, /notes is not empty and holds no run/),
  train('folder of another run', [...quick, '--out', 'run'], 2, /run already holds a finished run/),
  train(
    'nothing to resume',
    [...quick, '--out', 'nowhere', '--resume'],
    2,
    /there is no run to resume in nowhere/,
  ),
  train('state of another config', ['--out', 'run', '--resume', '--lr', '0.5'], 2, /lr was 0\.001, now 0\.5/),
  train('state damaged', ['--out', 'unfinished', '--resume'], 1, /state\.dctps is damaged/),
  train('folder below a file', [...quick, '--out', 'shoe.png/run'], 1, /shoe\.png.*is a file, not a folder/),
  train('folder that cannot be made', [...quick, '--out', '/proc/run'], 1, /cannot write \/proc\/run/),
  {
    name: 'class count',
    args: ['eval', 'run', '--data', 'threeclasses'],
    code: 1,
    says: [/4 classes.*threeclasses has 3/],
  },
  {
    name: 'image shape',
    args: ['eval', 'run', '--data', 'colour'],
    code: 1,
    says: [/takes images \[1, 32, 32\].*colour has \[3, 8, 8\]/],
  },
  {
    name: 'eval of a damaged model',
    args: ['eval', 'damaged.dctps'],
    code: 1,
    says: [/damaged\.dctps is damaged/],
  },
  {
    name: 'eval of a cut model',
    args: ['eval', 'cut.dctps'],
    code: 1,
    says: [/cut\.dctps is damaged or incomplete.*500 bytes/],
  },
  { name: 'inspect of a damaged model', args: ['inspect', 'damaged.dctps'], code: 1, says: [/damaged/] },
  {
    name: 'inspect of an image',
    args: ['inspect', 'shoe.png'],
    code: 1,
    says: [/shoe\.png is not a dctps file/],
  },
  {
    name: 'inspect of a folder without a run',
    args: ['inspect', 'notes'],
    code: 2,
    says: [/notes.*holds no run/],
  },
  {
    name: 'predict with a state',
    args: ['predict', 'run/state.dctps', 'shoe.png'],
    code: 2,
    says: [/state of a run, expected a model/],
  },
  {
    name: 'predict --top 0',
    args: ['predict', 'run', 'shoe.png', '--top', '0'],
    code: 2,
    says: [/--top must be/],
  },
  {
    name: 'export to another ending',
    args: ['export', 'run', 'run/model.dctps'],
    code: 2,
    says: [/must end in \.safetensors/],
  },
  {
    name: 'allocate with an unknown rule',
    args: ['allocate', '--rule', 'epx'],
    code: 2,
    says: [/'epx'.*did you mean ep[lf]\?/],
  },
  {
    name: 'allocate at an unknown size',
    args: ['allocate', '--size', '33'],
    code: 2,
    says: [/lenet5 takes 32x32/],
  },
  {
    name: 'unknown data command',
    args: ['data', 'chek', 'tiny'],
    code: 2,
    says: [/'chek'.*did you mean check\?/],
  },
  {
    name: 'stats of no data set',
    args: ['data', 'stats', 'nothing-here'],
    code: 2,
    says: [/unknown data set 'nothing-here'/],
  },
]

// Jobs ran at once in one folder, so that is looked at when all are done: nothing was changed, and nothing was added but
// the caches.
afterAll(async () => {
  expect(await filesBesideCaches()).toEqual(before)
})

async function filesBesideCaches(): Promise<Record<string, string>> {
  const files = Object.entries(await snapshot(root)).filter(([file]) => !file.startsWith(join(root, 'cache')))
  return Object.fromEntries(files)
}

describe('one line on stderr, the right exit code, and no file touched', () => {
  test.concurrent.each(cases)('$name', async ({ args, code, says }) => {
    const outcome = await dctps(args, { cwd: root })
    expectOneLine(outcome, `dctps${args[0] === 'trian' ? '' : ` ${args[0]}`}`, ...says)
    expect(outcome.code).toBe(code)
    expect(outcome.stdout).toBe('')
  })
})
