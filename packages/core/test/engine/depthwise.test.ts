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
  /** Factor of the scales of every second channel of the batch norm in front. */
  readonly scale?: number
  readonly lanes?: 4 | 8 | 16 | 32
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
  const { alpha, scale = 1 } = shape
  for (const [name, values] of parameters) {
    if (alpha !== undefined && name.endsWith('scaling')) parameters.set(name, Float64Array.of(alpha))
    if (name === 'first.bn.weight')
      parameters.set(
        name,
        values.map((value, c) => (c % 2 === 0 ? Math.fround(scale * value) : value)),
      )
  }
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
    { size: 5, stride: 1, scale: 0.01 },
    { size: 6, stride: 2, scale: 0 },
    { size: 16, stride: 1, scale: 1e-4, lanes: 16 },
    { size: 4, stride: 2, scale: -0.01, lanes: 32 },
    { size: 5, stride: 1, lanes: 32 },
    { size: 6, stride: 2, lanes: 16 },
    { size: 5, stride: 1, lanes: 8 },
  ] as const)('give the numbers of the float64 reference: %o', async (shape) => {
    const { network, supports, parameters, x, labels } = drawn(shape)
    const reference = new ReferenceNetwork(network, supports, parameters)
    const logits = reference.forward(x, 'train')
    const { gradients } = reference.backward(labels)
    for (const threads of [1, 2]) {
      const { lanes } = shape
      const options = { labels, threads, ...(lanes === undefined ? {} : { lanes }) }
      const ours = await runCase({ network, supports, parameters, x, images }, options)
      expectNear('logits', ours.logits, logits, 1e-4)
      for (const [name, gradient] of gradients.parameters)
        expectNear(name, ours.gradients.get(name)!, gradient, 1e-4, 5e-2)
    }
  })

  test('that halve an image complete the gradients of two rows at a time, and sum them up for the batch norm in front', () => {
    const kernels = gradientKernels({ size: 6, stride: 2 })
    const at = kernels.indexOf('depthwiseGatherSquares')
    expect(kernels.slice(at, at + 3)).toEqual(['depthwiseGatherSquares', 'maskedSums', 'maskedSums'])
    expect(kernels).not.toContain('depthwiseScatter')
  })

  test('between batch norms have the sign of the sum in front in a mask', () => {
    for (const shape of [
      { size: 6, stride: 1, normalised: false },
      { size: 6, stride: 1, shared: true },
      { size: 7, stride: 2 },
    ])
      expect(gradientKernels(shape)).not.toContain('maskedSums')
    const kernels = gradientKernels({ size: 6, stride: 1 })
    for (const kernel of ['normaliseAndMask', 'maskedSums', 'maskedTotals']) expect(kernels).toContain(kernel)
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
