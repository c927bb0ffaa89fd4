// The reference layers against PyTorch's results.

import { describe, expect, it } from 'vitest'
import { activations } from './activations.js'
import {
  absence,
  type FixtureTensor,
  hasFixture,
  readFixtureJson,
  readFixtureTensors,
  tensorValues,
} from './fixtures.js'
import { convolution, convolutionBackward, type Kernel } from './kernel.js'
import { expectClose } from './tolerance.js'

interface FixtureLayer {
  readonly kind: 'conv2d' | 'linear'
  readonly in: number
  readonly out: number
  readonly k?: number
  readonly stride?: number
  readonly pad?: number
  readonly groups?: number
  readonly alpha: number
}

function isFixtureLayers(value: unknown): value is FixtureLayer[] {
  return Array.isArray(value) && value.every((entry) => entry.kind === 'conv2d' || entry.kind === 'linear')
}

const present = hasFixture('layers.json') && hasFixture('layers.safetensors')

describe.skipIf(!present)(`layers.safetensors${present ? '' : absence}`, () => {
  // The titles below need the list while tests are collected, even where they are to be skipped.
  const configs = present ? readFixtureJson('layers.json') : []
  if (!isFixtureLayers(configs)) throw new Error('layers.json is not a list of layers')
  const tensors = present ? readFixtureTensors('layers.safetensors') : new Map<string, FixtureTensor>()

  it('holds layers', () => {
    expect(configs.length).toBeGreaterThan(0)
  })

  it.each(configs.map((config, i) => ({ i, name: describeLayer(config), config })))(
    'layer $i, $name',
    ({ i, config }) => {
      const kernel: Kernel = {
        kind: 'dctps',
        geometry: {
          inChannels: config.in,
          outChannels: config.out,
          size: config.k ?? 1,
          stride: config.stride ?? 1,
          padding: config.pad ?? 0,
          groups: config.groups ?? 1,
        },
        support: Uint32Array.from(tensorValues(tensors, `${i}.indices`)),
        values: tensorValues(tensors, `${i}.values`),
        alpha: config.alpha,
        bias: tensors.get(`${i}.bias`)?.values,
      }
      const batchOf = (name: string) => {
        const [images, channels, height = 1, width = 1] = tensors.get(name)!.shape
        return activations(images!, { channels: channels!, height, width }, tensorValues(tensors, name))
      }
      const x = batchOf(`${i}.x`)
      const gradients = convolutionBackward(x, kernel, batchOf(`${i}.dy`))
      expectClose(convolution(x, kernel).values, tensorValues(tensors, `${i}.y`), 'y')
      expectClose(gradients.input.values, tensorValues(tensors, `${i}.dx`), 'dx')
      expectClose(gradients.values, tensorValues(tensors, `${i}.dvalues`), 'dvalues')
      expectClose([gradients.alpha!], tensorValues(tensors, `${i}.dalpha`), 'dalpha')
      if (kernel.bias !== undefined)
        expectClose(gradients.bias!, tensorValues(tensors, `${i}.dbias`), 'dbias')
      const dense = tensors.get(`${i}.dweight_dense`)
      if (dense !== undefined) expectClose(gradients.weight, dense.values, 'dweight_dense')
    },
  )
})

function describeLayer({
  kind,
  in: inputs,
  out,
  k = 1,
  stride = 1,
  pad = 0,
  groups = 1,
}: FixtureLayer): string {
  return kind === 'linear'
    ? `linear ${inputs} -> ${out}`
    : `conv ${k}x${k} ${inputs} -> ${out}, stride ${stride}, padding ${pad}, ${groups} groups`
}
