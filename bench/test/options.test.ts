// What is measured for which options.

import { describe, expect, test } from 'vitest'
import { parseOptions, type SpeedOptions } from '#bench/options'

function parseSpeed(args: readonly string[]): SpeedOptions {
  const options = parseOptions(args)
  if (options.type !== 'speed') throw new Error(`expected speed, received ${options.type}`)
  return options
}

describe('without narrowing options', () => {
  test('the six networks of the paper are measured in three kinds, with one thread and with two', () => {
    const { groups, parts } = parseSpeed([])
    expect(parts).toBe(true)
    expect([...new Set(groups.map(({ network }) => network))]).toEqual([
      'lenet5',
      'vgg19',
      'resnet18',
      'resnet50',
      'mobilenetv2',
      'fixup-resnet110',
    ])
    for (const network of ['lenet5', 'resnet50']) {
      const own = groups.filter((group) => group.network === network)
      expect(own.map(({ kind, density }) => [kind, density])).toEqual([
        ['dctps', 0.001],
        ['sparse', 0.001],
        ['dense', 1],
      ])
    }
    expect(groups.every(({ threads }) => threads.join() === '1,2')).toBe(true)
  })

  test('batches hold 128 images, fewer where they would not fit', () => {
    const batches = new Map(parseSpeed([]).groups.map(({ network, batch }) => [network, batch]))
    expect(batches.get('lenet5')).toBe(128)
    expect(batches.get('resnet50')).toBe(32)
    for (const batch of batches.values()) expect([32, 64, 128]).toContain(batch)
  })
})

test('all narrowing options leave one case', () => {
  const narrowing = [
    ['--network', 'resnet34'],
    ['--kind', 'dctps'],
    ['--density', '0.05'],
    ['--batch', '16'],
    ['--threads', '3'],
  ]
  expect(parseOptions(narrowing.flat())).toMatchObject({
    parts: false,
    groups: [{ network: 'resnet34', kind: 'dctps', density: 0.05, batch: 16, threads: [3] }],
  })
})

test('dense kernels have density 1, whatever was asked for', () => {
  const { groups } = parseSpeed(['--density', '0.05', '--network', 'resnet8'])
  expect(groups.map(({ kind, density }) => [kind, density])).toEqual([
    ['dctps', 0.05],
    ['sparse', 0.05],
    ['dense', 1],
  ])
})

test('the growth of cost is measured alone, with a plot where one is asked for', () => {
  expect(parseOptions(['--growth', '--plot', 'growth.svg', '--quick'])).toEqual({
    type: 'growth',
    quick: true,
    json: null,
    plot: 'growth.svg',
  })
})
