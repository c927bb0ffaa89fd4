// The reference against PyTorch's own results, which are float64 stored as float32: 6e-8 of relative rounding.

import { describe, expect, it } from 'vitest'
import { kernelLayers, type Network, NetworkBuilder } from '#core/network/network'
import { kernelName, parameters } from '#core/network/parameters'
import { activations } from './activations.js'
import {
  type FixtureTensor,
  fixtureFolder,
  hasFixture,
  readFixtureJson,
  readFixtureTensors,
  tensorValues,
} from './fixtures.js'
import { convolution, convolutionBackward, type Kernel } from './kernel.js'
import { ReferenceNetwork } from './network.js'
import { ReferenceAdam, ReferenceSgd } from './optimizers.js'

const tolerance = 1e-6

/** Expects `max|ours - expected| <= 1e-6 * max|expected|`. */
function expectClose(ours: ArrayLike<number>, expected: Float64Array, what: string): void {
  expect(ours.length, what).toBe(expected.length)
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const error = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - ours[i]!)), 0)
  expect(error, `${what}: largest error, where values reach ${largest}`).toBeLessThanOrEqual(
    tolerance * largest,
  )
}

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

const layersPresent = hasFixture('layers.json') && hasFixture('layers.safetensors')
const lenetPresent = hasFixture('step_lenet5.safetensors')
const absent = (present: boolean) => (present ? '' : ` (skipped: not in ${fixtureFolder})`)

describe.skipIf(!layersPresent)(`layers.safetensors${absent(layersPresent)}`, () => {
  const configs = layersPresent ? readFixtureJson('layers.json') : []
  if (!isFixtureLayers(configs)) throw new Error('layers.json is not a list of layers')
  const tensors = layersPresent ? readFixtureTensors('layers.safetensors') : new Map<string, FixtureTensor>()

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

describe.skipIf(!lenetPresent)(`step_lenet5.safetensors${absent(lenetPresent)}`, () => {
  const network = lenet5()
  const tensors = lenetPresent
    ? readFixtureTensors('step_lenet5.safetensors')
    : new Map<string, FixtureTensor>()

  function load() {
    const supports = new Map(
      kernelLayers(network).map((layer) => [
        layer.id,
        Uint32Array.from(tensorValues(tensors, `init.${kernelName(layer)}.weight.indices`)),
      ]),
    )
    const values = parameters(network, supports).map(({ name, role }): [string, Float64Array] => [
      name,
      tensorValues(tensors, `init.${name}${role === 'kernel' ? '.values' : ''}`),
    ])
    return new ReferenceNetwork(network, supports, new Map(values))
  }

  function batch(step: number) {
    const x = tensorValues(tensors, 'x')
    const labels = tensorValues(tensors, 'labels')
    return {
      x: x.slice((step * x.length) / 4, ((step + 1) * x.length) / 4),
      labels: labels.slice((step * labels.length) / 4, ((step + 1) * labels.length) / 4),
    }
  }

  it('logits and gradients of the first step', () => {
    const reference = load()
    const { x, labels } = batch(0)
    expectClose(reference.forward(x, 'train'), tensorValues(tensors, 'step0.logits'), 'logits')
    const { gradients } = reference.backward(labels)
    const names = [...tensors.keys()].filter((name) => name.startsWith('step0.grad.'))
    expect(names.length).toBe(gradients.parameters.size)
    for (const name of names) {
      const parameter = name.replace('step0.grad.', '').replace(/\.values$/, '')
      expectClose(gradients.parameters.get(parameter)!, tensorValues(tensors, name), name)
    }
  })

  it.each([
    ['sgd', () => new ReferenceSgd({ learningRate: 0.01, momentum: 0.9, weightDecay: 5e-4 })],
    ['adam', () => new ReferenceAdam({ learningRate: 1e-3, weightDecay: 5e-4 })],
  ] as const)('four steps of %s and the evaluation after them', (name, create) => {
    const reference = load()
    const optimizer = create()
    const losses = [0, 1, 2, 3].map((step) => {
      const { x, labels } = batch(step)
      reference.forward(x, 'train')
      const { loss, gradients } = reference.backward(labels)
      optimizer.step(reference.parameters, gradients.parameters)
      return loss
    })
    expectClose(losses, tensorValues(tensors, `${name}.losses`), 'losses')
    const logits = reference.forward(batch(0).x, 'eval')
    expectClose(logits, tensorValues(tensors, `${name}.eval_logits`), 'eval logits')
  })
})

/** Source: ALGORITHMS section 5; names as in the public code. */
function lenet5(): Network {
  const builder = new NetworkBuilder('lenet5', { channels: 3, height: 32, width: 32 }, { kind: 'dctps' })
  const relu = builder.relu.bind(builder)
  const first = relu(builder.conv2d('convs.0', builder.input, 6, { size: 5 }))
  const second = relu(builder.conv2d('convs.3', builder.averagePool(first, 2), 16, { size: 5 }))
  const third = relu(builder.conv2d('convs.6', builder.averagePool(second, 2), 120, { size: 5 }))
  builder.linear('fcs.2', relu(builder.linear('fcs.0', builder.flatten(third), 82)), 10)
  return builder.build()
}

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
