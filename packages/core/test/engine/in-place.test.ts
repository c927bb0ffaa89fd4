import { describe, expect, test } from 'vitest'
import type { LayerId } from '#core/network/layer'
import { NetworkBuilder, type ScalarAffineOptions } from '#core/network/network'
import { planStorage } from '#core/program/storage'

type Append = (net: NetworkBuilder, x: LayerId) => LayerId

const affine =
  (options: ScalarAffineOptions): Append =>
  (net, x) =>
    net.scalarAffine(x, options)
const relu: Append = (net, x) => net.relu(x)

/** Whether the last of `layers`, one after the other on a convolution, shares a buffer with the one before. */
function worksInPlace(...layers: Append[]): boolean {
  const net = new NetworkBuilder('place', { channels: 2, height: 3, width: 3 }, { kind: 'dense' })
  let before = net.input
  let last = net.conv2d('conv', net.input, 2, { size: 1 })
  for (const append of layers) {
    before = last
    last = append(net, last)
  }
  net.flatten(last)
  const { root } = planStorage(net.build(), false)
  return root[last] === root[before]
}

describe('a scalar layer', () => {
  test('overwrites its input where its gradient does not need it', () => {
    expect(worksInPlace(affine({ shift: 'bias' }))).toBe(true)
    expect(worksInPlace(affine({ scale: 0.5, shift: 'bias', rectified: true, offset: 'offset' }))).toBe(true)
    expect(worksInPlace(affine({ shift: 'first' }), affine({ shift: 'second' }))).toBe(true)
  })

  test('keeps an input that the gradient of its scale, or a rectification before it, needs', () => {
    expect(worksInPlace(affine({ scale: 'scale' }))).toBe(false)
    expect(worksInPlace(relu, affine({ shift: 'bias' }))).toBe(false)
    expect(worksInPlace(affine({ rectified: true }), affine({ shift: 'bias' }))).toBe(false)
    expect(worksInPlace(affine({ rectified: true }), relu)).toBe(false)
  })

  test('keeps an input that a residual sum reads as well', () => {
    const block: Append = (net, x) =>
      net.scalarAffine(x, { residual: net.conv2d('branch', x, 2, { size: 1 }) })
    expect(worksInPlace(block)).toBe(false)
  })
})
