import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { groupChannels, type KernelGeometry } from '#core/shape/kernel'
import { type Activations, activations, indexOf } from './activations.js'
import { dctMatrix } from './dct.js'
import { expectGradient } from './finite-differences.js'
import { convolution, convolutionBackward, type Kernel } from './kernel.js'
import { ReferenceNetwork } from './network.js'
import { arbitraryLayerCase, type LayerCase } from './random-network.js'

const runs = { seed: 1, numRuns: 60 }

/** Layers small enough to perturb every value. */
const smallCases = arbitraryLayerCase().filter(
  ({ x, layer, images }) => images <= 9 && x.length <= 400 && layer.geometry.outChannels <= 16,
)

function kernelOf(layerCase: LayerCase): Kernel {
  const { network, supports, parameters, layer } = layerCase
  return new ReferenceNetwork(network, supports, parameters).kernelOf(layer)
}

function inner(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0)
}

describe('dctMatrix', () => {
  it('is orthonormal when square', () => {
    for (const n of [1, 2, 3, 7, 16, 25]) {
      const d = dctMatrix(n, n, n)
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) {
          const product = inner(d.subarray(i * n, (i + 1) * n), d.subarray(j * n, (j + 1) * n))
          expect(product).toBeCloseTo(i === j ? 1 : 0, 12)
        }
    }
  })

  it('gives the known transform of length 4', () => {
    const [a, b, c] = [Math.cos(Math.PI / 8) / Math.SQRT2, Math.sin(Math.PI / 8) / Math.SQRT2, 0.5]
    const expected = [c, c, c, c, a, b, -b, -a, c, -c, -c, c, b, -a, a, -b]
    expect([...dctMatrix(4, 4, 4)]).toEqual(expected.map((value) => expect.closeTo(value, 12)))
  })

  it('reads a short vector as zero-padded', () => {
    const full = dctMatrix(5, 8, 8)
    const short = dctMatrix(5, 3, 8)
    for (let k = 0; k < 5; k++) for (let n = 0; n < 3; n++) expect(short[k * 3 + n]).toBe(full[k * 8 + n])
  })
})

/** The zero-padded patch that output (row, column) of a group reads, in the order (kh, kw, c). */
function patchOf(
  x: Activations,
  geometry: KernelGeometry,
  n: number,
  group: number,
  row: number,
  column: number,
) {
  const channels = groupChannels(geometry)
  const { size, stride, padding } = geometry
  const patch: number[] = []
  for (let kh = 0; kh < size; kh++)
    for (let kw = 0; kw < size; kw++)
      for (let c = 0; c < channels; c++) {
        const h = row * stride + kh - padding
        const w = column * stride + kw - padding
        const inside = h >= 0 && h < x.height && w >= 0 && w < x.width
        patch.push(inside ? x.values[indexOf(x, n, group * channels + c, h, w)]! : 0)
      }
  return patch
}

describe('convolution', () => {
  it('is alpha * D x + S x + b on every patch', () => {
    fc.assert(
      fc.property(smallCases, (layerCase) => {
        const { layer, images, network } = layerCase
        const { geometry } = layer
        const kernel = kernelOf(layerCase)
        const x = activations(images, network.input, layerCase.x)
        const y = convolution(x, kernel)
        expect([y.channels, y.height, y.width]).toEqual([
          layer.output.channels,
          layer.output.height,
          layer.output.width,
        ])
        const channels = groupChannels(geometry)
        const area = geometry.size * geometry.size
        const length = Math.max(channels * area, geometry.outChannels)
        const d = dctMatrix(geometry.outChannels, channels * area, length)
        for (let n = 0; n < images; n++)
          for (let o = 0; o < y.channels; o++)
            for (let row = 0; row < y.height; row++)
              for (let column = 0; column < y.width; column++) {
                const group = Math.floor(o / (y.channels / geometry.groups))
                const patch = patchOf(x, geometry, n, group, row, column)
                let expected = kernel.bias?.[o] ?? 0
                patch.forEach((value, position) => {
                  if (kernel.kind === 'dctps')
                    expected += kernel.alpha * d[o * patch.length + position]! * value
                  const flat = (o * channels + (position % channels)) * area + Math.floor(position / channels)
                  const stored = kernel.support === undefined ? flat : kernel.support.indexOf(flat)
                  if (stored >= 0) expected += kernel.values[stored]! * value
                })
                expect(y.values[indexOf(y, n, o, row, column)]).toBeCloseTo(expected, 10)
              }
      }),
      runs,
    )
  })
})

describe('convolutionBackward', () => {
  it('agrees with finite differences for every kind, geometry and parameter', () => {
    fc.assert(
      fc.property(smallCases, (layerCase) => {
        const { layer, images, network } = layerCase
        const kernel = kernelOf(layerCase)
        const x = activations(images, network.input, layerCase.x)
        const dy = activations(images, layer.output, layerCase.dy)
        const gradients = convolutionBackward(x, kernel, dy)
        const loss = () => inner(dy.values, convolution(x, kernel).values)
        expectGradient('x', loss, x.values, gradients.input.values)
        expectGradient('values', loss, kernel.values, gradients.values)
        if (kernel.bias !== undefined) expectGradient('bias', loss, kernel.bias, gradients.bias!)
        if (kernel.kind === 'dctps') {
          const alpha = Float64Array.of(kernel.alpha)
          const withAlpha = () => inner(dy.values, convolution(x, { ...kernel, alpha: alpha[0]! }).values)
          expectGradient('alpha', withAlpha, alpha, [gradients.alpha!])
        }
        // The gradient of every entry of S: that of the same layer with nothing pruned.
        const whole = { ...kernel, support: undefined, values: new Float64Array(gradients.weight.length) }
        const wholeLoss = () => inner(dy.values, convolution(x, whole).values)
        expectGradient('weight', wholeLoss, whole.values, gradients.weight)
      }),
      { ...runs, numRuns: 30 },
    )
  })
})
