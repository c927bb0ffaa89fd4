import { describe, expect, test } from 'vitest'
import { type Network, NetworkBuilder } from '#core/network/network'
import { compileProgram } from '#core/program/compile'
import { Lcg } from '../reference/lcg.js'
import { ReferenceNetwork } from '../reference/network.js'
import { fillNetwork, type NetworkCase } from '../reference/random-network.js'
import { expectNear } from './compare.js'
import { runCase } from './run.js'

const images = 6
const channels = 12

interface Options {
  readonly alpha?: 'trainable' | 'frozen'
  /** Whether kernels in front of batch norms have one. */
  readonly bias?: boolean
}

/** All kinds of transforms with a batch norm behind: 1x1 with a gradient that is added to another, 3x3, depthwise, with a stride. */
function normalisedNetwork({ alpha = 'trainable', bias = false }: Options = {}): Network {
  const net = new NetworkBuilder('normalised', { channels: 3, height: 8, width: 8 }, { kind: 'dctps', alpha })
  const unit = (name: string, input: number, options: { size: number; stride?: number; groups?: number }) =>
    net.batchNorm(
      `${name}.bn`,
      net.conv2d(name, input, channels, { padding: (options.size - 1) / 2, bias, ...options }),
    )
  const first = net.relu(unit('first', net.input, { size: 3 }))
  let x = net.relu(unit('pointwise', first, { size: 1 }))
  x = net.relu(unit('spatial', x, { size: 3 }))
  x = net.relu(net.add(unit('depthwise', x, { size: 3, groups: channels }), first))
  x = net.relu(unit('strided', x, { size: 3, stride: 2 }))
  net.linear('classifier', net.flatten(net.globalAveragePool(x)), 4, { bias: true })
  return net.build()
}

/**
 * A case whose every alpha is `alpha`.
 * @param factor of all scales of batch norms: where it is small, their epsilon counts
 */
function withAlpha(network: Network, alpha: number, density = 0.2, factor = 1): NetworkCase {
  const filled = fillNetwork(network, images, density, new Lcg(5))
  const parameters = new Map(filled.parameters)
  for (const [name, values] of parameters) {
    if (name.endsWith('scaling')) parameters.set(name, Float64Array.of(alpha))
    else if (name.endsWith('bn.weight'))
      parameters.set(
        name,
        values.map((value) => Math.fround(value * factor)),
      )
  }
  return { ...filled, parameters }
}

/** The kernels that a gradient step may call, those under a condition with a `?`. */
function kernels(network: Network): string[] {
  const { supports } = withAlpha(network, 1)
  const program = compileProgram(network, supports, {
    batch: images,
    input: { type: 'floats', source: network.input },
    optimizer: 'sgd',
  })
  return program.gradient!.steps.flatMap(({ calls }) =>
    calls.map(({ kernel, when }) => (when === null ? kernel : `${kernel}?`)),
  )
}

function count(list: readonly string[], name: string): number {
  return list.filter((kernel) => kernel === name).length
}

describe('the gradient of alpha', () => {
  // Above the bound the formula behind a batch norm, below it and at 0 the product.
  test.each([1, -0.7, 2 ** -5, 2 ** -6, 0.99 * 2 ** -6, -(2 ** -9), 0])(
    'and all others, at alpha %f, equal the float64 reference',
    async (alpha) => {
      const rounded = Math.fround(alpha)
      for (const [density, factor] of [
        [0.02, 1],
        [0.2, 1],
        [0.45, 1],
        [0.2, 0.01],
      ] as const) {
        const drawn = withAlpha(normalisedNetwork(), rounded, density, factor)
        const { network, supports, parameters, x, labels } = drawn
        const reference = new ReferenceNetwork(network, supports, parameters)
        reference.forward(x, 'train')
        const { gradients } = reference.backward(labels)
        const ours = await runCase({ network, supports, parameters, x, images }, { labels })
        for (const [name, gradient] of gradients.parameters)
          expectNear(`${name} at ${density}, ${factor}`, ours.gradients.get(name)!, gradient, 2e-4, 1e-2)
      }
    },
  )

  test('follows from those of S and the batch norm, unless alpha is small', () => {
    const list = kernels(normalisedNetwork())
    // All but the first layer, which has no gradient of its input, and the last, which has no batch norm.
    expect(count(list, 'alphaBehindNorm?')).toBe(4)
    expect(count(list, 'scaleAndDotRow?')).toBe(3)
    expect(count(list, 'gatherGradient?')).toBe(1)
    expect(count(list, 'scaleAndDotRow')).toBe(1)
  })

  test('is the product where a bias stands between', () => {
    const list = kernels(normalisedNetwork({ bias: true }))
    expect(list.filter((kernel) => kernel.startsWith('alphaBehindNorm'))).toEqual([])
    expect(count(list, 'scaleAndDotRow')).toBe(4)
    expect(count(list, 'gatherGradient')).toBe(1)
  })

  test('is not computed of a frozen alpha', () => {
    const list = kernels(normalisedNetwork({ alpha: 'frozen' }))
    expect(list.filter((kernel) => /^(alphaBehindNorm|scaleAndDotRow|gatherGradient)/.test(kernel))).toEqual(
      [],
    )
  })
})
