// Whole sweeps as a user runs them, on tiny data: to the end, killed and gone on with, in parts, and with runs that fail.

import { existsSync, readdirSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildSpec, compileProgram, programBytes } from 'dctps'
import { beforeAll, describe, expect, test } from 'vitest'
import { resolveConfig } from '#lab/config/index'
import { readSummary } from '#lab/run/index'
import { readFailures, readSweep } from '#lab/sweep/index'
import { dctps, expectOneLine, type Outcome, snapshot } from '../cli/command-line.js'
import { temporaryFolder } from '../data/sources.js'
import { classes, side, writeTinyData } from '../run/tiny-data.js'

const about = { title: 'Tiny', shows: 'What a tiny sweep shows.' }
const settings = { data: 'tiny', batch: 32, epochs: 40, validation: 0.25, saveEvery: 0.05 }
const methods = [
  { label: 'DCTpS', kind: 'dctps', density: 0.02 },
  { label: 'sparse', kind: 'sparse', density: 0.02 },
]
const grid = { seed: [0, 1, 2] }

/** Weights that grow by half at every step, until they overflow. */
const growing = { label: 'growing', optimizer: 'sgd', momentum: 0, weightDecay: 250, lr: 0.01, epochs: 40 }

let root: string

beforeAll(async () => {
  root = await temporaryFolder()
  await writeTinyData(root)
  await experiment('plain.json', { settings, grid, methods })
  await experiment('long.json', { settings: { ...settings, epochs: 4000 }, grid: { seed: [0, 1] } })
  await experiment('mixed.json', {
    settings: { ...settings, epochs: 100 },
    methods: [methods[0], growing, { ...methods[1], epochs: 3 }],
  })
})

function experiment(file: string, parts: object): Promise<void> {
  return writeFile(join(root, file), JSON.stringify({ ...about, ...parts }))
}

const sweep = (...args: readonly string[]) => dctps(['sweep', ...args], { cwd: root })
const runsOf = (folder: string) => readdirSync(join(root, folder, 'runs')).sort()

/** What a run came to, timings aside. */
async function resultOf(folder: string, run: string) {
  const file = (name: string) => join(root, folder, 'runs', run, name)
  const { seconds: _seconds, imagesPerSecond: _speed, ...summary } = await readSummary(file('summary.json'))
  const [model, best] = [await readFile(file('model.dctps')), await readFile(file('model-best.dctps'))]
  return { summary, model: model.toString('base64'), best: best.toString('base64') }
}

/** Process numbers of the runs under way in a folder. */
async function workersOf(folder: string): Promise<number[]> {
  const runs = join(root, folder, 'runs')
  if (!existsSync(runs)) return []
  const locks = readdirSync(runs).map((name) => join(runs, name, 'run.lock'))
  const texts = await Promise.all(locks.map((lock) => readFile(lock, 'utf8').catch(() => '')))
  return texts.flatMap((text) => /"pid":(\d+)/.exec(text)?.slice(1) ?? []).map(Number)
}

async function waitForWorkers(folder: string, count: number): Promise<number[]> {
  for (;;) {
    const workers = await workersOf(folder)
    if (workers.length >= count) return workers
    await sleep(20)
  }
}

describe('a sweep', () => {
  let outcome: Outcome

  beforeAll(async () => {
    outcome = await sweep('plain.json', '--out', 'plain', '--jobs', '2')
  }, 120_000)

  test('trains every run in a folder of its own, and records what they are', async () => {
    expect(outcome).toMatchObject({ code: 0, stderr: '' })
    expect(outcome.stdout).toMatch(/^6 runs; 2 at once, \d+ threads? each\n/)
    expect(outcome.stdout).toMatch(/\n6\/6 {2}\w+ seed \d {2}validation [\d.]+% {2}test [\d.]+%/)
    expect(outcome.stdout).toMatch(/\n6 of 6 runs finished: plain \(experiment [0-9a-f]{12}\)\n$/)
    const { title, shows, select, runs } = await readSweep(join(root, 'plain'))
    expect({ title, shows, select }).toEqual({ ...about, select: null })
    expect(runs.map(({ name }) => name).sort()).toEqual(runsOf('plain'))
    expect(runs.map(({ label, values }) => [label, values])).toEqual(
      ['DCTpS', 'sparse'].flatMap((label) => [0, 1, 2].map((seed) => [label, { seed }])),
    )
    expect((await readdir(join(root, 'plain'))).sort()).toEqual(['runs', 'sweep.json'])
  })

  test('its runs are those of dctps train', async () => {
    const { runs } = await readSweep(join(root, 'plain'))
    const { name } = runs.find(({ label, values }) => label === 'sparse' && values.seed === 1)!
    const config = join(root, 'plain', 'runs', name, 'config.json')
    await dctps(['train', '--config', config, '--out', 'plain-single/runs/one', '--quiet'], { cwd: root })
    expect(await resultOf('plain-single', 'one')).toEqual(await resultOf('plain', name))
  })

  test('that is finished is not touched again', async () => {
    const before = await snapshot(join(root, 'plain'))
    const again = await sweep('plain.json', '--out', 'plain')
    expect(again).toMatchObject({ code: 0, stderr: '' })
    expect(again.stdout).toMatch(/^6 runs, 6 of them done before\n6 of 6 runs finished/)
    expect(await snapshot(join(root, 'plain'))).toEqual(before)
  })

  test('goes on after kills of the sweep, and of the sweep and its runs, to the same results', async () => {
    const killed = (when: string, act: (kill: (signal: NodeJS.Signals) => void) => void) =>
      dctps(['sweep', 'plain.json', '--out', 'killed', '--jobs', '2'], {
        cwd: root,
        when: { stdout: when, act },
      })
    // The runs notice that the sweep is gone, save and end.
    const first = await killed('1/6  ', (kill) => setTimeout(() => kill('SIGKILL'), 100))
    expect(first.signal).toBe('SIGKILL')
    const second = await killed('at once', async (kill) => {
      const workers = await waitForWorkers('killed', 2)
      await sleep(100)
      kill('SIGKILL')
      for (const pid of workers) process.kill(pid, 'SIGKILL')
    })
    expect(second.signal).toBe('SIGKILL')
    const last = await sweep('plain.json', '--out', 'killed')
    expect(last).toMatchObject({ code: 0, stderr: '' })
    expect(last.stdout).toMatch(/sweep\.lock was left by process \d+ that has ended: taken over/)
    expect(last.stdout).toMatch(/6 runs, [1-4] of them done before/)

    expect(runsOf('killed')).toEqual(runsOf('plain'))
    for (const name of runsOf('plain')) {
      expect(await resultOf('killed', name), name).toEqual(await resultOf('plain', name))
    }
    const [ours, theirs] = ['killed', 'plain'].map((folder) => join(root, folder, 'sweep.json'))
    expect(await readFile(ours!, 'utf8')).toBe(await readFile(theirs!, 'utf8'))
  })

  test('of a file that has changed keeps common runs and leaves the others on disk', async () => {
    await experiment('changed.json', { settings, grid: { seed: [2, 3] }, methods: [methods[1]] })
    const before = await snapshot(join(root, 'plain', 'runs'))
    const changed = await sweep('changed.json', '--out', 'plain')
    expect(changed.code).toBe(0)
    expect(changed.stdout).toMatch(
      /the experiment has changed: 1 of its 2 runs were part of it before; 5 others stay on disk/,
    )
    expect(changed.stdout).toMatch(/2 runs, 1 of them done before/)
    expect((await readSweep(join(root, 'plain'))).runs.map(({ values }) => values)).toEqual([
      { seed: 2 },
      { seed: 3 },
    ])
    expect(await snapshot(join(root, 'plain', 'runs'))).toMatchObject(before)
    expect(runsOf('plain')).toHaveLength(7)
  })
})

describe('runs that fail', () => {
  test('take no other along, are reported, and only what can turn out differently is tried again', async () => {
    const outcome = await sweep('mixed.json', '--out', 'mixed', '--jobs', '1', '--json')
    expect(outcome.code).toBe(0)
    const [first, second, third, all] = outcome.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect([first.outcome, second.outcome, third.outcome]).toEqual(['finished', 'diverged', 'finished'])
    expect(second).toMatchObject({
      label: 'growing',
      reason: expect.stringMatching(/loss became \S+ (at|after) epoch/),
    })
    expect(all).toMatchObject({ runs: 3, finished: 2, diverged: 1, failed: 0, busy: 0 })
    const failures = await readFailures(join(root, 'mixed'))
    expect([...failures.values()]).toEqual([
      expect.objectContaining({ name: second.run, code: 'numeric', label: 'growing' }),
    ])

    const before = await snapshot(join(root, 'mixed'))
    const again = await sweep('mixed.json', '--out', 'mixed')
    expect(again).toMatchObject({ code: 0, stderr: '' })
    expect(again.stdout).toMatch(/3 runs, 3 of them done before/)
    expect(again.stdout).toMatch(/\ndiverged: lenet5-\S+: the \w* ?loss became/)
    expect(await snapshot(join(root, 'mixed'))).toEqual(before)

    const retried = await sweep('mixed.json', '--out', 'mixed', '--retry')
    expect(retried.stdout).toMatch(/3 runs, 2 of them done before/)
    expect(retried.stdout).toMatch(/2 of 3 runs finished, 1 diverged/)
  })

  test('a process that is killed is a failure of its run alone, and is tried again', async () => {
    const work = sweep('mixed.json', '--out', 'crash', '--jobs', '1')
    const [worker] = await waitForWorkers('crash', 1)
    await sleep(100)
    process.kill(worker!, 'SIGKILL')
    const outcome = await work
    expect(outcome.code).toBe(1)
    expectOneLine(outcome, 'dctps sweep', /1 of 3 runs are not finished.*same command/)
    expect(outcome.stdout).toMatch(/failed: lenet5-\S+: the process of the run ended with signal SIGKILL/)
    expect(outcome.stdout).toMatch(/1 of 3 runs finished, 1 diverged, 1 failed: crash/)
    const codes = async () => [...(await readFailures(join(root, 'crash'))).values()].map(({ code }) => code)
    expect((await codes()).sort()).toEqual(['crash', 'numeric'])

    const again = await sweep('mixed.json', '--out', 'crash')
    expect(again).toMatchObject({ code: 0, stderr: '' })
    expect(await codes()).toEqual(['numeric'])
    for (const name of runsOf('mixed')) {
      if (existsSync(join(root, 'mixed', 'runs', name, 'summary.json')))
        expect(await resultOf('crash', name)).toEqual(await resultOf('mixed', name))
    }
  })
})

test('Ctrl-C saves all runs; a second sweep of a folder is refused while one works there', async () => {
  let refused: Outcome | null = null
  const stopped = await dctps(['sweep', 'long.json', '--out', 'long', '--jobs', '2'], {
    cwd: root,
    when: {
      stdout: 'at once',
      act: async (kill) => {
        const workers = await waitForWorkers('long', 2)
        refused = await sweep('long.json', '--out', 'long')
        // As in a terminal, where all processes hear of it.
        for (const pid of workers) process.kill(pid, 'SIGINT')
        kill('SIGINT')
      },
    },
  })
  expectOneLine(refused!, 'dctps sweep', /long\/sweep\.lock: process \d+ on .* works here since/)
  expect(refused).toMatchObject({ code: 2 })
  expectOneLine(stopped, 'dctps sweep', /stopped; the states of all runs are saved; the same command goes on/)
  expect(stopped.code).toBe(130)
  const files = readdirSync(join(root, 'long'), { recursive: true }).map(String)
  expect(files.filter((name) => name.endsWith('state.dctps'))).toHaveLength(2)
  expect(files.filter((name) => /\.lock$|\.tmp$|failures/.test(name))).toEqual([])
})

test('parts on several machines train each run once, side by side', async () => {
  const parts = ['1/3', '2/3', '3/3']
  const outcomes = await Promise.all(
    parts.map((part) =>
      sweep('plain.json', '--out', 'parts', '--jobs', '1', '--epochs', '3', '--shard', part),
    ),
  )
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ code: 0, stderr: '' })
    expect(outcome.stdout).toMatch(/2 of 2 runs finished/)
  }
  expect(runsOf('parts')).toHaveLength(6)
  for (const name of runsOf('parts')) {
    const file = join(root, 'parts', 'runs', name, 'environment.json')
    expect(JSON.parse(await readFile(file, 'utf8')).sessions).toHaveLength(1)
  }
  const whole = await sweep('plain.json', '--out', 'parts', '--epochs', '3')
  expect(whole.stdout).toMatch(/6 runs, 6 of them done before/)
})

test('a dry run gives number, memory and time, and writes nothing', async () => {
  const before = await snapshot(root)
  const outcome = await sweep('plain.json', '--dry-run', '--json', '--jobs', '2', '--threads', '1')
  expect(outcome).toMatchObject({ code: 0, stderr: '' })
  const { jobs, threads, seconds, bytes, runs } = JSON.parse(outcome.stdout)
  expect({ jobs, runs: runs.length }).toEqual({ jobs: 2, runs: 6 })
  expect(threads).toBeGreaterThanOrEqual(1)
  const images = (256 + 64) * side * side
  for (const kind of ['dctps', 'sparse'] as const) {
    const own = runs.filter((run: { kind: string }) => run.kind === kind)
    expect(new Set(own.map((run: { bytes: number }) => run.bytes))).toEqual(
      new Set([memoryOf(kind) + images]),
    )
    expect(own[0]).toMatchObject({ network: 'lenet5', label: kind === 'dctps' ? 'DCTpS' : 'sparse' })
  }
  const each = runs.map((run: { seconds: number }) => run.seconds)
  const sum = each.reduce((a: number, b: number) => a + b)
  expect(Math.min(...each)).toBeGreaterThan(0)
  expect(seconds).toBeGreaterThanOrEqual(sum / 2)
  expect(seconds).toBeLessThanOrEqual(sum)
  expect(bytes).toBe(2 * (memoryOf('dctps') + images))

  const text = await sweep('plain.json', '--dry-run', '--jobs', '2')
  expect(text.stdout).toMatch(/\n +3 +DCTpS +lenet5 +dctps +2% .*\n +3 +sparse +lenet5 +sparse +2% /)
  expect(text.stdout).toMatch(/\n6 runs, 2 at once with \d threads? each: about /)
  const beside = Object.entries(await snapshot(root)).filter(([file]) => !file.includes('cache'))
  expect(beside).toEqual(Object.entries(before).filter(([file]) => !file.includes('cache')))
})

function memoryOf(kind: 'dctps' | 'sparse'): number {
  const shape = { channels: 1, height: side, width: side }
  const { network, supports } = buildSpec({
    architecture: 'lenet5',
    input: { channels: 1, height: 32, width: 32 },
    classes,
    kernel: { kind, alpha: 'trainable' },
    support: { type: 'random', rule: 'epl', density: 0.02, seed: 0 },
  })
  const { simd } = resolveConfig({})
  const input = { type: 'bytes', source: shape } as const
  return programBytes(
    compileProgram(network, supports, { batch: 32, input, optimizer: 'adam', simd }).memory,
    1,
  )
}

describe('wrong usage is one line, and nothing is written', () => {
  beforeAll(async () => {
    await experiment('unknown.json', { grid: { sede: [0] } })
    await experiment('nodata.json', { settings: { data: 'cifar11' }, grid: { seed: [0] } })
    await experiment('noimages.json', { settings: { data: './no/such.tar' }, grid: { seed: [0] } })
    await mkdir(join(root, 'notes'))
    await writeFile(join(root, 'notes', 'diary.txt'), 'not a sweep')
  })

  test.each([
    ['without a file', [], 2, /name an experiment file; dctps sweep --list/],
    ['an unknown setting', ['unknown.json'], 2, /unknown setting 'sede' \(did you mean seed\?\)/],
    ['a file that is not there', ['none.yaml'], 1, /cannot read none\.yaml/],
    ['an unknown data set', ['nodata.json'], 2, /unknown data set 'cifar11'/],
    ['an unknown data set in a dry run', ['nodata.json', '--dry-run'], 2, /unknown data set 'cifar11'/],
    ['a data set that is missing', ['noimages.json'], 1, /there is no file or folder .*no\/such\.tar/],
    [
      'a folder of something else',
      ['plain.json', '--out', 'notes'],
      2,
      /notes is not empty and holds no sweep/,
    ],
    [
      'a part that is none',
      ['plain.json', '--shard', '4/3'],
      2,
      /--shard must be PART\/PARTS.*received 4\/3/,
    ],
    ['no jobs', ['plain.json', '--jobs', '0'], 2, /--jobs must be a whole number of at least 1/],
    ['an option that is none', ['plain.json', '--epohcs', '3'], 2, /'--epohcs'.*did you mean --epochs\?/],
  ] as const)('%s', async (_, args, code, message) => {
    const before = await snapshot(root)
    const outcome = await sweep(...args)
    expect(outcome.code).toBe(code)
    expectOneLine(outcome, 'dctps sweep', message)
    expect(await snapshot(root)).toEqual(before)
  })
})
