// Stopping a run from outside: Ctrl-C, a full disk, and a loss that is not finite. What is there stays usable.

import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeTrainState } from 'dctps'
import { beforeAll, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../data/sources.js'
import { writeTinyData } from '../run/tiny-data.js'
import { dctps, expectOneLine, snapshot } from './command-line.js'

const settings = ['--data', 'tiny', '--batch', '32', '--lr', '0.01']

let root: string

beforeAll(async () => {
  root = await temporaryFolder()
  await writeTinyData(root)
})

/** Of runs that are stopped and go on: on a quick machine twelve epochs are over before a signal arrives. */
const epochs = 60

/** Stops a run as soon as it has begun. */
async function stopAtOnce(out: string): Promise<void> {
  const outcome = await dctps(train(out, '--epochs', String(epochs)), {
    cwd: root,
    when: { stdout: 'thread', act: (kill) => kill('SIGINT') },
  })
  expect(outcome.code).toBe(130)
}

const train = (out: string, ...args: readonly string[]) => ['train', ...settings, '--out', out, ...args]

async function stateIn(folder: string) {
  const file = join(root, folder, 'state.dctps')
  return decodeTrainState(await readFile(file), file).state
}

describe('Ctrl-C', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s saves the state, says how to go on, and exits with 130',
    async (signal) => {
      const long = ['--epochs', '400', '--save-every', '1000', '--threads', signal === 'SIGINT' ? '1' : '2']
      const outcome = await dctps(train(signal, ...long), {
        cwd: root,
        when: { stdout: 'thread', act: (kill) => setTimeout(() => kill(signal), 300) },
      })
      expectOneLine(
        outcome,
        'dctps train',
        /stopped in epoch \d+ after \d+ steps; the state is saved.*--resume/,
      )
      expect(outcome.code).toBe(130)
      const [, epoch, step] = /epoch (\d+) after (\d+) steps/.exec(outcome.stderr) ?? []
      expect(await stateIn(signal)).toMatchObject({ epoch: Number(epoch) - 1, stepInEpoch: Number(step) })
    },
  )

  test('a run goes on from there with the settings of its own folder', async () => {
    await stopAtOnce('stopped')
    const resumed = await dctps(['train', '--out', 'stopped', '--resume'], { cwd: root })
    expect(resumed).toMatchObject({ code: 0, stderr: '' })
    expect(resumed.stdout).toContain(`finished after ${epochs} epochs`)
    const before = await snapshot(join(root, 'stopped'))
    const again = await dctps(['train', '--out', 'stopped', '--resume', '--json'], { cwd: root })
    expect(again.code).toBe(0)
    expect(JSON.parse(again.stdout)).toMatchObject({ folder: 'stopped', epochs, ended: 'finished' })
    expect(await snapshot(join(root, 'stopped'))).toEqual(before)
  })
})

describe('Ctrl-C while weights are chosen', () => {
  const prune = (method: string, ...args: readonly string[]) =>
    train(method, '--kind', 'sparse', '--prune', method, ...args)

  test('leaves nothing where nothing is worth keeping, and does not promise to go on', async () => {
    const outcome = await dctps(prune('synflow', '--prune-steps', '100000'), {
      cwd: root,
      when: { stdout: 'pruning by synflow', act: (kill) => kill('SIGINT') },
    })
    expect(outcome.code).toBe(130)
    expectOneLine(outcome, 'dctps train', /stopped while pruning$/m)
    expect(await readdir(root)).not.toContain('synflow')
  })

  test('names --resume where a round has been kept', async () => {
    const file = join(root, 'imp', 'ticket.dctps')
    const outcome = await dctps(prune('imp', '--epochs', '40'), {
      cwd: root,
      when: {
        stdout: 'pruning by imp',
        act: (kill) => {
          const watching = setInterval(() => {
            if (!existsSync(file)) return
            clearInterval(watching)
            kill('SIGINT')
          }, 5)
        },
      },
    })
    expect(outcome.code).toBe(130)
    expectOneLine(outcome, 'dctps train', /stopped .*; go on with the same command and --resume/)
  })
})

// A limit of file sizes makes writes fail half-way like a full disk does; bash counts in KiB.
const fullDisk = 'ulimit -f 4'

describe('a disk that fills up', () => {
  test('a new run: one line, no state, nothing half-written', async () => {
    const outcome = await dctps(train('full', '--epochs', '2', '--quiet'), { cwd: root, before: fullDisk })
    expectOneLine(
      outcome,
      'dctps train',
      /cannot write full\/state\.dctps: .*free|cannot write full\/state\.dctps/,
    )
    expect(outcome.code).toBe(1)
    const names = await readdir(join(root, 'full'))
    expect(names).not.toContain('state.dctps')
    expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  test('a resumed run: the state that was there is untouched, and goes on once there is space', async () => {
    const file = join(root, 'fills', 'state.dctps')
    await stopAtOnce('fills')
    const before = await readFile(file)
    const outcome = await dctps(['train', '--out', 'fills', '--resume', '--quiet'], {
      cwd: root,
      before: fullDisk,
    })
    expectOneLine(outcome, 'dctps train', /cannot write fills/)
    expect(outcome.code).toBe(1)
    expect(before.equals(await readFile(file))).toBe(true)
    const resumed = await dctps(['train', '--out', 'fills', '--resume', '--quiet'], { cwd: root })
    expect(resumed).toMatchObject({ code: 0, stderr: '' })
  })
})

test('a loss that is no longer finite: says epoch and step, and keeps the last good state', async () => {
  // Weights that grow by half at every step: decay of 2.5 times the weight, and a few epochs until they overflow.
  const growing = [
    '--optimizer',
    'sgd',
    '--momentum',
    '0',
    '--weight-decay',
    '250',
    '--lr',
    '0.01',
    '--epochs',
    '40',
  ]
  const outcome = await dctps(
    ['train', '--data', 'tiny', '--batch', '64', '--out', 'diverged', '--quiet', ...growing],
    {
      cwd: root,
    },
  )
  expect(outcome.code).toBe(1)
  expectOneLine(
    outcome,
    'dctps train',
    /became (NaN|Infinity|-Infinity) at epoch \d+, step \d+; lower the learning rate/,
  )
  const [, failedEpoch] = /at epoch (\d+)/.exec(outcome.stderr) ?? []
  const { epoch, parameters, history } = await stateIn('diverged')
  expect(epoch).toBe(Number(failedEpoch) - 1)
  expect(epoch).toBeGreaterThan(0)
  expect([...parameters.values()].every((values) => values.every(Number.isFinite))).toBe(true)
  expect(history.at(-1)?.trainLoss).toSatisfy(Number.isFinite)

  const note = join(root, 'diverged', 'failure.json')
  const [message] = /the \w* ?loss became \S+ (at|after) epoch \d+/.exec(outcome.stderr) ?? []
  expect(JSON.parse(await readFile(note, 'utf8'))).toMatchObject({
    code: 'numeric',
    message: expect.stringContaining(message!),
  })
  // Gone as soon as the run goes on, and there again when it fails once more.
  let wasThere = true
  const again = await dctps(['train', '--out', 'diverged', '--resume'], {
    cwd: root,
    when: {
      stdout: 'thread',
      act() {
        wasThere = existsSync(note)
      },
    },
  })
  expect({ code: again.code, wasThere, isThere: existsSync(note) }).toEqual({
    code: 1,
    wasThere: false,
    isThere: true,
  })
})
