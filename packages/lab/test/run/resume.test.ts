// A run that is killed again and again, at random moments and with another number of threads each time, ends with the
// bytes of a run that nobody disturbed.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Key } from 'dctps'
import { beforeAll, expect, test } from 'vitest'
import { readMetrics } from '#lab/log/metrics'
import { dctps } from '../cli/command-line.js'
import { temporaryFolder } from '../data/sources.js'
import { writeTinyData } from './tiny-data.js'

const kills = 10
/** Longest time that a session may train; at least as long as it takes to save a state. */
const longestSession = 250

/** A batch-normalised network with everything that a state has to carry: best weights, moments, running statistics. */
const settings = [
  ...['--network', 'resnet8', '--density', '2%', '--data', 'tiny', '--size', '28', '--crop', '2', '--flip'],
  ...[
    '--epochs',
    '6',
    '--batch',
    '32',
    '--validation',
    '0.25',
    '--schedule',
    'cosine',
    '--warmup',
    '1',
    '--lr',
    '0.01',
  ],
]

let root: string

beforeAll(async () => {
  root = await temporaryFolder()
  await writeTinyData(root)
})

const bytesOf = (folder: string, name: string) => readFile(join(root, folder, name))

test('one and two threads, and ten kills at random moments, give the same final and best models', async () => {
  const alone = await dctps(['train', ...settings, '--threads', '1', '--out', 'alone', '--quiet'], {
    cwd: root,
  })
  expect(alone.code).toBe(0)
  const together = await dctps(['train', ...settings, '--threads', '2', '--out', 'together', '--quiet'], {
    cwd: root,
  })
  expect(together.code).toBe(0)

  const moments = Key.fromSeed(1)
  // States are written at every step, so that many of the kills hit a write.
  const often = ['--save-every', '0.001']
  let killed = 0
  for (let attempt = 0; killed < kills; attempt++) {
    const threads = String(1 + (attempt % 2))
    const resume = attempt === 0 ? [] : ['--resume']
    const outcome = await dctps(
      ['train', ...settings, ...often, ...resume, '--threads', threads, '--out', 'killed'],
      {
        cwd: root,
        when: {
          stdout: 'thread',
          act: (kill) => setTimeout(() => kill('SIGKILL'), longestSession * moments.uniform(attempt)),
        },
      },
    )
    if (outcome.signal === null) {
      expect(outcome.stderr).toBe('')
      expect.fail(`the run ended after ${killed} kills: give it more epochs`)
    }
    killed++
  }
  const last = await dctps(
    ['train', ...settings, '--resume', '--threads', '2', '--out', 'killed', '--quiet'],
    {
      cwd: root,
    },
  )
  expect(last).toMatchObject({ code: 0, stderr: '' })
  expect(last.stdout).toMatch(/finished after 6 epochs/)

  // Every session went on from a state of the one before, or began at its own state.
  const environment = JSON.parse((await bytesOf('killed', 'environment.json')).toString())
  const starts: number[] = environment.sessions.map((session: { fromStep: number }) => session.fromStep)
  expect(starts).toHaveLength(kills + 1)
  expect(starts).toEqual(starts.toSorted((a, b) => a - b))
  expect(new Set(starts).size).toBeGreaterThan(kills / 2)

  for (const name of ['model.dctps', 'model-best.dctps']) {
    const expected = await bytesOf('alone', name)
    expect(expected.equals(await bytesOf('together', name)), `${name} with two threads`).toBe(true)
    expect(expected.equals(await bytesOf('killed', name)), `${name} after kills`).toBe(true)
  }
  const results = (folder: string) =>
    readMetrics(join(root, folder, 'metrics.jsonl')).then((records) =>
      records.map(({ seconds: _seconds, imagesPerSecond: _imagesPerSecond, ...rest }) => rest),
    )
  expect(await results('killed')).toEqual(await results('alone'))
})
