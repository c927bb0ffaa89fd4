// `dctps report` as a process: what it prints and writes, and how it ends.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../data/sources.js'
import { writeRun } from '../results/run-folders.js'
import { dctps, expectOneLine, snapshot } from './command-line.js'

let root: string

beforeAll(async () => {
  root = await temporaryFolder()
  for (const seed of [0, 1]) {
    await writeRun(join(root, 'runs'), `a-${seed}`, { settings: { seed }, test: 0.7 + 0.01 * seed })
    await writeRun(join(root, 'runs'), `b-${seed}`, { settings: { seed, kind: 'sparse' }, test: 0.1 })
  }
  await writeRun(join(root, 'runs'), 'c', { settings: { seed: 2 }, files: { 'config.json': '{' } })
})

const report = (...args: readonly string[]) => dctps(['report', ...args], { cwd: root })

const written = [
  'curves.csv',
  'layers.csv',
  'report.html',
  'results.csv',
  'results.json',
  'results.md',
  'summary.csv',
]

describe('dctps report', () => {
  test('prints the table, what came out, what is missing and where the files are', async () => {
    const before = await snapshot(join(root, 'runs'))
    const outcome = await report('runs', '--out', 'out', '--quiet')
    expect(outcome).toMatchObject({ code: 0, stderr: '' })
    const { stdout } = outcome
    expect(stdout).toMatch(/^lenet5 on fashion-mnist-12k\n\nmethod +density +test, best weights/)
    expect(stdout).toMatch(/\nDCTpS EPL +1% +70\.5 ± 0\.7% .* 2 +612 .* 1,000\n/)
    expect(stdout).toContain('\nTest accuracy at 1%: DCTpS EPL 70.5 ± 0.7% (2 seeds), ')
    expect(stdout).toMatch(/\ndamaged: c: config\.json is not JSON/)
    expect(stdout).toMatch(/\nThe report: out.report\.html; its numbers beside it\n$/)
    expect((await readdir(join(root, 'out'))).sort()).toEqual(written)
    expect(await snapshot(join(root, 'runs'))).toEqual(before)
  })

  test('--json prints one document with the files and the results', async () => {
    const outcome = await report('runs', '--out', 'json', '--json', '--quiet', '--no-timings')
    expect(outcome).toMatchObject({ code: 0, stderr: '' })
    const { files, ...document } = JSON.parse(outcome.stdout)
    expect(files.map((file: string) => file.replace(/^json./, '')).sort()).toEqual(written)
    expect(document).toEqual(JSON.parse(await readFile(join(root, 'json/results.json'), 'utf8')))
    expect(outcome.stdout).not.toMatch(/imagesPerSecond|seconds/)
  })

  test('writes beside the runs where nothing else is said, and reads them again', async () => {
    await writeRun(join(root, 'other'), 'a', { settings: {} })
    expect(await report('other')).toMatchObject({ code: 0 })
    const first = await snapshot(join(root, 'other'))
    expect(await report('other')).toMatchObject({ code: 0 })
    expect(await snapshot(join(root, 'other'))).toEqual(first)
    expect((await readdir(join(root, 'other'))).sort()).toEqual(['a', ...written].sort())
  })

  test('ends with 2 where there are no runs, with 1 where none can be counted, in one line', async () => {
    const missing = await report('nowhere')
    expect(missing.code).toBe(2)
    expectOneLine(missing, 'dctps report', /nowhere/, /no such folder/)
    const empty = await report('out')
    expect(empty.code).toBe(2)
    expectOneLine(empty, 'dctps report', /holds no runs/)
    await writeRun(join(root, 'broken'), 'a', { settings: {}, files: { 'summary.json': '?' } })
    const broken = await report('broken')
    expect(broken.code).toBe(1)
    expectOneLine(
      broken,
      'dctps report',
      /none of the 1 runs in broken is finished/,
      /summary\.json is not JSON/,
    )
    const unwritable = await report('runs', '--out', 'runs/c/config.json/x')
    expect(unwritable.code).toBe(1)
    expectOneLine(unwritable, 'dctps report', /cannot write/)
  })
})
