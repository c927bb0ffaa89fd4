// The float64 executor against the reference that interprets networks by their formulas, and against finite differences.

import { activationSize } from 'dctps/internal/shape/activation'
import { factorDct } from 'dctps/internal/transform/factor'
import { transpose } from 'dctps/internal/transform/oplist'
import { dctMatrix, product, transposedProduct } from 'dctps/internal/transform/reference'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Float64Network } from '#lab/analyse/float64/linearise'
import { addProduct, transposed } from '#lab/analyse/float64/matrix-product'
import { RowTransforms } from '#lab/analyse/float64/patch-map'
import { RowTransform } from '#lab/analyse/float64/row-transform'
import { fromImages, toImages } from '#lab/analyse/float64/signal'
import { batchStatistics } from '../../../core/test/reference/batch-norm.js'
import { Lcg } from '../../../core/test/reference/lcg.js'
import { ReferenceNetwork } from '../../../core/test/reference/network.js'
import {
  arbitraryLayerCase,
  arbitraryNetwork,
  type NetworkCase,
} from '../../../core/test/reference/random-network.js'

const transforms = new RowTransforms()

function linearised({ network, supports, parameters, images, x }: NetworkCase) {
  const outputs = new Map<number, Float64Array>()
  const executor = new Float64Network(network, supports, parameters, transforms)
  const batch = fromImages(images, network.input, x)
  const { logits, pullback } = executor.linearise(batch, (layer, output) => {
    outputs.set(layer.id, toImages(output))
  })
  return { executor, batch, outputs, logits, pullback }
}

/** The reference with the statistics of the batch in place of the running ones. */
function frozenReference({ network, supports, parameters, x }: NetworkCase): ReferenceNetwork {
  const reference = new ReferenceNetwork(network, supports, parameters)
  reference.forward(x, 'train')
  for (const layer of network.layers) {
    if (layer.op !== 'batchNorm') continue
    const { mean, variance } = batchStatistics(reference.outputOf(layer.input))
    reference.parameters.get(`${layer.name}.running_mean`)!.set(mean)
    reference.parameters.get(`${layer.name}.running_var`)!.set(variance)
  }
  reference.forward(x, 'eval')
  return reference
}

function expectNear(what: string, ours: Float64Array, reference: Float64Array, tolerance = 1e-10): void {
  expect(ours.length, what).toBe(reference.length)
  const scale = reference.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3)
  const error = reference.reduce((most, value, i) => Math.max(most, Math.abs(value - ours[i]!)), 0)
  expect(error / scale, what).toBeLessThan(tolerance)
}

function expectLikeReference(networkCase: NetworkCase): void {
  const { network, images } = networkCase
  const { outputs, pullback } = linearised(networkCase)
  const reference = frozenReference(networkCase)
  for (const layer of network.layers)
    expectNear(layer.name, outputs.get(layer.id)!, reference.outputOf(layer.id).values)
  const upstream = new Lcg(images).values(images * network.classes)
  const shape = { channels: network.classes, height: 1, width: 1 }
  // A rectified zero that rounding makes a small number would be another network.
  if (reference.kinkMargin() < 1e-9) return
  const gradient = pullback(fromImages(images, shape, upstream))
  expectNear('input gradient', toImages(gradient), reference.backwardFrom(upstream).input)
}

describe('the float64 executor', () => {
  test('gives the outputs and input gradients of the reference, for every kind and geometry of layer', () => {
    fc.assert(fc.property(arbitraryLayerCase(), expectLikeReference), { seed: 11, numRuns: 150 })
  })

  test('and for whole networks, batch norm with the statistics of the batch', () => {
    fc.assert(fc.property(arbitraryNetwork(), expectLikeReference), { seed: 12, numRuns: 120 })
  })

  test('hands back the gradient of finite differences at every layer that is visited', () => {
    fc.assert(
      fc.property(arbitraryNetwork(), (networkCase) => {
        const { network, x, images } = networkCase
        const reference = frozenReference(networkCase)
        fc.pre(reference.kinkMargin() > 1e-4)
        const { pullback } = linearised(networkCase)
        const upstream = new Lcg(3).values(images * network.classes)
        const seen: number[] = []
        const shape = { channels: network.classes, height: 1, width: 1 }
        const gradient = toImages(
          pullback(fromImages(images, shape, upstream), (layer) => seen.push(layer.id)),
        )
        expect(seen.at(0)).toBe(network.layers.length - 1)
        expect(new Set(seen).size).toBe(seen.length)
        const direction = new Lcg(5).values(x.length)
        const value = (distance: number) => {
          const moved = x.map((entry, i) => entry + distance * direction[i]!)
          return reference.forward(moved, 'eval').reduce((sum, logit, i) => sum + logit * upstream[i]!, 0)
        }
        const step = 1e-6
        const numeric = (value(step) - value(-step)) / (2 * step)
        const slope = gradient.reduce((sum, entry, i) => sum + entry * direction[i]!, 0)
        const scale = Math.max(1, Math.hypot(...gradient))
        expect(Math.abs(numeric - slope) / scale).toBeLessThan(1e-6)
      }),
      { seed: 13, numRuns: 60 },
    )
  })

  test('gives the same numbers every time, however often it is pulled back', () => {
    const [networkCase] = fc.sample(arbitraryNetwork(), { seed: 14, numRuns: 1 })
    const { network, images } = networkCase!
    const shape = { channels: network.classes, height: 1, width: 1 }
    const upstream = fromImages(images, shape, new Lcg(1).values(images * network.classes))
    const first = linearised(networkCase!)
    const second = linearised(networkCase!)
    const once = first.pullback(upstream).values
    expect(first.pullback(upstream).values).toEqual(once)
    expect(second.pullback(upstream).values).toEqual(once)
    expect(activationSize(network.input) * images).toBe(once.length)
  })
})

describe('addProduct', () => {
  test('adds the product of a matrix of any shape, and of its transpose', () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 13 }), fc.constantFrom(255, 256, 257, 600))
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 13 }),
        size,
        fc.integer({ min: 1, max: 13 }),
        (rows, columns, width) => {
          const random = new Lcg(rows * columns + width)
          const values = random.values(rows * columns)
          const matrix = {
            values,
            rowOffsets: Int32Array.from({ length: rows }, (_, i) => i * columns),
            columnOffsets: Int32Array.from({ length: columns }, (_, j) => j),
          }
          const x = random.values(columns * width)
          const y = random.values(rows * width)
          const expected = y.map((start, at) => {
            const [i, p] = [Math.floor(at / width), at % width]
            return Array.from(
              { length: columns },
              (_, j) => values[i * columns + j]! * x[j * width + p]!,
            ).reduce((sum, term) => sum + term, start)
          })
          const z = new Float64Array(columns * width)
          const back = z.map((_, at) => {
            const [j, p] = [Math.floor(at / width), at % width]
            return Array.from(
              { length: rows },
              (_, i) => values[i * columns + j]! * y[i * width + p]!,
            ).reduce((sum, term) => sum + term, 0)
          })
          addProduct(transposed(matrix), y, z, width)
          addProduct(matrix, x, y, width)
          expectNear('M x', y, expected, 1e-13)
          expectNear('M^T y', z, back, 1e-13)
        },
      ),
      { seed: 2, numRuns: 60 },
    )
  })
})

describe('RowTransform', () => {
  test('is the DCT matrix and its transpose on every column, for any length', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 150 }),
        fc.integer({ min: 1, max: 150 }),
        fc.integer({ min: 1, max: 5 }),
        (inputs, outputs, width) => {
          const length = Math.max(inputs, outputs)
          const list = factorDct({ length, inputs, outputs })
          const matrix = dctMatrix(length, outputs, inputs)
          const random = new Lcg(length)
          const x = random.values(inputs * width)
          const dy = random.values(outputs * width)
          const y = new Float64Array(outputs * width).fill(0.5)
          const dx = new Float64Array(inputs * width)
          new RowTransform(list).addTo(x, y, width, -2)
          new RowTransform(transpose(list)).addTo(dy, dx, width, 1)
          for (let p = 0; p < width; p++) {
            const column = (rows: Float64Array) => rows.filter((_, at) => at % width === p)
            expectNear(
              'D x',
              column(y),
              product(matrix, column(x)).map((value) => 0.5 - 2 * value),
              1e-12,
            )
            expectNear('D^T y', column(dx), transposedProduct(matrix, column(dy)), 1e-12)
          }
        },
      ),
      { seed: 3, numRuns: 80 },
    )
  })

  test('works on wider and narrower rows in turn', () => {
    const transform = new RowTransform(factorDct({ length: 12, inputs: 12, outputs: 12 }))
    const matrix = dctMatrix(12, 12, 12)
    for (const width of [3, 1, 4]) {
      const x = new Lcg(width).values(12 * width)
      const y = new Float64Array(12 * width)
      transform.addTo(x, y, width, 1)
      const first = x.filter((_, at) => at % width === 0)
      expectNear(
        'D x',
        y.filter((_, at) => at % width === 0),
        product(matrix, first),
        1e-13,
      )
    }
  })
})
