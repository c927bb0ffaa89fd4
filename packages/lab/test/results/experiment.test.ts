// What is read of a folder, and what becomes of folders that are damaged, unfinished, missing or no runs at all.

import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { resolveConfig } from '#lab/config/index'
import { readExperiment } from '#lab/results/experiment'
import { readConfigFile } from '#lab/results/run-files'
import { defaultRunFolder } from '#lab/run/index'
import { snapshot } from '../cli/command-line.js'
import { temporaryFolder, writeTree } from '../data/sources.js'
import { epochRecord } from '../report/synthetic-runs.js'
import { type RunContent, writeRun } from './run-folders.js'

let root: string

beforeEach(async () => {
  root = await temporaryFolder()
})
afterEach(() => rm(root, { recursive: true, force: true }))

const settings = { epochs: 2, density: 0.01 }

function write(name: string, content: Partial<RunContent> = {}, parent = root): Promise<void> {
  return writeRun(parent, name, { settings, ...content })
}

async function problems(): Promise<string[]> {
  return (await readExperiment(root)).problems.map(({ name, kind, reason }) => `${name}: ${kind}: ${reason}`)
}

describe('a folder of run folders', () => {
  test('gives its finished runs by name; what is no run is passed over', async () => {
    await write('b', { settings: { ...settings, seed: 1 } })
    await write('a')
    await mkdir(join(root, 'notes'))
    await writeFile(join(root, 'report.html'), '')
    const { runs, problems: none, title, hash } = await readExperiment(root)
    expect(runs.map(({ name }) => name)).toEqual(['a', 'b'])
    expect({ none, title, hash }).toEqual({ none: [], title: 'Training runs compared', hash: null })
    expect(runs[0]!.epochs).toHaveLength(2)
    expect(runs[0]!.summary.test!.best!.accuracy).toBe(0.5)
  })

  test('says why a run is not counted, reads the others, and changes nothing', async () => {
    await write('good')
    const damaged: [string, Partial<RunContent>['files']][] = [
      ['1-no-config', { 'config.json': null }],
      ['2-config', { 'config.json': '{"network": ' }],
      ['3-config', { 'config.json': '{"network": "lenet5"}' }],
      ['4-summary', { 'summary.json': '{}' }],
      ['5-metrics', { 'metrics.jsonl': 'epoch 1\n' }],
    ]
    for (const [name, files] of damaged) await write(name, { files: files! })
    await write('6-other', { summary: { seed: 5 } })
    await write('7-begun', { epochs: [], files: { 'summary.json': null } })
    await write('8-stopped', {
      epochs: [epochRecord(1)],
      files: { 'summary.json': null, 'model.dctps': null },
    })
    const message = 'the loss became NaN at epoch 2, step 7; the state is kept in /some/place'
    await write('9-diverged', {
      epochs: [epochRecord(1)],
      files: { 'summary.json': null, 'failure.json': JSON.stringify({ code: 'numeric', message }) },
    })
    const before = await snapshot(root)
    expect(await problems()).toEqual([
      '1-no-config: damaged: there is no config.json',
      '2-config: damaged: config.json is not JSON: expected the configuration of a run',
      expect.stringMatching(/^3-config: damaged: config\.json is not the configuration of a run \(kind: /),
      expect.stringMatching(/^4-summary: damaged: summary\.json is not the summary of a run \(network: /),
      expect.stringMatching(/^5-metrics: damaged: metrics\.jsonl, line 1 is damaged/),
      '6-other: damaged: summary.json is of another run: seed is 5 there and 0 in config.json',
      '7-begun: unfinished: stopped in the first of 2 epochs',
      '8-stopped: unfinished: stopped after 1 of 2 epochs',
      '9-diverged: diverged: the loss became NaN at epoch 2, step 7',
    ])
    expect(await snapshot(root)).toEqual(before)
  })

  test('reads folders of other versions: settings and results that it does not know are kept', async () => {
    await write('new')
    const file = join(root, 'new/config.json')
    const config = { ...(await readConfigFile(file)).config, prune: null, future: [1, 2] }
    await writeFile(file, JSON.stringify(config))
    const [run] = (await readExperiment(root)).runs
    expect(run!.config.future).toEqual([1, 2])
  })

  test('names a configuration by the hash that ends the default name of its folder', async () => {
    const config = resolveConfig({ ...settings, seed: 3 })
    await writeFile(join(root, 'config.json'), JSON.stringify({ ...config, threads: 77 }))
    const { hash } = await readConfigFile(join(root, 'config.json'))
    expect(defaultRunFolder(config)).toMatch(new RegExp(`-${hash}$`))
  })
})

describe('a sweep', () => {
  const sweep = (content: object) => writeFile(join(root, 'sweep.json'), JSON.stringify(content))
  const listed = (...names: string[]) => ({ title: 'A sweep', runs: names.map((name) => ({ name })) })
  const runs = () => join(root, 'runs')

  test('says what it is, and gives its runs in its own order', async () => {
    await write('b', {}, runs())
    await write('a', { settings: { ...settings, seed: 1 } }, runs())
    await sweep({ ...listed('b', 'a'), shows: 'What it shows.', hash: 'abc123', extra: true })
    const experiment = await readExperiment(root)
    expect(experiment).toMatchObject({
      title: 'A sweep',
      shows: 'What it shows.',
      hash: 'abc123',
      select: ['lr'],
      problems: [],
    })
    expect(experiment.runs.map(({ name }) => name)).toEqual(['b', 'a'])
  })

  test('misses what it lists, names what it does not list, and gives the reasons that it has noted', async () => {
    await write('done', {}, runs())
    await write('stray', {}, runs())
    await write('lost', { epochs: [], files: { 'summary.json': null } }, runs())
    await sweep(listed('done', 'lost', 'crashed', 'later'))
    await writeTree(root, 'failures', {
      'lost.json': JSON.stringify({
        code: 'numeric',
        message: 'the loss became NaN in epoch 1; the state is kept in /some/place',
        at: 'whenever',
      }),
      'crashed.json': JSON.stringify({ code: 'crash', message: 'the process ended' }),
      'done.json': JSON.stringify({ code: 'crash', message: 'at first' }),
    })
    expect(await problems()).toEqual([
      'lost: diverged: the loss became NaN in epoch 1',
      'crashed: failed: the process ended',
      'later: missing: not begun',
      'stray: left out: is not listed in sweep.json',
    ])
  })

  test.each([
    [
      ['ours', 'sparse'],
      ['ours', 'sparse'],
    ],
    [
      ['dctps', 'sparse'],
      [null, null],
    ],
  ])('names its methods %j, as they are unless they say no more than the kind', async (labels, expected) => {
    await write('a', {}, runs())
    await write('b', { settings: { ...settings, kind: 'sparse' } }, runs())
    await sweep({ title: 'A sweep', runs: ['a', 'b'].map((name, index) => ({ name, label: labels[index] })) })
    expect((await readExperiment(root)).runs.map(({ label }) => label)).toEqual(expected)
  })

  test('that is damaged is refused by name', async () => {
    await write('a', {}, runs())
    await sweep({ title: 'A sweep', runs: [{ name: '../elsewhere' }] })
    await expect(readExperiment(root)).rejects.toMatchObject({
      code: 'file',
      message: expect.stringMatching(/sweep\.json is not the list of the runs of a sweep \(runs\.0\.name: /),
    })
  })
})

describe('there is nothing to report on', () => {
  const refusal = async (folder: string) => {
    const error = await readExperiment(folder).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(Error)
    return error
  }

  test.each<[string, () => Promise<string>, string, RegExp]>([
    ['no folder', async () => join(root, 'nowhere'), 'usage', /nowhere: there is no such folder; name /],
    [
      'a file',
      async () => {
        await writeFile(join(root, 'file'), '')
        return join(root, 'file')
      },
      'usage',
      /file: it is a file; name /,
    ],
    ['an empty folder', async () => root, 'usage', /holds no runs: expected a sweep\.json, or run folders/],
    [
      'a single run',
      async () => {
        await write('run')
        return join(root, 'run')
      },
      'usage',
      /is a single run; name the folder that holds it/,
    ],
    [
      'an empty sweep',
      async () => {
        await writeFile(join(root, 'sweep.json'), '{"title": "none", "runs": []}')
        return root
      },
      'usage',
      /lists no runs/,
    ],
    [
      'damaged runs alone',
      async () => {
        await write('a', { files: { 'config.json': '' } })
        await write('b', { files: { 'summary.json': null } })
        return root
      },
      'file',
      /none of the 2 runs in .* is finished \(a: config\.json is not JSON.*; b: stopped after 2 of 2 epochs\)/,
    ],
  ])('in %s', async (_, prepare, code, message) => {
    expect(await refusal(await prepare())).toMatchObject({ code, message: expect.stringMatching(message) })
  })
})
