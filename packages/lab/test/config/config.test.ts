// Settings from files and options: what is accepted, what is refused with which words, and what a configuration becomes.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { adamDefaults, architectures, supportRules, trainDefaults } from 'dctps'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  architectureOptions,
  kernelOptions,
  mergeSettings,
  parseSettings,
  readSettings,
  resolveConfig,
  type Settings,
  supportSource,
  trainOptions,
} from '#lab/config/index'
import { temporaryFolder } from '../data/sources.js'

const parse = (value: unknown) => parseSettings(value, (name) => `--${name}`)

const usageError = (message: string | RegExp) =>
  expect.objectContaining({ code: 'usage', message: expect.stringMatching(message) })

/** Any valid settings: each left out or given. */
const settings: fc.Arbitrary<Settings> = fc
  .tuple(
    fc.constantFrom<Settings>({}, { kind: 'dctps', alpha: 'frozen' }, { kind: 'sparse' }, { kind: 'dense' }),
    fc.constantFrom<Settings>(
      {},
      { optimizer: 'sgd', momentum: 0.5 },
      { optimizer: 'adam', beta1: 0.8, epsilon: 1e-6 },
    ),
    fc
      .tuple(
        fc.record(
          { density: fc.double({ min: 1e-6, max: 1, noNaN: true }), rule: ruleNames() },
          { requiredKeys: [] },
        ),
        fc.constantFrom<Settings>(
          {},
          {},
          { dynamic: 'rigl' },
          { dynamic: 'set', updateEvery: 7, dropFraction: 0.5, updateUntil: 1 },
        ),
      )
      .map(([support, dynamic]) => ({ ...support, ...dynamic })),
    fc.record(
      {
        network: fc.constantFrom(...architectures.map(({ name }) => name)),
        epochs: fc.integer({ min: 10, max: 300 }),
        lr: fc.double({ min: 1e-6, max: 10, noNaN: true }),
        schedule: fc.constantFrom('constant', 'cosine', 'multistep:3,7.5', 'multistep:60,120@0.2'),
        warmup: fc.integer({ min: 0, max: 9 }),
        seed: fc.maxSafeNat(),
        flip: fc.boolean(),
        size: fc.constantFrom('32', '24x30', null),
        normalise: fc.constantFrom('auto' as const, { mean: [0.5], std: [0.25] }),
        validation: fc.double({ min: 0.01, max: 0.9, noNaN: true }),
        patience: fc.option(fc.integer({ min: 1, max: 50 })),
        threads: fc.integer({ min: 1, max: 64 }),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([kernel, optimizer, support, rest]) =>
    mergeSettings(kernel, optimizer, kernel.kind === 'dense' ? {} : support, rest),
  )

function ruleNames() {
  return fc.constantFrom(...supportRules.map(({ name }) => name))
}

describe('a resolved configuration', () => {
  test('is itself a set of settings that resolves to the same, also through JSON', () => {
    fc.assert(
      fc.property(settings, (given) => {
        const config = resolveConfig(given)
        expect(resolveConfig(parse(JSON.parse(JSON.stringify(config))))).toEqual(config)
      }),
    )
  })

  test('keeps every setting that was given', () => {
    fc.assert(
      fc.property(settings, (given) => {
        expect(resolveConfig(given)).toMatchObject(given)
      }),
    )
  })

  test('has the defaults of the core, but 20 epochs', () => {
    const { normalisation: _, ...options } = trainOptions(resolveConfig({}), null)
    const { normalisation: __, ...expected } = { ...trainDefaults, epochs: 20 }
    expect(options).toEqual(expected)
    expect(resolveConfig({})).toMatchObject({
      network: 'lenet5',
      kind: 'dctps',
      density: 0.01,
      rule: 'epl',
      data: 'fashion-mnist-12k',
    })
  })

  test('becomes what the core takes', () => {
    const config = resolveConfig(
      parse({
        ...{
          kind: 'dctps',
          alpha: 'frozen',
          density: '0.5%',
          rule: 'erk',
          seed: 7,
          optimizer: 'sgd',
          momentum: '0.8',
        },
        ...{
          weightDecay: '1e-3',
          schedule: 'multistep:60,120@0.2',
          warmup: 5,
          epochs: 160,
          crop: 4,
          flip: true,
          patience: 9,
        },
      }),
    )
    expect(kernelOptions(config)).toEqual({ kind: 'dctps', alpha: 'frozen' })
    expect(supportSource(config)).toEqual({ type: 'random', rule: 'erk', density: 0.005, seed: 7 })
    expect(trainOptions(config, null)).toEqual({
      epochs: 160,
      batch: 128,
      learningRate: 1e-3,
      optimizer: { type: 'sgd', momentum: 0.8, weightDecay: 1e-3 },
      schedule: { type: 'multiStep', milestones: [60, 120], factor: 0.2 },
      warmUpEpochs: 5,
      seed: 7,
      validation: 0.1,
      augmentation: { cropPadding: 4, flip: true },
      normalisation: null,
      patience: 9,
      dynamic: null,
    })
    const dynamic = resolveConfig(parse({ dynamic: 'rigl', updateEvery: '50', dropFraction: '20%' }))
    expect(trainOptions(dynamic, null).dynamic).toEqual({
      type: 'rigl',
      updateEvery: 50,
      dropFraction: 0.2,
      updateUntil: 0.75,
    })
    expect(trainOptions(resolveConfig({}), null).optimizer).toEqual(adamDefaults)
  })

  test('says width and stable of a residual network; the core gets what is not the default', () => {
    expect(resolveConfig({ network: 'resnet18' })).toMatchObject({ width: 64, stable: false })
    expect(architectureOptions(resolveConfig({ network: 'resnet18', width: 64 }))).toEqual({})
    const chosen = resolveConfig(parse({ network: 'resnet18', width: '16', stable: true }))
    expect(architectureOptions(chosen)).toEqual({ width: 16, stable: true })
  })

  test('holds nothing that does not apply', () => {
    expect(resolveConfig({ kind: 'dense' })).not.toHaveProperty('density')
    expect(resolveConfig({ kind: 'sparse' })).not.toHaveProperty('alpha')
    expect(resolveConfig({})).not.toHaveProperty('momentum')
    expect(resolveConfig({})).not.toHaveProperty('dynamic')
    expect(resolveConfig({})).not.toHaveProperty('updateEvery')
    expect(resolveConfig({ network: 'vgg11' })).not.toHaveProperty('width')
    expect(resolveConfig({ network: 'vgg11' })).not.toHaveProperty('stable')
  })
})

describe('settings', () => {
  test('density and validation may be percentages, exactly', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), (hundredths) => {
        const percent = hundredths / 100
        expect(parse({ density: `${percent}%` })).toEqual({ density: Number(`${percent}e-2`) })
      }),
    )
    expect(parse({ density: '0.1%', validation: ' 5 % ' })).toEqual({ density: 0.001, validation: 0.05 })
  })

  test.each<[unknown, string]>([
    [
      { density: 0 },
      'density must be above 0 and at most 1 (0.01 and 1% mean the same), received 0 (--density)',
    ],
    [
      { density: 'NaN' },
      'density must be above 0 and at most 1 (0.01 and 1% mean the same), received NaN (--density)',
    ],
    [
      { density: Number.NaN },
      'density must be above 0 and at most 1 (0.01 and 1% mean the same), received NaN (--density)',
    ],
    [
      { density: '' },
      'density must be above 0 and at most 1 (0.01 and 1% mean the same), received nothing (--density)',
    ],
    [{ epochs: 2.5 }, 'epochs must be a whole number of at least 1, received 2.5 (--epochs)'],
    [{ epochs: true }, 'epochs must be a whole number of at least 1, received true (--epochs)'],
    [
      { kind: 'Dense' },
      'kind must be one of dctps, sparse, dense, received Dense (did you mean dense?) (--kind)',
    ],
    [{ size: '24x' }, 'size must be one number or HEIGHTxWIDTH, e.g. 32 or 24x32, received 24x (--size)'],
    [{ flip: 'yes' }, 'flip must be true or false, received yes (--flip)'],
    [
      { normalise: { mean: [0.5], std: [0] } },
      'normalise.std.0 must be one of auto, data, published (in a file also {mean: [...], std: [...]}), received 0 (--normalise)',
    ],
  ])('%j is refused: %s', (value, message) => {
    expect(() => parse(value)).toThrow(usageError(`^${message.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`))
  })

  test.each([
    'cosinus',
    'multistep',
    'multistep:',
    'multistep:60,',
    'multistep:60,30',
    'multistep:0',
    'multistep:60@0',
    'multistep:60@2',
  ])('schedule %s is refused', (schedule) => {
    expect(() => parse({ schedule })).toThrow(
      usageError(/schedule must be constant, cosine or multistep:60,120/),
    )
  })

  test('an unknown name is refused with the nearest known one', () => {
    expect(() => parse({ wieghtDecay: 1 })).toThrow(
      usageError(/unknown setting 'wieghtDecay' \(did you mean weightDecay\?\)/),
    )
  })

  test('later sources override earlier ones, setting by setting', () => {
    expect(mergeSettings({ lr: 1, seed: 2 }, { lr: undefined, seed: 3 }, { batch: 4 })).toEqual({
      lr: 1,
      seed: 3,
      batch: 4,
    })
  })

  test.each<[Settings, RegExp]>([
    [
      { kind: 'dense', density: 0.1, rule: 'erk' },
      /density, rule cannot be used here: dense kernels.*leave out density, rule/,
    ],
    [{ kind: 'sparse', alpha: 'frozen' }, /alpha cannot be used here/],
    [{ momentum: 0.9 }, /momentum cannot be used here.*SGD/],
    [{ kind: 'dense', dynamic: 'set' }, /dynamic cannot be used here: dense kernels.*leave out dynamic/],
    [
      { updateEvery: 10, updateUntil: 0.5 },
      /updateEvery, updateUntil cannot be used here: supports stay as they are.*leave out updateEvery/,
    ],
    [{ optimizer: 'sgd', beta2: 0.9 }, /beta2 cannot be used here.*Adam/],
    [{ width: 32 }, /lenet5 has one width, only that of resnet18.*leave out the width 32/],
    [{ network: 'vgg19', stable: true }, /vgg19 has no option stable, only resnet18.*leave it out/],
    [{ patience: 3, validation: 0 }, /early stopping needs validation images/],
    [{ schedule: 'cosinus' }, /schedule must be constant, cosine.*received cosinus/],
    [{ warmup: 21 }, /warm-up epochs must be .* at most 20, received 21/],
  ])('%j is refused where defaults are filled in', (given, message) => {
    expect(() => resolveConfig(given)).toThrow(usageError(message))
  })
})

describe('a config file', () => {
  let root: string
  beforeAll(async () => {
    root = await temporaryFolder()
  })
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(root, name), text)
    return join(root, name)
  }

  test('may be YAML or JSON', async () => {
    const yaml = await file('a.yaml', 'density: 0.5%\nlr: 1e-2\nflip: true\nsize: 32 # comment\npatience:\n')
    const json = await file(
      'a.json',
      '{"density": "0.5%", "lr": 0.01, "flip": true, "size": 32, "patience": null}',
    )
    const expected = { density: 0.005, lr: 0.01, flip: true, size: '32', patience: null }
    expect(await readSettings(yaml)).toEqual(expected)
    expect(await readSettings(json)).toEqual(expected)
  })

  test.each([
    ['list.yaml', '- 1\n', /list\.yaml holds no settings/],
    ['empty.yaml', '', /empty\.yaml holds no settings.*received null/],
    ['broken.yaml', 'a: [1\n', /broken\.yaml is not YAML/],
    ['broken.json', '{"lr": 1', /broken\.json is not JSON/],
    ['key.yaml', 'learning_rate: 1\n', /unknown setting 'learning_rate'.*key\.yaml/],
    ['value.yaml', 'batch: many\n', /batch must be a whole number.*received many \(batch in .*value\.yaml\)/],
    [
      'deep.yaml',
      'normalise:\n  mean: [0.5]\n  deviation: [1]\n',
      /normalise must be one of auto.*deep\.yaml/,
    ],
  ])('%s is refused in one line', async (name, text, message) => {
    const path = await file(name, text)
    await expect(readSettings(path)).rejects.toEqual(usageError(message))
    await expect(readSettings(path)).rejects.toEqual(usageError(/^[^\n]*$/))
  })
})
