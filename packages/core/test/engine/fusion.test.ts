import { describe, expect, test } from 'vitest'
import type { LayerId } from '#core/network/layer'
import { type KernelOptions, NetworkBuilder } from '#core/network/network'
import { planFusion } from '#core/program/fusion'
import { gatheringOf } from '#core/program/layers/kernel'
import { planStorage } from '#core/program/storage'

type Build = (net: NetworkBuilder, x: LayerId) => LayerId

/** Fusion of what `build` appends to a convolution, by layer names. */
function fused(build: Build) {
  const net = new NetworkBuilder('fused', { channels: 2, height: 3, width: 3 }, { kind: 'sparse' })
  net.flatten(build(net, net.conv2d('conv', net.input, 2, { size: 1 })))
  const { layers } = net.build()
  const { consumers } = planStorage({ ...net.build() }, false)
  const { sums, absorbed } = planFusion(layers, consumers)
  const name = (id: LayerId) => layers[id]!.name.replace(/\d+$/, '')
  return {
    sums: [...sums.values()].map(({ output, terms, residual, rectified }) => ({
      output: name(output),
      terms: terms.map((term) => term.name),
      residual: residual === null ? null : name(residual),
      rectified,
    })),
    absorbed: [...absorbed].map(name).sort(),
  }
}

describe('batch norms are computed together with', () => {
  test('nothing, where nothing follows that could be', () => {
    expect(fused((net, x) => net.averagePool(net.batchNorm('bn', x), 3, 3))).toEqual({
      sums: [{ output: 'bn', terms: ['bn'], residual: null, rectified: false }],
      absorbed: [],
    })
  })

  test('the ReLU behind them', () => {
    expect(fused((net, x) => net.relu(net.batchNorm('bn', x)))).toEqual({
      sums: [{ output: 'relu', terms: ['bn'], residual: null, rectified: true }],
      absorbed: ['bn'],
    })
  })

  test('a residual sum, on either side of it, and its ReLU', () => {
    for (const swap of [false, true]) {
      const add = (net: NetworkBuilder, a: LayerId, b: LayerId) => (swap ? net.add(b, a) : net.add(a, b))
      expect(fused((net, x) => net.relu(add(net, net.batchNorm('bn', x), net.input)))).toEqual({
        sums: [{ output: 'relu', terms: ['bn'], residual: 'input', rectified: true }],
        absorbed: ['add', 'bn'],
      })
    }
  })

  test('another batch norm that is added', () => {
    expect(
      fused((net, x) => {
        const projection = net.conv2d('projection', net.input, 2, { size: 1 })
        return net.add(net.batchNorm('bn', x), net.batchNorm('other', projection))
      }),
    ).toEqual({
      sums: [{ output: 'add', terms: ['bn', 'other'], residual: null, rectified: false }],
      absorbed: ['bn', 'other'],
    })
  })

  test('no layer whose input somebody else reads as well', () => {
    expect(
      fused((net, x) => {
        const normalised = net.batchNorm('bn', x)
        return net.add(net.relu(normalised), normalised)
      }).sums,
    ).toEqual([{ output: 'bn', terms: ['bn'], residual: null, rectified: false }])
    expect(
      fused((net, x) => {
        const normalised = net.batchNorm('bn', x)
        return net.add(normalised, normalised)
      }).sums,
    ).toEqual([{ output: 'bn', terms: ['bn'], residual: null, rectified: false }])
  })
})

/** Whether the normalised activation is computed anew when `reader` reads it. */
function recomputes(kernel: KernelOptions, stored: number, reader: Build): boolean {
  const net = new NetworkBuilder('anew', { channels: 16, height: 4, width: 4 }, kernel)
  const normalised = net.relu(net.batchNorm('bn', net.conv2d('conv', net.input, 16, { size: 1 })))
  const read = reader(net, normalised)
  net.flatten(read)
  const network = net.build()
  const indices = Uint32Array.from({ length: stored }, (_, i) => i)
  const supports = new Map(network.layers.map(({ id }) => [id, indices]))
  return planStorage(network, false, gatheringOf(network, supports)).recomputed.has(normalised)
}

describe('a normalised activation', () => {
  const convolution =
    (options: { size: number; stride?: number; padding?: number }): Build =>
    (net, x) =>
      net.conv2d('reader', x, 16, options)

  test('is computed anew for sparse kernels that keep the size of the image', () => {
    for (const kind of ['dctps', 'sparse'] as const) {
      expect(recomputes({ kind }, 9, convolution({ size: 1 }))).toBe(true)
      expect(recomputes({ kind }, 9, convolution({ size: 3, padding: 1 }))).toBe(true)
    }
  })

  test('is kept for all others, which read windows of it again', () => {
    expect(recomputes({ kind: 'dense' }, 9, convolution({ size: 1 }))).toBe(false)
    expect(recomputes({ kind: 'dctps' }, 200, convolution({ size: 1 }))).toBe(false)
    expect(recomputes({ kind: 'dctps' }, 9, convolution({ size: 3, stride: 2, padding: 1 }))).toBe(false)
    expect(recomputes({ kind: 'dctps' }, 9, (net, x) => net.maxPool(x, 2, 2))).toBe(false)
  })

  test('is kept if only one of its readers needs that', () => {
    const both: Build = (net, x) =>
      net.add(net.conv2d('a', x, 16, { size: 1 }), net.conv2d('b', x, 16, { size: 5, padding: 2 }))
    expect(recomputes({ kind: 'sparse' }, 9, both)).toBe(true)
    expect(recomputes({ kind: 'dctps' }, 9, both)).toBe(false)
  })
})
