// A run that is killed again and again, at random moments and with another number of threads each time, ends with the
// bytes of a run that nobody disturbed.

import { watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Key } from 'dctps'
import { beforeAll, expect, test } from 'vitest'
import { readMetrics } from '#lab/log/metrics'
import { readSummary } from '#lab/run/index'
import { dctps } from '../cli/command-line.js'
import { temporaryFolder } from '../data/sources.js'
import { writeTinyData } from './tiny-data.js'

const kills = 10

/** A batch-normalised network with everything that a state has to carry: best weights, moments, running statistics. */
const settings = [
  ...[
    '--network',
    'resnet8',
    '--density',
    '2%',
    '--data',
    'tiny',
    '--crop',
    '2',
    '--flip',
    '--validation',
    '0.25',
  ],
  ...['--epochs', '8', '--batch', '16', '--schedule', 'cosine', '--warmup', '1', '--lr', '0.003'],
]

let root: string

beforeAll(async () => {
  root = await temporaryFolder()
  await writeTinyData(root)
})

const train = (folder: string, ...args: readonly string[]) => ['train', ...settings, '--out', folder, ...args]
const bytesOf = (folder: string, name: string) => readFile(join(root, folder, name))

/** Trains until the process is killed, `milliseconds` after this session saved its first state. */
async function trainUntilKilled(args: readonly string[], milliseconds: number): Promise<void> {
  const outcome = await dctps(args, {
    cwd: root,
    when: {
      // The folder is there, training begins.
      stdout: 'thread',
      act: (kill) => {
        const watcher = watch(join(root, 'killed'), (_, name) => {
          if (name !== 'state.dctps') return
          watcher.close()
          setTimeout(() => kill('SIGKILL'), milliseconds)
        })
      },
    },
  })
  expect(outcome.stderr).toBe('')
  expect(outcome.signal, 'how the session ended').toBe('SIGKILL')
}

test('one and two threads, and ten kills at random moments, give the same final and best models', async () => {
  for (const [folder, threads] of [
    ['alone', '1'],
    ['together', '2'],
  ] as const) {
    const outcome = await dctps(train(folder, '--threads', threads, '--quiet'), { cwd: root })
    expect(outcome).toMatchObject({ code: 0, stderr: '' })
  }

  const { seconds, steps } = await readSummary(join(root, 'alone', 'summary.json'))
  // Short enough that all sessions together do not come to the end of the run.
  const longest = (500 * seconds) / kills
  const moments = Key.fromSeed(1)
  for (let kill = 0; kill < kills; kill++) {
    // A state after every step, so that many of the kills hit the writing of one.
    const often = ['--save-every', '0.001', '--threads', String(1 + (kill % 2))]
    const args = train('killed', ...often, ...(kill === 0 ? [] : ['--resume']))
    await trainUntilKilled(args, longest * moments.uniform(kill))
  }
  const last = await dctps(train('killed', '--resume', '--quiet'), { cwd: root })
  expect(last).toMatchObject({ code: 0, stderr: '' })

  // Every session went on from where the one before had come to: more steps, or the end of an epoch after the last one.
  const environment = JSON.parse((await bytesOf('killed', 'environment.json')).toString())
  const starts: number[] = environment.sessions.map(
    ({ fromStep, fromEpoch }: { fromStep: number; fromEpoch: number }) => fromStep + fromEpoch,
  )
  expect(starts).toHaveLength(kills + 1)
  for (const [index, start] of starts.entries()) expect(start).toBeGreaterThan(starts[index - 1] ?? -1)
  expect(starts.at(-1)).toBeLessThan(steps)

  for (const name of ['model.dctps', 'model-best.dctps']) {
    const expected = await bytesOf('alone', name)
    expect(expected.equals(await bytesOf('together', name)), `${name} with two threads`).toBe(true)
    expect(expected.equals(await bytesOf('killed', name)), `${name} after kills`).toBe(true)
  }
  expect(await resultsOf('killed')).toEqual(await resultsOf('alone'))
})

/** The metrics without what depends on the clock. */
async function resultsOf(folder: string) {
  const records = await readMetrics(join(root, folder, 'metrics.jsonl'))
  return records.map(({ seconds: _seconds, imagesPerSecond: _imagesPerSecond, ...rest }) => rest)
}
