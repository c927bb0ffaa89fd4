// From an experiment to its runs: which there are, what they are called, and what is refused.

import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import { resolveConfig, type Settings } from '#lab/config/index'
import { defaultRunFolder } from '#lab/run/index'
import { expandExperiment, fixSettings, parseExperiment } from '#lab/sweep/index'

const about = { title: 'Some runs', shows: 'Nothing in particular.' }
const expand = (parts: object) => expandExperiment(parseExperiment({ ...about, ...parts }, 'some.yaml'))
const nameOf = (settings: Settings) => basename(defaultRunFolder(resolveConfig(settings)))

describe('expansion', () => {
  test('is every method at every point of the grid, named as single runs are', () => {
    const { runs } = expand({
      settings: { epochs: 3 },
      grid: { density: ['1%', 0.001], seed: [0, 1] },
      methods: [
        { label: 'DCTpS', kind: 'dctps' },
        { label: 'sparse ERK', kind: 'sparse', rule: 'erk' },
      ],
    })
    expect(runs.map(({ label, values }) => [label, values.density, values.seed])).toEqual(
      ['DCTpS', 'sparse ERK'].flatMap((label) =>
        [0.01, 0.001].flatMap((density) => [0, 1].map((seed) => [label, density, seed])),
      ),
    )
    expect(runs[7]?.name).toBe(nameOf({ epochs: 3, kind: 'sparse', rule: 'erk', density: 0.001, seed: 1 }))
    expect(runs[0]?.config).toEqual(resolveConfig({ epochs: 3, density: 0.01, seed: 0 }))
  })

  test('without methods takes the kind as label; without a grid has one run a method', () => {
    const kinds = expand({ grid: { kind: ['dctps', 'sparse'] } })
    expect(kinds.runs.map(({ label }) => label)).toEqual(['dctps', 'sparse'])
    const methods = expand({ methods: [{ label: 'a' }, { label: 'b', lr: 0.1 }] })
    expect(methods.runs.map(({ label, values }) => [label, values])).toEqual([
      ['a', {}],
      ['b', {}],
    ])
  })

  test('leaves out grid and shared settings that a method does not take, and trains equal points once', () => {
    const { runs } = expand({
      settings: { rule: 'epf' },
      grid: { density: [0.01, 0.001, 0.0001], alpha: ['trainable', 'frozen'], seed: [0, 1] },
      methods: [
        { label: 'DCTpS', kind: 'dctps' },
        { label: 'sparse', kind: 'sparse' },
        { label: 'dense', kind: 'dense' },
      ],
    })
    const count = (label: string) => runs.filter((run) => run.label === label).length
    expect(['DCTpS', 'sparse', 'dense'].map(count)).toEqual([12, 6, 2])
    expect(runs.filter(({ label }) => label === 'dense').map(({ values }) => values)).toEqual([
      { seed: 0 },
      { seed: 1 },
    ])
    expect(runs.find(({ label }) => label === 'sparse')?.config).toMatchObject({ rule: 'epf' })
  })

  test('does not vary for a method what the method says', () => {
    const { runs } = expand({
      grid: { lr: [0.1, 0.01], seed: [0, 1] },
      methods: [{ label: 'all' }, { label: 'slow', lr: 0.001 }],
    })
    expect(
      runs.filter(({ label }) => label === 'slow').map(({ config, values }) => [config.lr, values]),
    ).toEqual([
      [0.001, { seed: 0 }],
      [0.001, { seed: 1 }],
    ])
  })

  test('groups runs that differ in seed and in what is selected', () => {
    const { runs } = expand({
      grid: { density: [0.01, 0.001], lr: [0.1, 0.01], seed: [0, 1] },
      methods: [{ label: 'DCTpS' }],
      select: 'lr',
    })
    const groups = runs.map(({ group }) => group)
    expect(groups).toEqual([...Array(4).fill('DCTpS density 0.01'), ...Array(4).fill('DCTpS density 0.001')])
  })

  test('names runs by what determines the result, whatever the experiment around them', () => {
    const grid = { density: [0.01, 0.001], seed: [0, 1] }
    const small = expand({ grid })
    const large = expand({ settings: { threads: 3, saveEvery: 5 }, grid: { ...grid, seed: [2, 1, 0] } })
    const names = new Set(large.runs.map(({ name }) => name))
    expect(small.runs.every(({ name }) => names.has(name))).toBe(true)
    expect(names.size).toBe(6)
    expect(large.hash).not.toBe(small.hash)
    expect(expand({ settings: { threads: 2 }, grid }).hash).toBe(small.hash)
    expect(expand({ settings: { lr: 0.5 }, grid }).hash).not.toBe(small.hash)
    expect(large.runs.map(({ threads }) => threads)).toEqual(Array(6).fill(3))
    expect(small.runs[0]?.threads).toBe(null)
  })

  test('fixed settings hold for all runs, whatever grid and methods say', () => {
    const experiment = parseExperiment({
      ...about,
      grid: { lr: [0.1, 0.01], seed: [0, 1, 2] },
      methods: [
        { label: 'a', epochs: 5 },
        { label: 'b', kind: 'dense' },
      ],
      select: 'lr',
    })
    const { runs, experiment: fixed } = expandExperiment(fixSettings(experiment, { lr: 0.5, epochs: 1 }))
    expect(runs.map(({ label, config }) => [label, config.lr, config.epochs, config.seed])).toEqual(
      ['a', 'b'].flatMap((label) => [0, 1, 2].map((seed) => [label, 0.5, 1, seed])),
    )
    expect(fixed.select).toBe(null)
  })
})

describe('an experiment is refused', () => {
  const seeds = { grid: { seed: [0, 1] } }
  const cases: readonly [string, unknown, RegExp][] = [
    ['that is a list', [1], /some\.yaml holds no experiment.*title.*received \[1\]/],
    [
      'without a title',
      { title: undefined, ...seeds },
      /title in some\.yaml must be a line of text, received nothing/,
    ],
    [
      'with an unknown key',
      { ...seeds, girds: {} },
      /unknown key 'girds' in some\.yaml \(did you mean grid\?\)/,
    ],
    [
      'with a setting at the top',
      { ...seeds, epochs: 3 },
      /unknown key 'epochs'.*settings of all runs belong below settings/,
    ],
    [
      'with an unknown shared setting',
      { ...seeds, settings: { denstiy: 1 } },
      /unknown setting 'denstiy' \(did you mean density\?\) \(settings\.denstiy in some\.yaml\)/,
    ],
    [
      'with an unknown setting in the grid',
      { grid: { sede: [0] } },
      /unknown setting 'sede' \(did you mean seed\?\) \(grid\.sede in some\.yaml\)/,
    ],
    [
      'with an unknown setting of a method',
      { ...seeds, methods: [{ label: 'a' }, { label: 'b', kidn: 'dense' }] },
      /unknown setting 'kidn' \(did you mean kind\?\) \(methods\[1\]\.kidn in some\.yaml\)/,
    ],
    [
      'with a value out of range',
      { grid: { density: [0.1, 2] } },
      /density must be above 0 and at most 1.*received 2 \(grid\.density\[1\] in some\.yaml\)/,
    ],
    [
      'with a misspelt value of a method',
      { ...seeds, methods: [{ label: 'a', kind: 'dctsp' }] },
      /kind must be one of.*dctsp \(did you mean dctps\?\) \(methods\[0\]\.kind in some\.yaml\)/,
    ],
    ['with nothing to vary', {}, /some\.yaml holds no runs: expected a grid.*or a list of methods/],
    ['with an empty grid', { grid: {} }, /some\.yaml holds no runs/],
    [
      'with an empty list',
      { grid: { seed: [] } },
      /grid\.seed in some\.yaml must be .*at least one value.*received \[\]/,
    ],
    [
      'with one value for a list',
      { grid: { seed: 3 } },
      /grid\.seed in some\.yaml must be .*list.*received 3/,
    ],
    [
      'with a value twice',
      { grid: { density: ['1%', 0.01] } },
      /grid\.density in some\.yaml has the value 0\.01 twice/,
    ],
    [
      'with a label twice',
      { ...seeds, methods: [{ label: 'a' }, { label: 'a', kind: 'dense' }] },
      /methods\[1\].*label 'a' of methods\[0\]/,
    ],
    [
      'with a method without a label',
      { ...seeds, methods: [{ kind: 'dense' }] },
      /methods\[0\]\.label in some\.yaml must be .*label.*received nothing/,
    ],
    [
      'with two methods that are one',
      { ...seeds, methods: [{ label: 'a' }, { label: 'b', kind: 'dctps' }] },
      /'a seed 0' and 'b seed 0' are the same run \(lenet5-dctps-0\.01-epl-seed0/,
    ],
    [
      'with a grid that changes no result',
      { grid: { threads: [1, 2] } },
      /'dctps threads 1' and .* are the same run/,
    ],
    [
      'with a method that does not go with its kind',
      { ...seeds, methods: [{ label: 'odd', kind: 'dense', density: 0.1 }] },
      /some\.yaml: odd seed 0: density cannot be used here: dense/,
    ],
    [
      'with a method that does not go with its network',
      { ...seeds, methods: [{ label: 'wide', width: 32 }] },
      /some\.yaml: wide seed 0: lenet5 has one width/,
    ],
    [
      'with an unknown network',
      { grid: { network: ['lenet5', 'resnet81'] } },
      /some\.yaml: the runs network resnet81: unknown network "resnet81".*did you mean resnet8\?/,
    ],
    [
      'with a grid setting that no run takes',
      { settings: { kind: 'dense' }, grid: { density: [0.1, 0.2], seed: [0] } },
      /grid\.density applies to no run: density cannot be used here/,
    ],
    [
      'with a shared setting that no run takes',
      { ...seeds, settings: { kind: 'sparse', alpha: 'frozen' } },
      /settings\.alpha applies to no run/,
    ],
    [
      'that selects what it does not vary',
      { ...seeds, select: 'lr' },
      /select in some\.yaml must be a setting of the grid \(seed\), received lr/,
    ],
    ['that selects seeds', { ...seeds, select: 'seed' }, /select in some\.yaml must not be seed/],
    [
      'that selects without validation images',
      { settings: { validation: 0 }, grid: { lr: [0.1, 0.2] }, select: 'lr' },
      /select lr in some\.yaml needs validation images/,
    ],
  ]
  test.each(cases)('%s', (_, parts, message) => {
    const value = Array.isArray(parts) ? parts : { ...about, ...Object(parts) }
    expect(() => expandExperiment(parseExperiment(value, 'some.yaml'))).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(message) }),
    )
  })
})
