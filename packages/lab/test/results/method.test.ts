import { describe, expect, test } from 'vitest'
import { dataName, methodName, networkName, settingsText, variedSettings } from '#lab/results/method'
import type { ReadConfig } from '#lab/results/run-files'

function config(changes: Partial<ReadConfig> = {}): ReadConfig {
  return {
    network: 'lenet5',
    kind: 'dctps',
    density: 0.01,
    rule: 'epl',
    alpha: 'trainable',
    data: 'fashion-mnist-12k',
    epochs: 2,
    batch: 128,
    lr: 0.01,
    optimizer: 'adam',
    seed: 0,
    ...changes,
  }
}

describe('a method is named', () => {
  const sparse = { kind: 'sparse', alpha: null } as const
  test.each<[string, Partial<ReadConfig>]>([
    ['DCTpS EPL', {}],
    ['DCTpS ERK, alpha frozen', { rule: 'erk', alpha: 'frozen' }],
    ['DCTpS + RigL', { dynamic: 'rigl' }],
    ['DCTpS + SET, alpha frozen', { dynamic: 'set', alpha: 'frozen' }],
    ['sparse EPL', sparse],
    ['sparse uniform', { ...sparse, rule: 'uniform' }],
    ['sparse + RigL', { ...sparse, dynamic: 'rigl' }],
    ['SNIP', { ...sparse, rule: null, prune: 'snip' }],
    ['SynFlow', { ...sparse, rule: null, prune: 'synflow' }],
    ['random pruning', { ...sparse, rule: null, prune: 'random' }],
    ['SNIP + RigL', { ...sparse, rule: null, prune: 'snip', dynamic: 'rigl' }],
    ['dense', { kind: 'dense', rule: null, density: null }],
    // A method of a later version stands for itself.
    ['newest', { ...sparse, rule: null, prune: 'newest' }],
  ])('%s', (expected, changes) => {
    expect(methodName(config(changes), null)).toBe(expected)
  })

  test("by its author's label", () => {
    expect(methodName(config(), 'ours')).toBe('ours')
  })
})

test('networks and data are named by what is not their default', () => {
  expect(networkName(config())).toBe('lenet5')
  expect(networkName(config({ network: 'resnet18', width: 64, stable: false }))).toBe('resnet18')
  expect(networkName(config({ network: 'resnet18', width: 16, stable: true }))).toBe(
    'resnet18, width 16, stable',
  )
  expect(dataName(config({ data: '/some/where/cifar10-jpeg.tar.gz' }))).toBe('cifar10-jpeg')
  expect(dataName(config({ data: './photos/', size: '32' }))).toBe('photos, at 32')
})

describe('settings that runs of a method differ in', () => {
  test('leave out seeds, densities, places and what is selected', () => {
    const runs = [config(), config({ seed: 1, density: 0.1, lr: 0.1, threads: 2 }), config({ epochs: 5 })]
    expect(variedSettings(runs, ['lr'])).toEqual(['epochs'])
    expect(variedSettings(runs, [])).toEqual(['epochs', 'lr'])
  })

  test('leave out what only some runs have', () => {
    expect(variedSettings([config({ momentum: 0.9 }), config({ beta1: 0.9 })], ['lr'])).toEqual([])
  })

  test('are written by name and value', () => {
    expect(settingsText(config({ epochs: 5, rule: 'erk' }), ['epochs', 'rule', 'momentum'])).toBe(
      'epochs 5, rule ERK',
    )
  })
})
