// Model and state files that are damaged anywhere are refused, and stay as they are.

import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { resolveConfig, type Settings } from '#lab/config/index'
import { readModel, readSaved, runPaths, startRun } from '#lab/run/index'
import { temporaryFolder } from '../data/sources.js'
import { writeTinyData } from './tiny-data.js'

const fileError = expect.objectContaining({ name: 'DctpsError', code: 'file' })

let root: string
const config = (settings: Settings = {}) =>
  resolveConfig({
    data: join(root, 'tiny'),
    epochs: 2,
    batch: 64,
    density: 0.005,
    threads: 1,
    validation: 0.2,
    ...settings,
  })

beforeAll(async () => {
  root = await temporaryFolder()
  await writeTinyData(root)
  await startRun(config(), { folder: join(root, 'run') })
  // Its files hold positions: those of now and, in the state, those of the best epoch.
  await startRun(config({ dynamic: 'rigl', updateEvery: 3, updateUntil: 1 }), {
    folder: join(root, 'moving'),
  })
})

describe.each([
  ['run', 'model.dctps'],
  ['run', 'state.dctps'],
  ['moving', 'model.dctps'],
  ['moving', 'state.dctps'],
])('%s/%s', (run, name) => {
  const damagedFile = async (change: (bytes: Buffer) => Uint8Array): Promise<string> => {
    const target = join(root, `damaged-${run}-${name}`)
    await writeFile(target, change(await readFile(join(root, run, name))))
    return target
  }
  const bytes = fc
    .nat()
    .chain((position) => fc.integer({ min: 1, max: 255 }).map((change) => ({ position, change })))

  test('is read while it is whole', async () => {
    expect((await readSaved(join(root, run, name))).type).toBe(name.startsWith('model') ? 'model' : 'state')
  })

  test('is refused with any single byte changed', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, async ({ position, change }) => {
        const target = await damagedFile((whole) => {
          whole[position % whole.length]! ^= change
          return whole
        })
        await expect(readSaved(target)).rejects.toEqual(fileError)
      }),
      { numRuns: 200, examples: Array.from({ length: 24 }, (_, position) => [{ position, change: 3 }]) },
    )
  })

  test('is refused when cut at any length, or with bytes after its end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (length) => {
        const target = await damagedFile((whole) => whole.subarray(0, length % whole.length))
        await expect(readSaved(target)).rejects.toEqual(fileError)
      }),
      { numRuns: 100, examples: [[0], [1], [15], [16], [19], [20]] },
    )
    const longer = await damagedFile((whole) => Buffer.concat([whole, Buffer.alloc(1)]))
    await expect(readSaved(longer)).rejects.toEqual(fileError)
  })
})

test('a run does not go on from a damaged state, and leaves it as it is', async () => {
  const folder = join(root, 'damaged-run')
  const { state, summary } = runPaths(folder)
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (position) => {
      await cp(join(root, 'run'), folder, {
        recursive: true,
        filter: (file) => !file.endsWith('summary.json'),
      })
      const damaged = await readFile(state)
      damaged[position % damaged.length]! ^= 64
      await writeFile(state, damaged)
      await expect(startRun(config(), { folder, resume: true })).rejects.toEqual(fileError)
      expect(damaged.equals(await readFile(state))).toBe(true)
      await expect(readFile(summary)).rejects.toThrow(/ENOENT/)
    }),
    { numRuns: 20 },
  )
})

test('a run folder stands for its best weights', async () => {
  const model = await readModel(join(root, 'run'))
  const best = await readModel(join(root, 'run', 'model-best.dctps'))
  expect(model.parameters).toEqual(best.parameters)
})
