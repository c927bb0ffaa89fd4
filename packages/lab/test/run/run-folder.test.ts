// What a finished run leaves in its folder, which folders a run accepts, and what its configuration means.

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Classifier, decodeModel, decodeTrainState, kernelLayers, readSafetensors, weightShape } from 'dctps'
import { createNodeRunner } from 'dctps/node'
import { beforeAll, describe, expect, test } from 'vitest'
import { readSettings, resolveConfig, type Settings } from '#lab/config/index'
import { openDataset, parseDatasetSpec } from '#lab/data/index'
import { readMetrics } from '#lab/log/metrics'
import {
  defaultRunFolder,
  folderState,
  kindOfPath,
  modelTensors,
  networkInput,
  type RunEvent,
  type RunResult,
  readModel,
  readSummary,
  runPaths,
  startRun,
  testModel,
} from '#lab/run/index'
import { snapshot } from '../cli/command-line.js'
import { temporaryFolder } from '../data/sources.js'
import { classes, writeTinyData } from './tiny-data.js'

const usageError = (message: RegExp) =>
  expect.objectContaining({ code: 'usage', message: expect.stringMatching(message) })

let root: string
let result: RunResult
const events: RunEvent[] = []
const configOf = (settings: Settings = {}) =>
  resolveConfig({
    data: join(root, 'tiny'),
    epochs: 3,
    batch: 64,
    lr: 0.02,
    threads: 1,
    validation: 0.25,
    ...settings,
  })

beforeAll(async () => {
  root = await temporaryFolder()
  await writeTinyData(root)
  result = await startRun(configOf(), { folder: join(root, 'run'), onEvent: (event) => events.push(event) })
})

describe('a finished run', () => {
  test('holds configuration, environment, metrics, events, state, models and summary, and nothing else', async () => {
    const names = (await readdir(result.paths.folder)).map((name) =>
      name.replace(/^(events\.out\.tfevents)\..*/, '$1'),
    )
    expect(names.sort()).toEqual([
      'config.json',
      'environment.json',
      'events.out.tfevents',
      'metrics.jsonl',
      'model-best.dctps',
      'model.dctps',
      'state.dctps',
      'summary.json',
    ])
  })

  test('its config.json is a config file that gives the same configuration', async () => {
    expect(resolveConfig(await readSettings(result.paths.config))).toEqual(configOf())
  })

  test('its metrics have a line an epoch, with 3 steps of 192 training images each', async () => {
    const records = await readMetrics(result.paths.metrics)
    expect(records.map(({ epoch, step }) => [epoch, step])).toEqual([
      [1, 3],
      [2, 6],
      [3, 9],
    ])
    const epochs = events.filter((event) => event.type === 'epoch')
    expect(epochs.map(({ record }) => record)).toEqual(records)
  })

  test('its environment names version, threads, seed and SIMD flavour', async () => {
    const environment = JSON.parse(await readFile(result.paths.environment, 'utf8'))
    const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(environment.sessions).toHaveLength(1)
    expect(environment.sessions[0]).toMatchObject({
      dctps: manifest.version,
      node: process.version,
      threads: 1,
      seed: 0,
      simd: configOf().simd,
      fromStep: 0,
    })
  })

  test('its summary agrees with the models: tested again, they give the same accuracies', async () => {
    const summary = await readSummary(result.paths.summary)
    expect(summary).toEqual(result.summary)
    const { test: images } = await openDataset(parseDatasetSpec(join(root, 'tiny')))
    for (const [file, expected] of [
      [result.paths.model, summary.test?.final],
      [result.paths.bestModel, summary.test?.best],
    ] as const) {
      const { confusion, loss, ...again } = await testModel(await readModel(file), images!, {
        threads: 2,
        simd: configOf().simd,
      })
      expect(again).toEqual({ images: 64, accuracy: expected?.accuracy })
      expect(loss).toBeCloseTo(expected?.loss ?? Number.NaN, 6)
      const correct = confusion.reduce((sum, answers, label) => sum + answers[label]!, 0)
      expect(correct / 64).toBe(again.accuracy)
      expect(confusion.map((answers) => answers.reduce((a, b) => a + b))).toEqual(Array(classes).fill(16))
    }
  })

  test('its state is at the end of the last epoch and holds the final weights', async () => {
    const { state } = decodeTrainState(await readFile(result.paths.state), 'state')
    const model = decodeModel(await readFile(result.paths.model), 'model')
    expect(state).toMatchObject({ epoch: 3, stepInEpoch: 0, step: 9 })
    expect(state.parameters).toEqual(model.parameters)
  })

  test('resumed, it changes nothing and says that it was finished', async () => {
    const before = await snapshot(root)
    const again = await startRun(configOf({ threads: 2, saveEvery: 1 }), {
      folder: result.paths.folder,
      resume: true,
    })
    expect(again).toEqual({ ...result, wasFinished: true })
    expect(await snapshot(root)).toEqual(before)
  })
})

describe('a folder', () => {
  test('is named after what determines the result, and not after threads', () => {
    const name = defaultRunFolder(configOf())
    expect(name).toMatch(/^runs.lenet5-dctps-0\.01-epl-seed0-[0-9a-f]{6}$/)
    expect(defaultRunFolder(configOf({ threads: 7, saveEvery: 2 }))).toBe(name)
    expect(defaultRunFolder(configOf({ lr: 0.03 }))).not.toBe(name)
    expect(defaultRunFolder(configOf({ kind: 'dense' }))).toMatch(/^runs.lenet5-dense-seed0-[0-9a-f]{6}$/)
  })

  test('with a run is refused without resume, and one without a run with it', async () => {
    const before = await snapshot(root)
    const { folder } = result.paths
    await expect(startRun(configOf(), { folder })).rejects.toEqual(usageError(/already holds a finished run/))
    await expect(startRun(configOf(), { folder: join(root, 'none'), resume: true })).rejects.toEqual(
      usageError(/no run to resume/),
    )
    expect(await snapshot(root)).toEqual(before)
  })

  test('with a run of another configuration is refused, naming what differs', async () => {
    const { folder } = result.paths
    const other = configOf({ lr: 0.5, seed: 3 })
    await expect(startRun(other, { folder, resume: true })).rejects.toEqual(
      usageError(/lr was 0\.02, now 0\.5; seed was 0, now 3/),
    )
  })

  test('is not made when the run is stopped before it begins', async () => {
    const before = await snapshot(root)
    const stopped = startRun(configOf(), { folder: join(root, 'never'), signal: AbortSignal.abort() })
    await expect(stopped).rejects.toEqual(expect.objectContaining({ code: 'cancelled' }))
    expect(await kindOfPath(join(root, 'never'))).toBe(null)
    expect(await snapshot(root)).toEqual(before)
  })

  test('with a run on other images is refused', async () => {
    const changed = await temporaryFolder()
    await writeTinyData(changed)
    const folder = join(changed, 'run')
    const config = { ...configOf(), data: join(changed, 'tiny') }
    await startRun(config, { folder })
    await writeTinyData(changed, 260)
    await expect(startRun(config, { folder, resume: true })).rejects.toEqual(usageError(/dataChecksum was/))
  })

  test('whose run was killed before its first state begins again, with the same configuration only', async () => {
    const paths = runPaths(join(root, 'begun'))
    await mkdir(paths.folder)
    await writeFile(paths.config, JSON.stringify(configOf()))
    expect(await folderState(paths)).toBe('begun')
    await expect(startRun(configOf({ seed: 1 }), { folder: paths.folder, resume: true })).rejects.toEqual(
      usageError(/seed was 0, now 1/),
    )
    await startRun(configOf(), { folder: paths.folder, resume: true })
    expect((await readFile(paths.model)).equals(await readFile(result.paths.model))).toBe(true)
  })
})

describe('a model of a run', () => {
  test('answers like it was tested, image by image', async () => {
    const model = await readModel(result.paths.bestModel)
    const { test: images } = await openDataset(parseDatasetSpec(join(root, 'tiny')))
    const classifier = await Classifier.create(
      model,
      { createRunner: (program) => createNodeRunner(program, 1) },
      images!.shape,
    )
    const answers = await classifier.classify(images!.pixels)
    classifier.close()
    const correct = answers.filter(({ label }, image) => label === images!.labels[image]).length
    expect(correct / 64).toBe(result.summary.test?.best?.accuracy)
  })

  test.each(['dctps', 'sparse', 'dense'] as const)(
    'as safetensors has all %s parameters by their names',
    async (kind) => {
      const folder = join(root, kind)
      await startRun(configOf({ kind, epochs: 1 }), { folder })
      const model = await readModel(runPaths(folder).model)
      const { tensors, metadata } = readSafetensors(modelTensors(model))
      expect(metadata.get('arch')).toBe('lenet5')
      for (const layer of kernelLayers(model.network)) {
        const prefix =
          kind === 'dctps' ? `${layer.name}.${layer.op === 'linear' ? 'linear' : 'conv'}` : layer.name
        const values = model.parameters.get(`${prefix}.weight`)
        if (kind === 'dense') {
          expect(tensors.get(`${prefix}.weight`)).toEqual({
            dtype: 'F32',
            shape: weightShape(layer),
            data: values,
          })
        } else {
          expect(tensors.get(`${prefix}.weight.values`)?.data).toEqual(values)
          const positions = model.supports.get(layer.id)!
          expect(tensors.get(`${prefix}.weight.indices`)).toEqual({
            dtype: 'I32',
            shape: [positions.length],
            data: Int32Array.from(positions),
          })
        }
        if (kind === 'dctps') expect(tensors.get(`${layer.name}.scaling`)?.shape).toEqual([1])
      }
      // LeNet-5 has five kernels and no biases: weight, or positions and values, and alpha.
      expect(tensors.size).toBe({ dctps: 15, sparse: 10, dense: 5 }[kind])
    },
  )
})

test("the network's input is its smallest size that holds the images", () => {
  const architecture = { name: 'some', summary: '', inputSizes: [64, 32], build: () => expect.fail() }
  const dataset = (height: number, width: number) => ({
    name: 'photos',
    shape: { channels: 3, height, width },
    classes: [],
    pixels: new Uint8Array(),
    labels: new Uint16Array(),
  })
  expect(networkInput(architecture, dataset(28, 32))).toEqual({ channels: 3, height: 32, width: 32 })
  expect(networkInput(architecture, dataset(28, 33))).toEqual({ channels: 3, height: 64, width: 64 })
  expect(() => networkInput(architecture, dataset(65, 10))).toThrow(
    /photos are 65x10; resize them with --size 64/,
  )
})
