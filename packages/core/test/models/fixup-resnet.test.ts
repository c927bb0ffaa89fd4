import { describe, expect, test } from 'vitest'
import { buildNetwork } from '#core/models/registry'
import type { KernelKind } from '#core/network/layer'
import { kernelLayers, type Network, weightShape } from '#core/network/network'
import { kernelName, parameters } from '#core/network/parameters'
import { Key } from '#core/random/key'
import { initialValues } from '#core/train/initialise'

const input = { channels: 3, height: 32, width: 32 }

function fixup(depth: number, kind: KernelKind): Network {
  return buildNetwork(`fixup-resnet${depth}`, { input, classes: 10, kernel: { kind } })
}

function everyEntry(network: Network) {
  return new Map(
    kernelLayers(network).map((layer) => {
      const entries = weightShape(layer).reduce((product, length) => product * length, 1)
      return [layer.id, Uint32Array.from({ length: entries }, (_, index) => index)]
    }),
  )
}

describe('a Fixup ResNet', () => {
  test.each([
    [20, 3],
    [32, 5],
    [44, 7],
    [56, 9],
    [110, 18],
  ])('of depth %i has three stages of %i blocks, halved and doubled between them', (depth, blocks) => {
    const network = fixup(depth, 'dctps')
    expect(kernelLayers(network).length).toBe(depth)
    const sums = network.layers.filter((layer) => layer.op === 'scalarAffine' && layer.residual !== null)
    expect(sums.map(({ output }) => [output.channels, output.height])).toEqual([
      ...Array(blocks).fill([16, 32]),
      ...Array(blocks).fill([32, 16]),
      ...Array(blocks).fill([64, 8]),
    ])
  })

  test('names its scalars as the public code does', () => {
    const network = fixup(20, 'sparse')
    const scalars = parameters(network, everyEntry(network)).filter(({ size }) => size === 1)
    const ofBlock = (name: string) =>
      ['bias1a', 'bias1b', 'bias2a', 'scale', 'bias2b'].map((scalar) => `${name}.${scalar}`)
    const blocks = [1, 2, 3].flatMap((stage) => [0, 1, 2].map((index) => `layer${stage}.${index}`))
    expect(scalars.map(({ name }) => name).sort()).toEqual(
      ['bias1', 'bias2', ...blocks.flatMap(ofBlock)].sort(),
    )
  })

  test('gives biases and scales, the last bias included, a tenth of the learning rate', () => {
    const network = fixup(20, 'dctps')
    for (const { name, rateScale } of parameters(network, everyEntry(network)))
      expect(rateScale, name).toBe(/bias|scale$/.test(name) ? 0.1 : 1)
  })
})

describe('initial values of a Fixup ResNet', () => {
  // alpha of the first kernel of a block, as the public code computed it (step_fixup_resnet20.safetensors).
  const published = [
    ['layer1.0', 0.6859933137893677],
    ['layer1.1', 0.6859933137893677],
    ['layer2.0', 0.5768493413925171],
    ['layer2.1', 0.6862910985946655],
    ['layer3.0', 0.5770997405052185],
    ['layer3.2', 0.6864400506019592],
  ] as const

  test('DCTpS: the published alphas, zero where a branch or the network ends, S zero', () => {
    const network = fixup(20, 'dctps')
    const values = initialValues(network, everyEntry(network), Key.fromSeed(0))
    const alpha = (name: string) => values.get(`${name}.scaling`)![0]
    for (const [block, expected] of published) expect(alpha(`${block}.conv1`)).toBeCloseTo(expected, 6)
    expect(alpha('conv1')).toBe(1)
    for (const [block] of published) expect(alpha(`${block}.conv2`)).toBe(0)
    expect(alpha('fc')).toBe(0)
    for (const [name, array] of values)
      if (name.endsWith('weight'))
        expect(
          array.every((value) => value === 0),
          name,
        ).toBe(true)
  })

  test.each(['sparse', 'dense'] as const)(
    '%s: deviation sqrt(2 / (9 Cout)) / sqrt(27) at the start of a branch, zero at its end',
    (kind) => {
      const network = fixup(56, kind)
      const values = initialValues(network, everyEntry(network), Key.fromSeed(1))
      for (const layer of kernelLayers(network)) {
        const weights = values.get(`${kernelName(layer)}.weight`)!
        const deviation = Math.sqrt(weights.reduce((sum, value) => sum + value * value, 0) / weights.length)
        const { inChannels, outChannels } = layer.geometry
        if (layer.name === 'conv1') expect(deviation / Math.sqrt(2 / (9 * inChannels))).toBeCloseTo(1, 0)
        else if (layer.name.endsWith('conv1'))
          // 2304 to 36864 weights: their deviation lies within 8% of the true one.
          expect(Math.abs(deviation / Math.sqrt(2 / (9 * outChannels) / 27) - 1)).toBeLessThan(0.08)
        else expect(deviation).toBe(0)
      }
    },
  )

  test('scales are 1 and biases 0', () => {
    const network = fixup(20, 'dense')
    const values = initialValues(network, new Map(), Key.fromSeed(0))
    for (const [name, array] of values) {
      if (name.endsWith('scale')) expect([...array], name).toEqual([1])
      else if (name.includes('bias'))
        expect(
          array.every((value) => value === 0),
          name,
        ).toBe(true)
    }
  })
})
