import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { simdFlavours } from 'dctps'
import { enableRelaxedSimd } from 'dctps/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allPassed, type FileReport, statusOf, worstOfEachKind } from '#lab/reference/comparison'
import { runReference } from '#lab/reference/run'
import { changeTensors, copyOf, floats, integers, sharedFolder, temporaryFolder } from './folders.js'
import { writeLayers, writeSteps } from './synthetic.js'

async function reportOf(folder: string, file: string): Promise<FileReport> {
  const { files } = await runReference(folder)
  const report = files.find((candidate) => candidate.file === file)
  if (report === undefined)
    throw new Error(`${file} was not checked; these were: ${files.map((f) => f.file)}`)
  return report
}

const present = existsSync(sharedFolder)

describe.skipIf(!present)(`the shared fixtures${present ? '' : ` (skipped: no ${sharedFolder})`}`, () => {
  test.each(simdFlavours)(
    'pass with %s SIMD, and only networks that do not exist here are left out',
    async (simd) => {
      if (simd === 'relaxed' && !enableRelaxedSimd()) return
      const { files } = await runReference(sharedFolder, undefined, simd)
      expect(files.filter((file) => statusOf(file) === 'failed')).toEqual([])
      const status = new Map(files.map((file) => [file.file, statusOf(file)]))
      expect(status.get('layers.safetensors')).toBe('passed')
      expect(status.get('step_lenet5.safetensors')).toBe('passed')
      for (const file of files) if (statusOf(file) === 'skipped') expect(file.skipped.length).toBe(1)
    },
  )

  test('every layer is compared in every tensor that the file has a reference of', async () => {
    const configs: unknown = JSON.parse(await readFile(join(sharedFolder, 'layers.json'), 'utf8'))
    const layers = Array.isArray(configs) ? configs.length : 0
    const { comparisons } = await reportOf(sharedFolder, 'layers.safetensors')
    const counts = new Map(worstOfEachKind(comparisons).map(({ count, worst }) => [worst.kind, count]))
    for (const kind of ['y', 'dx', 'dvalues', 'dalpha']) expect(counts.get(kind), kind).toBe(layers)
    expect(counts.get('dweight_dense')).toBeGreaterThan(0)
    expect(counts.get('dbias')).toBeGreaterThan(0)
  })

  test('a copy with one wrong gradient fails at that tensor', async () => {
    const copy = await copyOf(sharedFolder, 'step_lenet5.safetensors', 'step_lenet5.tolerance.json')
    await changeTensors(copy, 'step_lenet5.safetensors', (tensors) => {
      const name = 'step0.grad.convs.3.scaling'
      tensors.set(name, floats([1], [Number(tensors.get(name)!.data[0]) + 1e-3]))
    })
    const report = await reportOf(copy, 'step_lenet5.safetensors')
    expect(statusOf(report)).toBe('failed')
    expect(report.comparisons.filter((c) => c.error > c.tolerance).map((c) => c.name)).toEqual([
      'step0.grad.convs.3.scaling',
    ])
  })
})

describe('fixtures of other shapes than the shared ones', () => {
  test('layers of any size, batch, stride, padding, groups, bias and rectangle pass', async () => {
    const folder = await temporaryFolder()
    await writeLayers(folder, 'layers_more', [
      { kind: 'conv2d', in: 1, out: 5, k: 4, stride: 3, pad: 2, alpha: 0.5, n: 1, height: 9, width: 6 },
      {
        kind: 'conv2d',
        in: 6,
        out: 9,
        k: 3,
        pad: 1,
        groups: 3,
        alpha: -1,
        bias: true,
        n: 5,
        height: 4,
        width: 5,
      },
      { kind: 'linear', in: 7, out: 11, alpha: 1, bias: true, n: 33 },
    ])
    const report = await reportOf(folder, 'layers_more.safetensors')
    expect(report.problems).toEqual([])
    expect(statusOf(report)).toBe('passed')
    expect(report.comparisons.length).toBe(3 * 5 + 2)
  })

  test('steps of a grayscale network with other classes and an odd batch pass', async () => {
    const folder = await temporaryFolder()
    const config = { arch: 'lenet5', channels: 1, steps: 2 } as const
    await writeSteps(folder, 'gray', { ...config, kind: 'dctps', classes: 7, n: 3 })
    await writeSteps(folder, 'sparse', { ...config, kind: 'sparse', classes: 13, n: 5 })
    const { files } = await runReference(folder)
    expect(files.flatMap((file) => file.problems)).toEqual([])
    expect(files.map(statusOf)).toEqual(['passed', 'passed'])
  })

  test('steps of a batch-normalised network pass, buffers and batch counters included', async () => {
    const folder = await temporaryFolder()
    await writeSteps(folder, 'bn', {
      arch: 'resnet8',
      kind: 'dctps',
      channels: 1,
      classes: 3,
      steps: 1,
      n: 2,
    })
    const report = await reportOf(folder, 'step_bn.safetensors')
    expect(report.problems).toEqual([])
    expect(statusOf(report)).toBe('passed')
  })
})

describe('whatever does not fit', () => {
  const steps = 'step_small.safetensors'
  let original: string

  beforeAll(async () => {
    original = await mkdtemp(join(tmpdir(), 'dctps-reference-'))
    const config = { arch: 'lenet5', kind: 'dctps', channels: 1, classes: 4, steps: 1, n: 2 } as const
    await writeSteps(original, 'small', config)
    await writeLayers(original, 'layers', [{ kind: 'linear', in: 4, out: 6, alpha: 1, n: 2 }])
  })

  afterAll(() => rm(original, { recursive: true, force: true }))

  const copySteps = () => copyOf(original, steps, 'step_small.tolerance.json')
  const copyLayers = () => copyOf(original, 'layers.json', 'layers.safetensors')

  test('a tensor of the fixture that we do not produce is a problem', async () => {
    const copy = await copySteps()
    await changeTensors(copy, steps, (tensors) => tensors.set('step0.grad.extra', floats([1], [0])))
    const { problems } = await reportOf(copy, steps)
    expect(problems).toEqual([`${steps}: lenet5 here produces or takes no tensor step0.grad.extra`])
  })

  test('a gradient of ours that the fixture does not have is a problem', async () => {
    const copy = await copySteps()
    await changeTensors(copy, steps, (tensors) => tensors.delete('step0.grad.fcs.0.scaling'))
    const { problems } = await reportOf(copy, steps)
    expect(problems.join()).toMatch(`${steps} has no tensor step0.grad.fcs.0.scaling`)
  })

  test('a parameter of ours without an initial value is a problem, and nothing is compared', async () => {
    const copy = await copySteps()
    await changeTensors(copy, steps, (tensors) => tensors.delete('init.convs.3.scaling'))
    const report = await reportOf(copy, steps)
    expect(report.problems.join()).toMatch(`${steps} has no tensor init.convs.3.scaling, expected [1]`)
    expect(report.comparisons).toEqual([])
  })

  test('a support outside the weight is a problem', async () => {
    const copy = await copySteps()
    await changeTensors(copy, steps, (tensors) => {
      tensors.set('init.fcs.2.linear.weight.indices', integers([2], [5, 5]))
    })
    const { problems } = await reportOf(copy, steps)
    expect(problems.join()).toMatch(
      /init\.fcs\.2\.linear\.weight\.indices must hold ascending .* entry 1 is 5/,
    )
  })

  test('a tensor without a tolerance and a tolerance without a tensor are problems', async () => {
    const copy = await copySteps()
    const file = join(copy, 'step_small.tolerance.json')
    const tolerances = new Map(Object.entries(JSON.parse(await readFile(file, 'utf8'))))
    tolerances.delete('sgd.losses')
    tolerances.set('sgd.loses', 1)
    await writeFile(file, JSON.stringify(Object.fromEntries(tolerances)))
    const { problems } = await reportOf(copy, steps)
    expect(problems).toEqual([
      'step_small.tolerance.json gives no tolerance for sgd.losses',
      `step_small.tolerance.json: ${steps} has no tensor sgd.loses for its tolerance`,
    ])
  })

  test('a value that is not a number is never within tolerance', async () => {
    const copy = await copyLayers()
    await changeTensors(copy, 'layers.safetensors', (tensors) => {
      const dx = tensors.get('0.dx')!
      tensors.set('0.dx', floats(dx.shape, [Number.NaN, ...Array.from(dx.data, Number).slice(1)]))
    })
    expect(statusOf(await reportOf(copy, 'layers.safetensors'))).toBe('failed')
  })

  test('a file cut short, an empty one and one that is not JSON are named', async () => {
    const copy = await copyOf(
      original,
      steps,
      'step_small.tolerance.json',
      'layers.json',
      'layers.safetensors',
    )
    await truncate(join(copy, steps), 3000)
    await writeFile(join(copy, 'layers.json'), '[{"kind":')
    await writeFile(join(copy, 'models.json'), '')
    const { files } = await runReference(copy)
    expect(files.map(statusOf)).toEqual(['failed', 'failed', 'failed'])
    const problems = files.flatMap((file) => file.problems)
    expect(problems[0]).toMatch(/^layers\.json is not JSON/)
    expect(problems[1]).toMatch(/^models\.json is not JSON/)
    expect(problems[2]).toMatch(/^step_small\.safetensors is not a valid safetensors file/)
  })

  test('half of a pair fails with the name of the other half', async () => {
    const copy = await copyOf(original, steps, 'layers.json')
    const { files } = await runReference(copy)
    expect(files.flatMap((file) => file.problems).join('\n')).toMatch(
      /layers\.safetensors is missing[\s\S]*step_small\.tolerance\.json is missing/,
    )
    expect(allPassed(files)).toBe(false)
  })

  test('networks that do not exist here are skipped by name, and alone they do not pass', async () => {
    const copy = await copySteps()
    await changeTensors(copy, steps, (_, metadata) => metadata.set('arch', 'lenet6'))
    const { files } = await runReference(copy)
    expect(files.map((file) => [statusOf(file), file.skipped])).toEqual([['skipped', ['lenet6']]])
    expect(allPassed(files)).toBe(false)
  })

  test('a wrong kernel name, shape or count in models.json exceeds its tolerance of none', async () => {
    const folder = await temporaryFolder()
    const shapes = { 'convs.0': [6, 3, 5, 5], 'convs.3': [16, 6, 5, 5], 'convs.6': [120, 16, 5, 5] }
    const kernels = [
      ...Object.entries(shapes).map(([name, shape]) => ({ name: `${name}.conv`, shape })),
      { name: 'fcs.0.linear', shape: [82, 120] },
      { name: 'fcs.2.linear', shape: [10, 82] },
    ]
    const entry = { arch: 'lenet5', classes: 10, kernels, kernelParams: 61510, otherTrainable: 5, buffers: 0 }
    const renamed = [{ name: 'convs.0.cnv', shape: [6, 3, 5, 5] }, ...kernels.slice(1)]
    const check = async (changed: object) => {
      await writeFile(join(folder, 'models.json'), JSON.stringify([{ ...entry, ...changed }]))
      const { comparisons } = await reportOf(folder, 'models.json')
      return comparisons.filter((c) => c.error > c.tolerance).map((c) => c.kind)
    }
    expect(await check({})).toEqual([])
    expect(await check({ kernels: renamed })).toEqual(['differing kernels'])
    expect(await check({ kernels: kernels.slice(1) })).toEqual(['differing kernels'])
    expect(await check({ kernelParams: 61511 })).toEqual(['kernel weights'])
    expect(await check({ otherTrainable: 6, buffers: 1 })).toEqual(['other trainable', 'buffers'])
  })

  test('a layer density off by one millionth exceeds its tolerance', async () => {
    const folder = await temporaryFolder()
    const entry = { arch: 'lenet5', classes: 10, distribution: 'uniform', density: 0.05 }
    const check = async (layerDensities: readonly number[]) => {
      await writeFile(join(folder, 'densities.json'), JSON.stringify([{ ...entry, layerDensities }]))
      return reportOf(folder, 'densities.json')
    }
    expect(statusOf(await check([0.05, 0.05, 0.05, 0.05, 0.05]))).toBe('passed')
    expect(statusOf(await check([0.05, 0.05, 0.05, 0.05, 0.050001]))).toBe('failed')
    expect((await check([0.05])).problems.join()).toMatch(/lists 1 layers, the network has 5/)
  })
})
