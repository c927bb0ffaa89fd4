// Costs against numbers from shapes by hand, and against what `dctps inspect` counts of a compiled network.

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { kernelLayers, type Model, TransformCache } from 'dctps'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Settings } from '#lab/config/index'
import { CostTable, type MethodCost } from '#lab/results/method-cost'
import { spreadIndices } from '#lab/results/model-facts'
import { type ResultRun, readRun } from '#lab/results/read-run'
import type { ReadConfig } from '#lab/results/run-files'
import { choiceMultiplyAdds, searchMultiplyAdds } from '#lab/results/support-choice'
import { layerCosts, readModel } from '#lab/run/index'
import { temporaryFolder } from '../data/sources.js'
import { writeRun } from './run-folders.js'

// LeNet-5 for 32x32 images of one channel: weights and output positions of its kernels.
const weights = [6 * 25, 16 * 6 * 25, 120 * 16 * 25, 82 * 120, 10 * 82]
const positions = [28 * 28, 10 * 10, 1, 1, 1]
const denseUse = weights.reduce((sum, count, layer) => sum + count * positions[layer]!, 0)
/** Forward, gradient of the weights, gradient of the input; that of the images is not wanted. */
const denseTraining = 3 * denseUse - weights[0]! * positions[0]!

let root: string
const table = new CostTable(new TransformCache())

beforeAll(async () => {
  root = await temporaryFolder()
})
afterAll(() => rm(root, { recursive: true, force: true }))

async function made(settings: Settings): Promise<{ run: ResultRun; model: Model; cost: MethodCost }> {
  const name = JSON.stringify(settings).replace(/\W+/g, '-')
  await writeRun(root, name, { settings: { batch: 32, ...settings } })
  const run = await readRun(root, { name, label: null })
  if (!('summary' in run)) throw new Error(run.reason)
  const model = await readModel(join(run.folder, 'model.dctps'))
  return { run, model, cost: table.costOf(run, model) }
}

const stored = ({ network, supports }: Model) =>
  kernelLayers(network).map(({ id }) => supports.get(id)!.length)

describe('a dense network', () => {
  test('takes its weights times positions forward, and almost thrice that in training', async () => {
    const { cost } = await made({ kind: 'dense' })
    expect(cost.multiplyAdds).toEqual({ use: denseUse, training: denseTraining })
    expect(cost.denseMultiplyAdds).toEqual(cost.multiplyAdds)
    expect(cost.choice).toBe(0)
  })

  test('stores four bytes a weight, and three times that with both moments of Adam', async () => {
    const { cost, run } = await made({ kind: 'dense' })
    expect(cost.bytes).toEqual({
      initial: 4 * 61_210,
      training: 12 * 61_210,
      final: run.summary.modelBytes,
    })
    const sgd = await made({ kind: 'dense', optimizer: 'sgd' })
    expect(sgd.cost.bytes.training).toBe(8 * 61_210)
  })
})

describe('a sparse network', () => {
  test('takes its non-zeros times positions', async () => {
    const { model, cost } = await made({ kind: 'sparse', density: 0.1 })
    const own = stored(model).map((count, layer) => count * positions[layer]!)
    const use = own.reduce((sum, count) => sum + count, 0)
    expect(cost.multiplyAdds.use).toBeCloseTo(use, 6)
    expect(cost.multiplyAdds.training).toBeCloseTo(3 * use - own[0]!, 6)
    expect(cost.denseMultiplyAdds).toEqual({ use: denseUse, training: denseTraining })
  })

  test('stores values, moments and positions', async () => {
    const { cost } = await made({ kind: 'sparse', density: 0.1 })
    expect(cost.bytes).toMatchObject({ initial: 8 * 6121, training: 16 * 6121 })
  })

  test('that is pruned before training needs all weights to begin with, one pruned at random does not', async () => {
    const { run, model } = await made({ kind: 'sparse', density: 0.1 })
    const pruned = (prune: string) =>
      table.costOf({ ...run, config: { ...run.config, rule: null, prune } }, model).bytes
    expect(pruned('snip')).toMatchObject({ initial: 4 * 61_210, training: 16 * 6121 })
    expect(pruned('random')).toMatchObject({ initial: 8 * 6121, training: 16 * 6121 })
    expect(pruned('imp')).toMatchObject({ initial: 4 * 61_210, training: 12 * 61_210 })
  })
})

describe('a DCTpS network', () => {
  test.each([0.01, 0.1])('takes what its compiled program takes, at density %f', async (density) => {
    const { model, cost } = await made({ density })
    const executed = layerCosts(model.network, model.supports)
    expect(cost.multiplyAdds.use).toBeCloseTo(
      executed.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0),
      6,
    )
    // Far more than S alone, far less than a dense network with D as a matrix on top.
    expect(cost.multiplyAdds.use).toBeLessThan(2 * denseUse)
    expect(cost.multiplyAdds.training).toBeGreaterThan(2 * cost.multiplyAdds.use)
  })

  test('stores one alpha a layer, trained or not', async () => {
    const trained = await made({ density: 0.01 })
    expect(trained.cost.bytes).toMatchObject({ initial: 8 * 612 + 4 * 5, training: 16 * 612 + 12 * 5 })
    const frozen = await made({ density: 0.01, alpha: 'frozen' })
    expect(frozen.cost.bytes).toMatchObject({ initial: 8 * 612 + 4 * 5, training: 16 * 612 + 4 * 5 })
  })
})

describe('choosing a support', () => {
  const dense = { use: 100, training: 300 }
  const config = (changes: Partial<ReadConfig>): ReadConfig => ({
    network: 'lenet5',
    kind: 'sparse',
    density: 0.5,
    data: 'data',
    epochs: 2,
    batch: 10,
    lr: 0.01,
    optimizer: 'adam',
    seed: 0,
    ...changes,
  })
  const choice = (changes: Partial<ReadConfig>) =>
    choiceMultiplyAdds(config(changes), { steps: 7 }, 10, dense)

  test.each<[string, Partial<ReadConfig>, number]>([
    ['by a rule costs nothing', { rule: 'epl' }, 0],
    ['by SNIP costs a gradient of ten images a class', { prune: 'snip' }, 100 * 300],
    ['by FORCE costs as much a step', { prune: 'force', pruneSteps: 60 }, 60 * 100 * 300],
    ['by Iter-SNIP takes ten steps where nothing is said', { prune: 'iter-snip' }, 10 * 100 * 300],
    ['by SynFlow costs one image a step', { prune: 'synflow' }, 100 * 300],
    // Rounds leave 80%, 64%, 51.2%, 41%, so four train: 1 + 0.8 + 0.64 + 0.512 of seven steps of ten images.
    ['by IMP costs a training run a round', { prune: 'imp' }, 2.952 * 7 * 10 * 300],
    ['by magnitude looks at no data', { prune: 'magnitude' }, 0],
  ])('%s', (_, changes, expected) => {
    expect(choice(changes)).toBeCloseTo(expected, 6)
  })

  test('while training: RigL forms a dense gradient now and then, SET none', () => {
    const rigl = config({ dynamic: 'rigl', updateEvery: 50, updateUntil: 0.5 })
    expect(searchMultiplyAdds(rigl, 1000)).toBeCloseTo(10, 12)
    expect(searchMultiplyAdds(config({ dynamic: 'set' }), 1000)).toBe(0)
  })
})

test('maps are drawn of layers that lie far apart', () => {
  expect(spreadIndices(3, 4)).toEqual([0, 1, 2])
  expect(spreadIndices(10, 4)).toEqual([0, 3, 6, 9])
  expect(spreadIndices(1, 4)).toEqual([0])
})
