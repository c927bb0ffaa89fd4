// SynFlow against the plain formula in float64: no scales, numbers as large as they become.

import { describe, expect, test } from 'vitest'
import { kernelCount, kernelLayers, type Network, NetworkBuilder } from '#core/network/network'
import { prune } from '#core/prune/prune'
import { cutVertices } from '#core/prune/synaptic-network'
import { flatPositions, highest, platform, Reference64, smallNetwork, smallTask } from './small-task.js'

/** The published loop: 100 times score, and keep the top. */
function flow64(network: Network, density: number, steps: number): { kept: number[]; firstSum: number } {
  const reference = new Reference64(smallTask(density, network))
  const dense = reference.initial.map(Math.abs)
  let kept = Array.from(dense, (_, i) => i)
  let firstSum = 0
  for (let step = 1; step <= steps; step++) {
    const mask = new Set(kept)
    const weights = dense.map((value, i) => (mask.has(i) ? value : 0))
    const { sum, gradient } = reference.flow(weights)
    if (step === 1) firstSum = sum
    const scores = gradient.map((slope, i) => (mask.has(i) ? slope * weights[i]! : -1))
    kept = highest(scores, Math.max(1, Math.round(density ** (step / steps) * dense.length)))
  }
  return { kept, firstSum }
}

/** Convolutions one after the other, every second pair around a residual sum. */
function deepNetwork(depth: number, width: number): Network {
  const net = new NetworkBuilder('deep', { channels: 1, height: 4, width: 4 }, { kind: 'sparse' })
  const conv = (name: string, x: number) => net.conv2d(name, x, width, { size: 3, padding: 1 })
  let x = net.relu(conv('stem', net.input))
  for (let block = 0; block < depth; block++) {
    const y = net.relu(net.batchNorm(`bn${block}a`, conv(`conv${block}a`, x)))
    const z = conv(`conv${block}b`, y)
    x = net.relu(block % 2 === 0 ? z : net.add(net.batchNorm(`bn${block}b`, z), x))
  }
  net.linear('linear', net.flatten(net.globalAveragePool(x)), 2)
  return net.build()
}

describe('SynFlow', () => {
  test.each([0.3, 0.05, 0.01])(
    'keeps what the plain formula keeps in float64, at density %s',
    async (density) => {
      const task = smallTask(density)
      const { supports } = await prune(task, 'synflow', platform())
      expect(flatPositions(task.network, supports)).toEqual(flow64(task.network, density, 100).kept)
    },
  )

  test('keeps it on a network whose sum of outputs is no float32', async () => {
    const network = deepNetwork(24, 8)
    const { kept, firstSum } = flow64(network, 0.01, 20)
    expect(firstSum).toBeGreaterThan(3.5e38)
    const { supports } = await prune({ ...smallTask(0.01, network), steps: 20 }, 'synflow', platform())
    expect(flatPositions(network, supports)).toEqual(kept)
  })

  test('empties no layer of a deep chain down to one weight a layer', async () => {
    const net = new NetworkBuilder('chain', { channels: 1, height: 3, width: 3 }, { kind: 'sparse' })
    let x = net.input
    for (let i = 0; i < 12; i++) x = net.relu(net.conv2d(`conv${i}`, x, 6, { size: 3, padding: 1 }))
    net.linear('linear', net.flatten(net.globalAveragePool(x)), 2)
    const network = net.build()
    const layers = kernelLayers(network).length
    for (const count of [4 * layers, 2 * layers, layers]) {
      const task = smallTask(count / kernelCount(network), network)
      const { supports } = await prune(task, 'synflow', platform())
      const counts = [...supports.values()].map(({ length }) => length)
      expect(counts.reduce((sum, n) => sum + n, 0)).toBe(count)
      expect(Math.min(...counts), `fewest of ${counts.join(', ')}`).toBeGreaterThan(0)
    }
  })

  test('scales only where every path passes', () => {
    const network = smallNetwork()
    const names = [...cutVertices(network)].map((id) => network.layers[id]!.name)
    // Not the branch: conv2 and bn2 run beside the shortcut.
    expect(names).toEqual(
      network.layers.map(({ name }) => name).filter((name) => name !== 'conv2' && name !== 'bn2'),
    )
  })
})
