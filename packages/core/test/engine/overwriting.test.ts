import { describe, expect, test } from 'vitest'
import { type Network, NetworkBuilder } from '#core/network/network'
import { gatheringOf } from '#core/program/layers/kernel'
import { planStorage } from '#core/program/storage'
import { Lcg } from '../reference/lcg.js'
import { ReferenceNetwork } from '../reference/network.js'
import { fillNetwork } from '../reference/random-network.js'
import { expectNear } from './compare.js'
import { runCase } from './run.js'

const images = 6
const channels = 8

interface Shape {
  readonly kind: 'dctps' | 'sparse' | 'dense'
  readonly size?: number
  /** Whether the depthwise layer's input is read by another layer too. */
  readonly shared?: boolean
}

/** Two blocks of 1x1, depthwise and 1x1 layers, the second with a residual sum. */
function blocks({ kind, size = 16, shared = false }: Shape): Network {
  const net = new NetworkBuilder('blocks', { channels: 3, height: size, width: size }, { kind })
  const normalised = (name: string, x: number) => net.batchNorm(`${name}.bn`, x)
  const block = (name: string, input: number) => {
    const expanded = net.relu(normalised(`${name}.1`, net.conv2d(`${name}.1`, input, channels, { size: 1 })))
    const filtered = net.conv2d(`${name}.2`, expanded, channels, { size: 3, padding: 1, groups: channels })
    const rectified = net.relu(normalised(`${name}.2`, filtered))
    const added = shared ? net.add(rectified, expanded) : rectified
    return normalised(`${name}.3`, net.conv2d(`${name}.3`, added, 6, { size: 1 }))
  }
  const first = block('first', net.input)
  const second = net.add(block('second', first), first)
  net.linear('classifier', net.flatten(net.globalAveragePool(second)), 4, { bias: true })
  return net.build()
}

function overwriting(shape: Shape): string[] {
  const network = blocks(shape)
  const { supports } = fillNetwork(network, images, 0.4, new Lcg(5))
  const { overwrites } = planStorage(network, false, gatheringOf(network, supports))
  return network.layers.filter(({ id }) => overwrites.has(id)).map(({ name }) => name)
}

describe('the output of a depthwise layer takes the place of its input', () => {
  test('where the halo adds little, and nobody else reads the input', () => {
    for (const kind of ['dctps', 'sparse'] as const) {
      expect(overwriting({ kind })).toEqual(['first.2', 'second.2'])
      expect(overwriting({ kind, size: 12 })).toEqual([])
      expect(overwriting({ kind, shared: true })).toEqual([])
    }
    expect(overwriting({ kind: 'dense' })).toEqual([])
  })

  test.each([
    { kind: 'dctps' },
    { kind: 'sparse' },
    { kind: 'dctps', size: 17 },
    { kind: 'dctps', shared: true },
  ] as const)('and all numbers equal the float64 reference: %o', async (shape) => {
    const { network, supports, parameters, x, labels } = fillNetwork(blocks(shape), images, 0.4, new Lcg(5))
    const reference = new ReferenceNetwork(network, supports, parameters)
    const logits = reference.forward(x, 'train')
    const { gradients } = reference.backward(labels)
    const ours = await runCase({ network, supports, parameters, x, images }, { labels })
    expectNear('logits', ours.logits, logits, 2e-4)
    for (const [name, gradient] of gradients.parameters)
      expectNear(name, ours.gradients.get(name)!, gradient, 2e-4, 0.2)
    const evaluated = await runCase(
      { network, supports, parameters, x, images },
      { mode: 'evaluate', labels },
    )
    expectNear(
      'logits in evaluation',
      evaluated.logits,
      new ReferenceNetwork(network, supports, parameters).forward(x, 'eval'),
      2e-4,
    )
  })
})
