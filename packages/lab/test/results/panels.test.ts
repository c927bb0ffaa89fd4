// Which runs are repetitions of each other, what stands for a method, and what their mean is.

import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Settings } from '#lab/config/index'
import { readExperiment } from '#lab/results/experiment'
import { findingsOf } from '#lab/results/findings'
import { type Cell, type Panel, panelsOf } from '#lab/results/panels'
import { temporaryFolder } from '../data/sources.js'
import { type RunContent, writeRun } from './run-folders.js'

let root: string
let written = 0

beforeEach(async () => {
  root = await temporaryFolder()
  written = 0
})
afterEach(() => rm(root, { recursive: true, force: true }))

const base: Settings = { epochs: 2, lr: 0.01, density: 0.01 }

function write(settings: Settings, content: Omit<RunContent, 'settings'> = {}): Promise<void> {
  return writeRun(root, `run-${String(written++).padStart(2, '0')}`, {
    settings: { ...base, ...settings },
    ...content,
  })
}

async function panels(): Promise<Panel[]> {
  return panelsOf(await readExperiment(root))
}

async function cells(): Promise<readonly Cell[]> {
  const [panel, ...others] = await panels()
  expect(others).toEqual([])
  return panel!.cells
}

const names = (list: readonly Cell[]) => list.map(({ method, density }) => `${method} ${density}`)

describe('runs', () => {
  test('that differ in their seed alone are repetitions: mean and deviation as computed by hand', async () => {
    await write({ seed: 1 }, { test: 0.74, validation: 0.7 })
    await write({ seed: 0 }, { test: 0.7, validation: 0.71 })
    await write({ seed: 2, threads: 4, saveEvery: 5 }, { test: 0.72, validation: 0.75 })
    const [cell] = await cells()
    const { runs, testBest, testFinal, validation } = cell!.chosen
    expect(runs.map(({ config }) => config.seed)).toEqual([0, 1, 2])
    expect(testBest!.mean).toBeCloseTo(0.72, 12)
    // Squares 4e-4 + 4e-4 + 0, over 2.
    expect(testBest!.deviation).toBeCloseTo(0.02, 12)
    expect(testFinal!.mean).toBeCloseTo(0.71, 12)
    expect(validation!.mean).toBeCloseTo(0.72, 12)
    expect(validation!.deviation).toBeCloseTo(Math.sqrt((4e-4 + 1e-4 + 9e-4) / 2), 12)
  })

  test('are one method a kind, rule, alpha and density; methods come in one order, densities fall', async () => {
    await write({ kind: 'dense', density: undefined })
    await write({ kind: 'sparse', density: 0.1 })
    await write({ density: 0.1 })
    await write({})
    await write({ rule: 'erk' })
    await write({ alpha: 'frozen' })
    expect(names(await cells())).toEqual([
      'DCTpS EPL 0.1',
      'DCTpS EPL 0.01',
      'DCTpS EPL, alpha frozen 0.01',
      'DCTpS ERK 0.01',
      'sparse EPL 0.1',
      'dense null',
    ])
  })

  test('that differ in another setting are no repetitions of each other', async () => {
    await write({ seed: 0 })
    await write({ seed: 1, batch: 64 })
    await write({ kind: 'sparse', seed: 0 })
    expect(names(await cells())).toEqual([
      'DCTpS EPL, batch 128 0.01',
      'DCTpS EPL, batch 64 0.01',
      'sparse EPL 0.01',
    ])
  })

  test('of another network or data set are another panel', async () => {
    await write({})
    await write({ data: 'other/photos' })
    expect((await panels()).map(({ title }) => title)).toEqual([
      'lenet5 on fashion-mnist-12k',
      'lenet5 on photos',
    ])
  })

  test('with equal settings count once', async () => {
    await write({}, { test: 0.6 })
    await write({ threads: 3 }, { test: 0.9 })
    const experiment = await readExperiment(root)
    expect(experiment.problems).toMatchObject([{ name: 'run-01', kind: 'left out' }])
    expect(experiment.problems[0]!.reason).toContain('run-00')
    expect(panelsOf(experiment)[0]!.cells[0]!.chosen.testBest!.values).toEqual([0.6])
  })
})

describe('of several learning rates', () => {
  test('the best by mean validation stands for the method, whatever the test says', async () => {
    for (const [lr, validations, tests] of [
      [0.1, [0.9, 0.5], [0.9, 0.9]],
      [0.01, [0.8, 0.7], [0.6, 0.62]],
      [0.001, [0.6, 0.7], [0.95, 0.95]],
    ] as const)
      for (const seed of [0, 1])
        await write({ lr, seed }, { validation: validations[seed]!, test: tests[seed]! })
    const [cell, ...others] = await cells()
    expect(others).toEqual([])
    expect(cell!.candidates.map(({ label }) => label)).toEqual(['lr 0.001', 'lr 0.01', 'lr 0.1'])
    expect(cell!.chosen.label).toBe('lr 0.01')
    expect(cell!.chosen.testBest!.mean).toBeCloseTo(0.61, 12)
  })

  test('each method and density has its own', async () => {
    await write({ lr: 0.1 }, { validation: 0.8 })
    await write({ lr: 0.01 }, { validation: 0.7 })
    await write({ lr: 0.1, kind: 'sparse' }, { validation: 0.1 })
    await write({ lr: 0.01, kind: 'sparse' }, { validation: 0.2 })
    expect((await cells()).map(({ method, chosen }) => `${method}: ${chosen.label}`)).toEqual([
      'DCTpS EPL: lr 0.1',
      'sparse EPL: lr 0.01',
    ])
  })

  test('a sweep may select another setting; then learning rates tell methods apart', async () => {
    const run = (name: string, settings: Settings, validation: number) =>
      writeRun(join(root, 'runs'), name, { settings: { ...base, ...settings }, validation })
    await run('a', { weightDecay: 0, lr: 0.1 }, 0.5)
    await run('b', { weightDecay: 1e-4, lr: 0.1 }, 0.6)
    await run('c', { weightDecay: 0, lr: 0.2 }, 0.7)
    const runs = ['a', 'b', 'c'].map((name) => ({ name }))
    await writeFile(
      join(root, 'sweep.json'),
      JSON.stringify({ title: 'A sweep', select: 'weightDecay', runs }),
    )
    expect((await cells()).map(({ method, chosen }) => `${method}: ${chosen.label}`)).toEqual([
      'DCTpS EPL, lr 0.1: weightDecay 0.0001',
      'DCTpS EPL, lr 0.2: ',
    ])
  })
})

describe('what is shown', () => {
  test('is the first accuracy that all runs have', async () => {
    await write({}, { validation: null })
    await write({ kind: 'sparse' })
    expect((await panels())[0]!.measure).toBe('testFinal')
    await write({ kind: 'dense', density: undefined }, { test: null })
    expect((await panels())[0]!.measure).toBe('testBest')
  })

  test('counts the runs that have no result', async () => {
    await write({ seed: 0 })
    await write({ seed: 1 }, { files: { 'summary.json': null } })
    await write({ seed: 0, kind: 'sparse' }, { files: { 'summary.json': null } })
    const list = await cells()
    expect(names(list)).toEqual(['DCTpS EPL 0.01'])
    expect(list[0]!.chosen.without.map(({ name }) => name)).toEqual(['run-01'])
  })
})

describe('findings', () => {
  test('state means, deviations and seeds, and what lies beyond the deviations', async () => {
    for (const seed of [0, 1, 2]) {
      await write({ seed }, { test: 0.727 + 0.004 * seed })
      await write({ seed, kind: 'sparse' }, { test: 0.1 })
      await write({ seed, kind: 'dense', density: undefined }, { test: 0.86 })
    }
    expect(findingsOf(await panels())).toEqual([
      'Test accuracy at 1%: DCTpS EPL 73.1 ± 0.4% (3 seeds), sparse EPL 10.0 ± 0.0% (3 seeds). DCTpS EPL is ahead of sparse EPL by 63.1 points, more than both deviations together.',
      'Dense network: 86.0 ± 0.0% (3 seeds).',
    ])
  })

  test('claim no difference within the deviations, and none from single seeds', async () => {
    for (const seed of [0, 1]) {
      await write({ seed }, { test: 0.7 + 0.04 * seed })
      await write({ seed, kind: 'sparse' }, { test: 0.71 + 0.04 * seed })
    }
    expect(findingsOf(await panels())[0]).toMatch(
      /The 1\.0 points between sparse EPL and DCTpS EPL lie within their deviations: no difference is shown\.$/,
    )
    await write({ rule: 'erk' }, { test: 0.9 })
    expect(findingsOf(await panels())[0]).toMatch(/a single seed leaves open how much that means\.$/)
  })

  test('say how much accuracy fewer weights cost', async () => {
    await write({ density: 0.01 }, { test: 0.8 })
    await write({ density: 0.001 }, { test: 0.7 })
    await write({ density: 0.01, kind: 'sparse' }, { test: 0.8 })
    await write({ density: 0.001, kind: 'sparse' }, { test: 0.1 })
    expect(findingsOf(await panels()).at(-1)).toBe(
      'From 1% to 0.1%, DCTpS EPL loses 10.0, sparse EPL loses 70.0 points.',
    )
  })
})
