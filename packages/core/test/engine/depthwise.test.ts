import { describe, expect, test } from 'vitest'
import { type Network, NetworkBuilder } from '#core/network/network'
import { compileProgram } from '#core/program/compile'
import { Lcg } from '../reference/lcg.js'
import { ReferenceNetwork } from '../reference/network.js'
import { fillNetwork, type NetworkCase } from '../reference/random-network.js'
import { expectNear } from './compare.js'
import { runCase } from './run.js'

const images = 5
const channels = 8

interface Shape {
  readonly size: number
  readonly stride: number
  /** Whether a batch norm and a ReLU are in front. */
  readonly rectified?: boolean
  /** Whether a batch norm is behind. */
  readonly normalised?: boolean
  /** Whether another layer adds to the gradient of the depthwise layer's input. */
  readonly shared?: boolean
  /** Of every layer. */
  readonly alpha?: number
}

function network({ size, stride, rectified = true, normalised = true, shared = false }: Shape): Network {
  const net = new NetworkBuilder('depthwise', { channels, height: size, width: size }, { kind: 'dctps' })
  const norm = (name: string, x: number) => (rectified ? net.relu(net.batchNorm(`${name}.bn`, x)) : x)
  const x = norm('first', net.conv2d('first', net.input, channels, { size: 1 }))
  const options = { size: 3, padding: 1, groups: channels }
  const filtered = net.conv2d('filtered', x, channels, { stride, ...options })
  const y = normalised ? net.batchNorm('filtered.bn', filtered) : filtered
  const sum = shared ? net.add(y, net.conv2d('other', x, channels, { stride, ...options })) : y
  net.linear('classifier', net.flatten(net.globalAveragePool(net.relu(sum))), 3, { bias: true })
  return net.build()
}

function drawn(shape: Shape): NetworkCase {
  const filled = fillNetwork(network(shape), images, 0.3, new Lcg(7))
  const parameters = new Map(filled.parameters)
  const { alpha } = shape
  for (const name of parameters.keys())
    if (alpha !== undefined && name.endsWith('scaling')) parameters.set(name, Float64Array.of(alpha))
  return { ...filled, parameters }
}

function gradientKernels(shape: Shape): string[] {
  const { network, supports } = drawn(shape)
  const program = compileProgram(network, supports, {
    batch: images,
    input: { type: 'floats', source: network.input },
    optimizer: 'sgd',
  })
  return program.gradient!.steps.flatMap(({ calls }) => calls.map(({ kernel }) => kernel))
}

describe('depthwise DCTpS layers', () => {
  test.each([
    { size: 6, stride: 1 },
    { size: 6, stride: 2 },
    { size: 7, stride: 2 },
    { size: 2, stride: 2 },
    { size: 1, stride: 2 },
    { size: 9, stride: 3 },
    { size: 6, stride: 2, shared: true },
    { size: 6, stride: 1, shared: true },
    { size: 6, stride: 2, normalised: false },
    { size: 6, stride: 1, normalised: false },
    { size: 6, stride: 2, rectified: false },
    { size: 6, stride: 2, alpha: 0 },
    { size: 6, stride: 1, alpha: 2 ** -10 },
    { size: 7, stride: 2, alpha: 0 },
  ] as const)('give the numbers of the float64 reference: %o', async (shape) => {
    const { network, supports, parameters, x, labels } = drawn(shape)
    const reference = new ReferenceNetwork(network, supports, parameters)
    const logits = reference.forward(x, 'train')
    const { gradients } = reference.backward(labels)
    for (const threads of [1, 2]) {
      const ours = await runCase({ network, supports, parameters, x, images }, { labels, threads })
      expectNear('logits', ours.logits, logits, 1e-4)
      for (const [name, gradient] of gradients.parameters)
        expectNear(name, ours.gradients.get(name)!, gradient, 1e-4, 5e-2)
    }
  })

  test('that halve an image complete the gradients of two rows at a time, and sum them up for the batch norm in front', () => {
    const kernels = gradientKernels({ size: 6, stride: 2 })
    const at = kernels.indexOf('depthwiseGatherSquares')
    expect(kernels.slice(at, at + 3)).toEqual(['depthwiseGatherSquares', 'normaliseSums', 'normaliseSums'])
    expect(kernels).not.toContain('depthwiseScatter')
  })

  test('scatter where squares do not fit', () => {
    for (const size of [7, 9]) {
      const kernels = gradientKernels({ size, stride: size === 9 ? 3 : 2 })
      expect(kernels).toContain('depthwiseScatter')
      expect(kernels).not.toContain('depthwiseGatherSquares')
    }
  })

  test('multiply by D and S at once', () => {
    const count = (shape: Shape) =>
      gradientKernels(shape).filter((kernel) => kernel === 'sparseProduct').length
    // Of the first layer forward, and of the last in both directions.
    expect(count({ size: 6, stride: 1 })).toBe(3)
    expect(count({ size: 6, stride: 2 })).toBe(3)
  })
})
