// Runs that prune before they train: from the command to models that can be used, resumed bitwise after kills.

import { watch } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeTrainState } from 'dctps'
import { beforeAll, describe, expect, test } from 'vitest'
import { type RunConfig, resolveConfig, type Settings } from '#lab/config/index'
import { defaultRunFolder, readModel, readSaved, runPaths, startRun } from '#lab/run/index'
import { dctps, expectOneLine, snapshot } from '../cli/command-line.js'
import { temporaryFolder, writeTree } from '../data/sources.js'
import { tinyFiles, writeTinyData } from '../run/tiny-data.js'

let root: string

beforeAll(async () => {
  root = await temporaryFolder()
  await writeTinyData(root)
})

const configOf = (settings: Settings): RunConfig =>
  resolveConfig({
    ...{
      data: join(root, 'tiny'),
      kind: 'sparse',
      density: 0.05,
      epochs: 2,
      batch: 32,
      lr: 0.01,
      threads: 1,
    },
    ...settings,
  })
const bytesOf = (folder: string, name: string) => readFile(join(root, folder, name))
const nonZeros = async (folder: string) => {
  const { network, supports } = await readModel(join(root, folder, 'model.dctps'))
  expect(supports.size).toBe(5)
  expect(network.name).toBe('lenet5')
  return [...supports.values()].map(({ length }) => length)
}

describe('dctps train --prune', () => {
  const settings = [
    '--kind',
    'sparse',
    '--density',
    '1%',
    '--data',
    'tiny',
    '--epochs',
    '12',
    '--batch',
    '16',
  ]
  const train = (folder: string, ...args: readonly string[]) =>
    dctps(['train', ...settings, '--prune', 'synflow', '--out', folder, ...args], { cwd: root })

  test('prunes, trains, and saves a model that eval and inspect take', async () => {
    const outcome = await train('run', '--threads', '2')
    expect(outcome).toMatchObject({ code: 0, stderr: '' })
    expect(outcome.stdout).toMatch(/(^|\n)lenet5: sparse kernels, 607 of 60,718 weights \(1%, synflow\)\n/)
    expect(outcome.stdout).toMatch(
      /\npruned by synflow, 100 steps, in .*: \d+ of 228 units are on no path from input to output\n/,
    )
    const pruning = JSON.parse((await bytesOf('run', 'pruning.json')).toString())
    expect(pruning).toMatchObject({
      method: 'synflow',
      steps: 100,
      hessianError: null,
      total: { entries: 60_718, nnz: 607 },
      empty: [],
      unreachedOutputs: [],
    })
    expect(pruning.layers.map(({ nnz }: { nnz: number }) => nnz)).toEqual(await nonZeros('run'))
    expect(JSON.parse((await bytesOf('run', 'summary.json')).toString())).toMatchObject({
      rule: 'synflow',
      nonZeros: 607,
    })
    const evaluation = await dctps(['eval', 'run', '--json'], { cwd: root })
    expect(JSON.parse(evaluation.stdout)).toMatchObject({ images: 64 })
    const inspection = await dctps(['inspect', 'run'], { cwd: root })
    expect(inspection.stdout).toMatch(/607 of 60,718/)
    expect(inspection.stdout).toMatch(/explicit/)
  })

  test('gives the same bytes after a kill while it trains and a kill while it prunes', async () => {
    const args = [...settings, '--prune', 'synflow', '--out', 'killed', '--save-every', '0.001']
    const first = await dctps(['train', ...args], {
      cwd: root,
      when: { stdout: 'pruned by', act: (kill) => kill('SIGKILL') },
    })
    expect(first.signal).toBe('SIGKILL')
    // Whether or not a state was written by then: the run has to prune again.
    await rm(join(root, 'killed', 'state.dctps'), { force: true })
    const second = await dctps(['train', ...args, '--resume'], {
      cwd: root,
      when: {
        stdout: 'pruned by',
        act: (kill) => {
          const watcher = watch(join(root, 'killed'), (_, name) => {
            if (name !== 'state.dctps') return
            watcher.close()
            kill('SIGKILL')
          })
        },
      },
    })
    expect(second.signal).toBe('SIGKILL')
    const last = await train('killed', '--resume', '--threads', '1')
    expect(last).toMatchObject({ code: 0, stderr: '' })
    for (const name of ['model.dctps', 'model-best.dctps']) {
      expect((await bytesOf('killed', name)).equals(await bytesOf('run', name)), name).toBe(true)
    }
  })

  test.each([
    [
      ['--prune', 'synflow', '--kind', 'dctps'],
      /synflow prunes standard networks .* starts at zero, .*dynamic: rigl/,
    ],
    [['--prune', 'snip', '--kind', 'dense'], /snip prunes standard networks .* dense kernels/],
    [
      ['--prune', 'snip', '--kind', 'sparse', '--rule', 'erk'],
      /rule cannot be used here: snip \(prune\) chooses/,
    ],
    [['--prune', 'snop', '--kind', 'sparse'], /unknown pruning method 'snop' \(did you mean snip\?\)/],
    [['--prune', 'snip', '--kind', 'sparse', '--prune-steps', '3'], /snip has no number of steps/],
    [
      ['--kind', 'sparse', '--prune-steps', '3'],
      /pruneSteps cannot be used here: they belong to a method of pruning/,
    ],
    [
      ['--prune', 'snip', '--kind', 'sparse', '--density', '0.001%'],
      /less than one weight; use at least 1\/60718/,
    ],
  ])('%j is refused and writes nothing', async (args, message) => {
    const outcome = await dctps(['train', '--data', 'tiny', '--out', 'refused', ...args], { cwd: root })
    expect(outcome.code).toBe(2)
    expectOneLine(outcome, 'dctps train', message)
    expect(await snapshot(root)).not.toHaveProperty([join(root, 'refused', 'config.json')])
  })
})

describe('dctps allocate --prune', () => {
  const allocate = (...args: readonly string[]) =>
    dctps(['allocate', '--network', 'lenet5', '--density', '1%', ...args], { cwd: root })

  test('shows what a run would choose, layer by layer, without training', async () => {
    const text = await allocate('--prune', 'synflow', '--data', 'tiny')
    expect(text.code).toBe(0)
    expect(text.stdout).toMatch(/^lenet5, tiny, seed 0\npruned by synflow, 100 steps/)
    expect(text.stdout).toMatch(/\ntotal +60718 +607 +1%\n$/)
    const json = JSON.parse((await allocate('--prune', 'synflow', '--data', 'tiny', '--json')).stdout)
    const run = JSON.parse((await bytesOf('run', 'pruning.json')).toString())
    expect(json).toEqual({ ...run, network: 'lenet5', data: 'tiny', seconds: json.seconds })
  })

  test.each([
    [['--data', 'tiny'], /data cannot be used here: a rule needs no data/],
    [['--prune', 'snip', '--rule', 'erk'], /rule cannot be used here: a method of pruning has no rule/],
    [
      ['--prune', 'snip', '--classes', '4'],
      /classes cannot be used here: pruning takes classes and channels/,
    ],
  ])('%j is refused', async (args, message) => {
    const outcome = await allocate(...args)
    expect(outcome.code).toBe(2)
    expectOneLine(outcome, 'dctps allocate', message)
  })
})

describe('a run that prunes', () => {
  test.each(['snip', 'iter-snip', 'force', 'grasp-it', 'grasp', 'magnitude', 'random'])(
    '%s says so in its name and its configuration, which can be read again',
    async (method) => {
      const config = configOf({ prune: method })
      expect(defaultRunFolder(config)).toMatch(new RegExp(`^runs.lenet5-sparse-0\\.05-${method}-seed0-`))
      expect(config).not.toHaveProperty('rule')
      expect(resolveConfig(JSON.parse(JSON.stringify(config)))).toEqual(config)
      const { paths, summary } = await startRun(config, { folder: join(root, method) })
      expect(summary).toMatchObject({ rule: method, nonZeros: 3036 })
      const pruning = JSON.parse(await readFile(paths.pruning, 'utf8'))
      expect(pruning.hessianError === null).toBe(method !== 'grasp')
      expect(pruning.steps).toBe(['iter-snip', 'force', 'grasp-it'].includes(method) ? 10 : null)
    },
  )

  test('takes its supports from its state when it goes on, and does not prune again', async () => {
    const config = configOf({ prune: 'force' })
    const paths = runPaths(join(root, 'force'))
    await rm(paths.summary)
    const seen: string[] = []
    const onEvent = ({ type }: { type: string }) => void seen.push(type)
    await startRun(config, { folder: paths.folder, resume: true, onEvent })
    expect(seen).not.toContain('prune')
    const { state, model } = { state: await readSaved(paths.state), model: await readModel(paths.model) }
    expect(state.type === 'state' && state.file.state.supports).toEqual(model.supports)
  })
})

describe('IMP', () => {
  const settings = { prune: 'imp', density: 0.6, epochs: 1 } as const

  test('goes on with the round after the last one that was saved, with the same bytes', async () => {
    const config = configOf(settings)
    await startRun(config, { folder: join(root, 'imp') })
    expect((await nonZeros('imp')).reduce((sum, n) => sum + n, 0)).toBe(Math.round(0.6 * 60_718))
    const control = new AbortController()
    let steps = 0
    const stopped = startRun(config, {
      folder: join(root, 'imp-stopped'),
      signal: control.signal,
      onEvent: (event) => {
        // In the second of three rounds.
        if (event.type === 'prune' && ++steps > 0 && event.done / event.steps > 0.4) control.abort()
      },
    })
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' })
    const paths = runPaths(join(root, 'imp-stopped'))
    const ticket = decodeTrainState(await readFile(paths.ticket), paths.ticket)
    expect([...ticket.state.supports.values()].reduce((sum, { length }) => sum + length, 0)).toBe(48_574)
    const before = steps
    steps = 0
    await startRun(config, {
      folder: paths.folder,
      resume: true,
      onEvent: ({ type }) => {
        if (type === 'prune') steps++
      },
    })
    expect(steps).toBeGreaterThan(before / 2)
    for (const name of ['model.dctps', 'model-best.dctps']) {
      expect((await bytesOf('imp-stopped', name)).equals(await bytesOf('imp', name)), name).toBe(true)
    }
  })

  test('refuses to go on with rounds of other images', async () => {
    const config = configOf(settings)
    const paths = runPaths(join(root, 'imp-moved'))
    await writeTree(root, 'moved', tinyFiles())
    const moved = { ...config, data: join(root, 'moved') }
    await startRun(moved, { folder: paths.folder })
    for (const file of [paths.state, paths.summary]) await rm(file)
    const other = Object.entries(tinyFiles(256, 64)).map(
      ([name, bytes]) => [name, Uint8Array.from(bytes)] as const,
    )
    other[0]![1][100]! ^= 1
    for (const [name, bytes] of other) await writeFile(join(root, 'moved', name), bytes)
    await expect(startRun(moved, { folder: paths.folder, resume: true })).rejects.toThrow(
      /ticket\.dctps belongs to a run with another configuration: dataChecksum/,
    )
  })
})
