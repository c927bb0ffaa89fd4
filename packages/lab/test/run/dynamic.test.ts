// Runs whose supports move, from the command line to their files: killed and resumed, tested, inspected, used.

import { watch } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeModel, decodeTrainState, kernelLayers } from 'dctps'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { readSupportLog } from '#lab/log/support-log'
import { runPaths } from '#lab/run/index'
import { dctps } from '../cli/command-line.js'
import { temporaryFolder } from '../data/sources.js'
import { side, writeTinyData } from './tiny-data.js'

/** 192 training images in batches of 16: twelve steps an epoch, 48 in all, updates every 5 before step 36. */
const settings = [
  ...['--network', 'resnet8', '--density', '2%', '--data', 'tiny', '--validation', '0.25', '--epochs', '4'],
  ...['--batch', '16', '--lr', '0.003', '--update-every', '5'],
]
const updates = [5, 10, 15, 20, 25, 30, 35]

let root: string

beforeAll(async () => {
  root = await temporaryFolder()
  await writeTinyData(root)
})

const bytesOf = (folder: string, name: string) => readFile(join(root, folder, name))

describe.each([
  ['rigl', 'dctps'],
  ['set', 'sparse'],
])('a run with dynamic %s on %s kernels', (dynamic, kind) => {
  const argumentsFor = (folder: string, ...args: readonly string[]) => [
    ...['train', ...settings, '--dynamic', dynamic, '--kind', kind],
    ...['--out', `${dynamic}-${folder}`, ...args],
  ]
  const train = (folder: string, ...args: readonly string[]) =>
    dctps(argumentsFor(folder, ...args), { cwd: root })
  const bytes = (folder: string, name: string) => bytesOf(`${dynamic}-${folder}`, name)

  beforeAll(async () => {
    expect(await train('alone', '--threads', '1', '--quiet')).toMatchObject({ code: 0, stderr: '' })
  }, 60_000)

  test('moves entries at every update, and its models hold the supports of their weights', async () => {
    const log = await readSupportLog(join(root, `${dynamic}-alone`, 'support.jsonl'))
    expect(log.map(({ step }) => step)).toEqual(updates)
    for (const { step, moved, layers } of log) {
      expect(moved).toBe(layers.reduce((sum, layer) => sum + layer.moved, 0))
      // The last ones move next to nothing.
      if (step <= 20) expect(moved).toBeGreaterThan(0)
    }
    const paths = runPaths(join(root, `${dynamic}-alone`))
    const { state } = decodeTrainState(await readFile(paths.state), 'state')
    const model = decodeModel(await readFile(paths.model), 'model')
    const best = decodeModel(await readFile(paths.bestModel), 'best')
    for (const { id, name } of kernelLayers(model.network)) {
      expect(model.supports.get(id), name).toEqual(state.supports.get(id))
      expect(best.supports.get(id), name).toEqual(state.best?.supports.get(id))
    }
    expect(model.parameters).toEqual(state.parameters)
    expect(best.parameters).toEqual(state.best?.parameters)
  })

  test('killed again and again and resumed with another number of threads, it ends with the same bytes', async () => {
    expect(await train('together', '--threads', '2', '--quiet')).toMatchObject({ code: 0, stderr: '' })
    for (let kill = 0; kill < 6; kill++) {
      const often = ['--save-every', '0.001', '--threads', String(1 + (kill % 2))]
      const args = argumentsFor('killed', ...often, ...(kill === 0 ? [] : ['--resume']))
      const act = (send: (signal: NodeJS.Signals) => void) => {
        const watcher = watch(join(root, `${dynamic}-killed`), (_, name) => {
          if (name !== 'state.dctps') return
          watcher.close()
          setTimeout(() => send('SIGKILL'), 15 * kill)
        })
      }
      expect(await dctps(args, { cwd: root, when: { stdout: 'thread', act } })).toMatchObject({
        signal: 'SIGKILL',
      })
    }
    expect(await train('killed', '--resume', '--quiet')).toMatchObject({ code: 0, stderr: '' })
    for (const name of ['model.dctps', 'model-best.dctps', 'support.jsonl']) {
      const expected = await bytes('alone', name)
      expect(expected.equals(await bytes('together', name)), `${name} with two threads`).toBe(true)
      expect(expected.equals(await bytes('killed', name)), `${name} after kills`).toBe(true)
    }
  })

  test('is tested, inspected and used as any other', async () => {
    const folder = `${dynamic}-alone`
    const summary = JSON.parse((await bytes('alone', 'summary.json')).toString())
    expect(summary.dynamic).toBe(dynamic)
    for (const [file, expected] of [
      [folder, summary.test.best],
      [join(folder, 'model.dctps'), summary.test.final],
    ]) {
      const outcome = await dctps(['eval', file, '--data', 'tiny', '--json'], { cwd: root })
      expect(outcome).toMatchObject({ code: 0, stderr: '' })
      expect(JSON.parse(outcome.stdout).accuracy).toBe(expected.accuracy)
    }
    for (const file of ['model.dctps', 'state.dctps']) {
      const inspected = await dctps(['inspect', join(folder, file), '--json'], { cwd: root })
      expect(inspected).toMatchObject({ code: 0, stderr: '' })
      expect(JSON.parse(inspected.stdout)).toMatchObject({
        support: { type: 'explicit' },
        nonZeros: summary.nonZeros,
      })
    }
    const image = sharp(Buffer.alloc(side * side, 90), { raw: { width: side, height: side, channels: 1 } })
    await writeFile(join(root, 'grey.png'), await image.png().toBuffer())
    const predicted = await dctps(['predict', folder, 'grey.png', '--json'], { cwd: root })
    expect(predicted).toMatchObject({ code: 0, stderr: '' })
    expect(predicted.stdout).toMatch(/probability/)
  })
})
