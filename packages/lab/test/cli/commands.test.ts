// The commands at work, as processes: what they print and write when all is well.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { allocate, buildNetwork, namedKernels, readSafetensors, supportRules } from 'dctps'
import { beforeAll, describe, expect, test } from 'vitest'
import { png, temporaryFolder, writeTree } from '../data/sources.js'
import { tinyFiles, writeTinyData } from '../run/tiny-data.js'
import { dctps, type Outcome, snapshot } from './command-line.js'

let root: string
let trained: Outcome

const ok = async (...args: readonly string[]): Promise<string> => {
  const outcome = await dctps(args, { cwd: root })
  expect(outcome).toMatchObject({ code: 0, stderr: '' })
  return outcome.stdout
}
const json = async (...args: readonly string[]) => JSON.parse(await ok(...args, '--json'))

beforeAll(async () => {
  root = await temporaryFolder()
  await writeTinyData(root)
  await writeFile(
    join(root, 'base.yaml'),
    'data: tiny\nepochs: 6\nbatch: 32\nlr: 0.02\ndensity: 5%\nvalidation: 0.25\n',
  )
  trained = await dctps(['train', '--config', 'base.yaml', '--out', 'run', '--seed', '3'], { cwd: root })
})

describe('train', () => {
  test('prints what is trained, epochs, and what came out', () => {
    expect(trained).toMatchObject({ code: 0, stderr: '' })
    expect(trained.stdout).toMatch(/^lenet5: DCTpS kernels, 3,036 of 60,718 weights \(5%, epl\)\n/)
    expect(trained.stdout).toMatch(
      /\ntiny: 192 training, 64 validation, 64 test images, 1 x 8 x 8, 4 classes\n/,
    )
    expect(trained.stdout).toMatch(
      /\nepoch 6: loss [\d.]+, accuracy [\d.]+%; validation loss [\d.]+, accuracy [\d.]+%/,
    )
    expect(trained.stdout).toMatch(
      /\nfinished after 6 epochs in .*\ntest accuracy [\d.]+% with the last weights\n/,
    )
  })

  test('options override the config file', async () => {
    const config = JSON.parse(await readFile(join(root, 'run/config.json'), 'utf8'))
    expect(config).toMatchObject({ data: 'tiny', epochs: 6, density: 0.05, seed: 3 })
  })

  test('--quiet --json prints the summary alone', async () => {
    const outcome = await dctps(['train', '--config', 'base.yaml', '--epochs', '1', '--quiet', '--json'], {
      cwd: root,
    })
    expect(outcome).toMatchObject({ code: 0, stderr: '' })
    const { folder, ...summary } = JSON.parse(outcome.stdout)
    expect(folder).toMatch(/^runs.lenet5-dctps-0\.05-epl-seed0-/)
    expect(summary).toEqual(JSON.parse(await readFile(join(root, folder, 'summary.json'), 'utf8')))
  })

  test('--json without --quiet leaves stdout to the document', async () => {
    const outcome = await dctps(
      ['train', '--config', 'base.yaml', '--epochs', '1', '--seed', '1', '--json'],
      { cwd: root },
    )
    expect(JSON.parse(outcome.stdout)).toMatchObject({ seed: 1, ended: 'finished' })
    expect(outcome.stderr).toMatch(/epoch 1: loss/)
  })
})

test('eval tests the best weights of a run on its own data, as its summary says', async () => {
  const summary = JSON.parse(await readFile(join(root, 'run/summary.json'), 'utf8'))
  const evaluation = await json('eval', 'run')
  expect(evaluation).toMatchObject({
    data: 'tiny',
    split: 'test',
    images: 64,
    accuracy: summary.test.best.accuracy,
  })
  const final = await json('eval', 'run/model.dctps', '--data', 'tiny', '--threads', '1')
  expect(final.accuracy).toBe(summary.test.final.accuracy)
  const text = await ok('eval', 'run', '--split', 'train')
  expect(text).toMatch(/on 256 train images of tiny\naccuracy [\d.]+%, loss [\d.]+\n/)
  expect(text).toMatch(/\n3 +64 +\d+ +[\d.]+%/)
})

test('predict answers every image that it can, in order, and names the others', async () => {
  await writeTree(root, 'pictures', {
    // What the tiny data set shows: class 0 is bright at the top left, class 3 at the bottom right.
    'zero.png': await corner(0),
    'three.png': await corner(3),
    'broken.png': (await corner(1)).subarray(0, 60),
  })
  const files = ['zero.png', 'broken.png', 'three.png'].map((name) => join('pictures', name))
  const outcome = await dctps(['predict', 'run', ...files, '--top', '4'], { cwd: root })
  expect(outcome.code).toBe(1)
  expect(outcome.stderr).toMatch(
    /^dctps predict: pictures.broken\.png does not decode.*\n.*1 of 3 images not answered\n$/,
  )
  const answer = String.raw`(\d [\d.]+%, ){3}\d [\d.]+%`
  expect(outcome.stdout).toMatch(
    new RegExp(`^pictures.zero\\.png: ${answer}\npictures.three\\.png: ${answer}\n$`),
  )

  const predictions = await json('predict', 'run', files[0]!, files[2]!, '--top', '4')
  for (const { classes } of predictions) {
    const probabilities: number[] = classes.map((item: { probability: number }) => item.probability)
    expect(probabilities).toEqual(probabilities.toSorted((a, b) => b - a))
    expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 5)
  }
  expect(
    predictions.map((prediction: { classes: { class: string }[] }) => prediction.classes[0]?.class),
  ).toEqual(['0', '3'])
})

/** The first noisy image of a class in the test images of the tiny data set. */
function corner(label: number): Promise<Buffer> {
  const images = tinyFiles()['t10k-images-idx3-ubyte']!
  return png(8, 8, 1, images.subarray(16 + 64 * label, 16 + 64 * (label + 1)))
}

describe('inspect', () => {
  test('adds up layers to what the files hold', async () => {
    const model = await json('inspect', 'run/model.dctps')
    expect(model).toMatchObject({
      type: 'model',
      architecture: 'lenet5',
      classes: 4,
      kernelWeights: 60718,
    })
    type Row = {
      stored: number
      multiplyAdds: number
      kernel: { nonZeros: number; denseMultiplyAdds: number } | null
    }
    const sum = (pick: (row: Row) => number) =>
      model.layers.reduce((total: number, row: Row) => total + pick(row), 0)
    expect(sum(({ kernel }) => kernel?.nonZeros ?? 0)).toBe(model.nonZeros)
    expect(sum(({ stored }) => stored)).toBe(model.storedNumbers)
    expect(model.bytes).toBe((await readFile(join(root, 'run/model.dctps'))).length)
    // 5x5 kernels on 28x28, 10x10 and 1x1 positions, and two linear layers
    const dense = 150 * 784 + 2400 * 100 + 48000 + 9840 + 82 * 4
    expect(sum(({ kernel }) => kernel?.denseMultiplyAdds ?? 0)).toBe(dense)
  })

  test('takes a run folder and a state, too', async () => {
    expect(await ok('inspect', 'run')).toMatch(/^model +run.model-best\.dctps/)
    const state = await ok('inspect', 'run/state.dctps')
    expect(state).toMatch(/\ntrained +6 epochs and 0 steps, 36 steps in all\n/)
    expect(state).toMatch(/\ntotal .* 3,0\d\d /)
  })

  test('--program prints steps and buffers', async () => {
    const program = await ok('inspect', 'run', '--program', '--batch', '8')
    expect(program).toMatch(/^lenet5: batch 8 in 2 blocks of 4 images\n/)
    expect(program).toMatch(/\ngradient: \d+ steps/)
  })
})

describe('allocate', () => {
  const kernels = namedKernels(
    buildNetwork('resnet8', {
      input: { channels: 3, height: 32, width: 32 },
      classes: 100,
      kernel: { kind: 'dctps' },
    }),
  )
  const args = [
    'allocate',
    '--network',
    'resnet8',
    '--density',
    '0.3%',
    '--channels',
    '3',
    '--classes',
    '100',
  ]

  test.each([[], ['--published']])('all rules, %s', async (...published) => {
    const { rules } = await json(...args, '--rule', 'all', ...published)
    const counts = rules.map(({ rule, report }: { rule: string; report: { layers: { nnz: number }[] } }) => [
      rule,
      report.layers.map(({ nnz }) => nnz),
    ])
    const exactBudget = published.length === 0
    expect(counts).toEqual(
      supportRules.map((rule) => [rule.name, allocate(kernels, rule, 0.003, { exactBudget })]),
    )
    const table = await ok(...args, '--rule', 'all', ...published)
    expect(table).toMatch(
      /layer +shape +weights +uniform +density +epl +density +epf +density +erk +density\n/,
    )
  })

  test('one rule as a table', async () => {
    const [first] = allocate(kernels, 'erk', 0.003)
    const table = await ok(...args, '--rule', 'erk')
    expect(table).toMatch(new RegExp(`\nconv1 +16x3x3x3 +432 +${first} +[\\d.]+%\n`))
  })
})

describe('data', () => {
  test('list names the built-in data set', async () => {
    expect(await ok('data', 'list')).toMatch(/\nfashion-mnist-12k +.*built in/)
  })

  test('check counts images and classes, or names every problem', async () => {
    expect(await ok('data', 'check', 'tiny')).toMatch(
      /no problems in 256 training and 64 test images of 4 classes\n$/,
    )
    const image = await png(4, 4, 1, new Uint8Array(16))
    await writeTree(root, 'faulty', {
      'a/1.png': image,
      'a/2.png': image.subarray(0, 50),
      'b/1.png': 'text',
      'b/2.png': image,
    })
    const outcome = await dctps(['data', 'check', 'faulty'], { cwd: root })
    expect(outcome.code).toBe(1)
    expect(outcome.stdout).toMatch(/^.*a.2\.png does not decode.*\n.*b.1\.png is not a JPEG or PNG.*\n$/)
    expect(outcome.stderr).toMatch(/^dctps data: 2 problems in .*faulty\n$/)
  })

  test('stats counts each class', async () => {
    const { train, test: held } = await json('data', 'stats', 'tiny')
    expect(train.classes.map(({ images }: { images: number }) => images)).toEqual([64, 64, 64, 64])
    expect(held.images).toBe(64)
    expect(await ok('data', 'stats', 'tiny')).toMatch(/\ntotal +256 +64\n/)
  })
})

test('export writes a safetensors file that holds the model', async () => {
  const before = await snapshot(join(root, 'run'))
  expect(await ok('export', 'run', 'net.safetensors')).toMatch(
    /^run.model-best\.dctps -> net\.safetensors: [\d.]+ kB\n$/,
  )
  const { tensors } = readSafetensors(await readFile(join(root, 'net.safetensors')))
  expect([...tensors.keys()]).toContain('convs.0.conv.weight.indices')
  expect(await snapshot(join(root, 'run'))).toEqual(before)
})

describe('profile', () => {
  const small = ['profile', 'lenet5', '--channels', '1', '--batch', '8', '--steps', '2']

  test('times every layer in both passes, beside what the machine can do', async () => {
    const { layers, calls, seconds, peaks, batch } = await json(...small)
    expect(batch).toBe(8)
    expect(peaks.multiplyAddsPerSecond).toBeGreaterThan(1e8)
    expect(peaks.bytesPerSecond).toBeGreaterThan(1e8)
    const kernels = layers.filter((layer: { layer: string }) => /^(convs|fcs)/.test(layer.layer))
    expect(kernels).toHaveLength(5)
    for (const layer of kernels) {
      expect(layer.forwardSeconds).toBeGreaterThan(0)
      expect(layer.backwardSeconds).toBeGreaterThan(0)
      expect(layer.multiplyAdds % 8).toBe(0)
      expect(layer.bytes).toBeGreaterThan(0)
    }
    const sum = calls.reduce((total: number, call: { seconds: number }) => total + call.seconds, 0)
    expect(sum).toBeCloseTo(seconds, 9)
    // The activations of the third convolution, 8 images in blocks of 4: 16 x 5 x 5 in, 120 out, read or written.
    const third = calls.find(
      (call: { layer: string; kernel: string; pass: string }) =>
        call.layer === 'convs.6' && call.kernel === 'transform' && call.pass === 'forward',
    )
    expect(third.bytes).toBe(8 * 4 * (16 * 5 * 5 + 120))
  })

  test('prints kernels and layers as tables, each with its share', async () => {
    const text = await ok(...small, '--quiet')
    expect(text).toMatch(/^lenet5, dctps 1%, batch 8, one thread, simd (plain|relaxed): [\d.]+ ms a step/)
    expect(text).toMatch(/\nkernel +ms +share/)
    expect(text).toMatch(/\nlayer +forward ms +backward ms/)
    expect(await ok(...small, '--quiet', '--layers', '0')).not.toMatch(/forward ms/)
  })

  test('of a network that does not exist is wrong usage', async () => {
    const outcome = await dctps(['profile', 'lenet6'], { cwd: root })
    expect(outcome).toMatchObject({ code: 2, stdout: '' })
    expect(outcome.stderr).toMatch(/lenet6.*lenet5/)
  })
})
