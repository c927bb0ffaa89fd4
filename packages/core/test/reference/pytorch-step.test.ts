// The reference network and optimisers against whole training steps of PyTorch.

import { describe, expect, it } from 'vitest'
import type { LayerId } from '#core/network/layer'
import { kernelLayers, type Network, NetworkBuilder } from '#core/network/network'
import { kernelName, parameters } from '#core/network/parameters'
import { absence, type FixtureTensor, hasFixture, readFixtureTensors, tensorValues } from './fixtures.js'
import { ReferenceNetwork } from './network.js'
import { ReferenceAdam, ReferenceSgd } from './optimizers.js'
import { expectClose } from './tolerance.js'

const image = { channels: 3, height: 32, width: 32 }
const lenetFile = 'step_lenet5.safetensors'
const resnetFile = 'step_resnet18_w16.safetensors'

describe.skipIf(!hasFixture(lenetFile))(`${lenetFile}${hasFixture(lenetFile) ? '' : absence}`, () => {
  it('logits and gradients of the first step', () => {
    checkFirstStep(lenet5(), readFixtureTensors(lenetFile))
  })

  it.each([
    ['sgd', () => new ReferenceSgd({ learningRate: 0.01, momentum: 0.9, weightDecay: 5e-4 })],
    ['adam', () => new ReferenceAdam({ learningRate: 1e-3, weightDecay: 5e-4 })],
  ] as const)('four steps of %s and the evaluation after them', (name, createOptimizer) => {
    checkTraining(lenet5(), readFixtureTensors(lenetFile), name, createOptimizer())
  })
})

// One step only: four of them take 20 s in float64 and show nothing about optimisers that LeNet-5 does not.
describe.skipIf(!hasFixture(resnetFile))(`${resnetFile}${hasFixture(resnetFile) ? '' : absence}`, () => {
  it('logits and gradients of the first step, through batch norm, strides and shortcuts', () => {
    checkFirstStep(resnet18(16), readFixtureTensors(resnetFile))
  })
})

type Tensors = ReadonlyMap<string, FixtureTensor>

function load(network: Network, tensors: Tensors): ReferenceNetwork {
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

/** One of the four batches. */
function batch(tensors: Tensors, step: number): { x: Float64Array; labels: Float64Array } {
  const part = (all: Float64Array) => all.slice((step * all.length) / 4, ((step + 1) * all.length) / 4)
  return { x: part(tensorValues(tensors, 'x')), labels: part(tensorValues(tensors, 'labels')) }
}

function checkFirstStep(network: Network, tensors: Tensors): void {
  const reference = load(network, tensors)
  const { x, labels } = batch(tensors, 0)
  expectClose(reference.forward(x, 'train'), tensorValues(tensors, 'step0.logits'), 'logits')
  const { gradients } = reference.backward(labels)
  const names = [...tensors.keys()].filter((name) => name.startsWith('step0.grad.'))
  expect(names.length).toBe(gradients.parameters.size)
  for (const name of names) {
    const parameter = name.replace('step0.grad.', '').replace(/\.values$/, '')
    expectClose(gradients.parameters.get(parameter)!, tensorValues(tensors, name), name)
  }
}

function checkTraining(
  network: Network,
  tensors: Tensors,
  name: 'sgd' | 'adam',
  optimizer: ReferenceSgd | ReferenceAdam,
): void {
  const reference = load(network, tensors)
  const losses = [0, 1, 2, 3].map((step) => {
    const { x, labels } = batch(tensors, step)
    reference.forward(x, 'train')
    const { loss, gradients } = reference.backward(labels)
    optimizer.step(reference.parameters, gradients.parameters)
    return loss
  })
  expectClose(losses, tensorValues(tensors, `${name}.losses`), 'losses')
  const logits = reference.forward(batch(tensors, 0).x, 'eval')
  expectClose(logits, tensorValues(tensors, `${name}.eval_logits`), 'eval logits')
}

/** Source: ALGORITHMS section 5; names as in the public code. */
function lenet5(): Network {
  const builder = new NetworkBuilder('lenet5', image, { kind: 'dctps' })
  const relu = builder.relu.bind(builder)
  const first = relu(builder.conv2d('convs.0', builder.input, 6, { size: 5 }))
  const second = relu(builder.conv2d('convs.3', builder.averagePool(first, 2), 16, { size: 5 }))
  const third = relu(builder.conv2d('convs.6', builder.averagePool(second, 2), 120, { size: 5 }))
  builder.linear('fcs.2', relu(builder.linear('fcs.0', builder.flatten(third), 82)), 10)
  return builder.build()
}

/** As above: basic blocks, projection shortcuts where the shape changes. */
function resnet18(width: number): Network {
  const builder = new NetworkBuilder('resnet18', image, { kind: 'dctps' })
  const convolution = (
    at: LayerId,
    conv: string,
    bn: string,
    channels: number,
    size: number,
    stride: number,
  ) => builder.batchNorm(bn, builder.conv2d(conv, at, channels, { size, stride, padding: (size - 1) / 2 }))
  let x = builder.relu(convolution(builder.input, 'conv1', 'bn1', width, 3, 1))
  for (const stage of [0, 1, 2, 3]) {
    for (const block of [0, 1]) {
      const name = `layer${stage + 1}.${block}`
      const channels = width * 2 ** stage
      const stride = stage > 0 && block === 0 ? 2 : 1
      const inner = builder.relu(convolution(x, `${name}.conv1`, `${name}.bn1`, channels, 3, stride))
      const branch = convolution(inner, `${name}.conv2`, `${name}.bn2`, channels, 3, 1)
      const shortcut =
        stride === 1 ? x : convolution(x, `${name}.shortcut.0`, `${name}.shortcut.1`, channels, 1, stride)
      x = builder.relu(builder.add(branch, shortcut))
    }
  }
  builder.linear('fc', builder.flatten(builder.globalAveragePool(x)), 10, { bias: true })
  return builder.build()
}
