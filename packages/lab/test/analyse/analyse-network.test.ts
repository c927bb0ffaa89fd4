// What is measured of a network, against the reference and finite differences, and on networks made by hand.

import { buildNetwork, buildSpec, initialValues, type KernelKind, Key, type ModelSpec } from 'dctps'
import { NetworkBuilder } from 'dctps/internal/network/network'
import { activationSize } from 'dctps/internal/shape/activation'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { analyseNetwork } from '#lab/analyse/analyse-network'
import { Float64Network } from '#lab/analyse/float64/linearise'
import { RowTransforms } from '#lab/analyse/float64/patch-map'
import { fromImages } from '#lab/analyse/float64/signal'
import { probePoints } from '#lab/analyse/probe-points'
import { singularValues } from '#lab/analyse/singular-values'
import { Lcg } from '../../../core/test/reference/lcg.js'
import { ReferenceNetwork } from '../../../core/test/reference/network.js'
import { arbitraryNetwork } from '../../../core/test/reference/random-network.js'

const transforms = new RowTransforms()
const quiet = { onPass: async () => {} }

describe('the Jacobian', () => {
  test('has the singular values of one formed by finite differences', async () => {
    // Without batch norm, so that an image can be moved without moving the statistics of the batch.
    const cases = arbitraryNetwork().filter(
      ({ network, images, x }) =>
        images <= 3 && x.length <= 600 && network.layers.every(({ op }) => op !== 'batchNorm'),
    )
    await fc.assert(
      fc.asyncProperty(cases, async ({ network, supports, parameters, images, x }) => {
        const reference = new ReferenceNetwork(network, supports, parameters)
        reference.forward(x, 'eval')
        fc.pre(reference.kinkMargin() > 1e-4)
        const executor = new Float64Network(network, supports, parameters, transforms)
        const batch = fromImages(images, network.input, x)
        const { singularValues: ours } = await analyseNetwork(
          network,
          executor,
          batch,
          probePoints(network),
          quiet,
        )
        const size = activationSize(network.input)
        const step = 1e-5
        for (let image = 0; image < images; image++) {
          const rows = Array.from({ length: network.classes }, () => new Float64Array(size))
          for (let entry = 0; entry < size; entry++) {
            const moved = (distance: number) =>
              reference.forward(x.with(image * size + entry, x[image * size + entry]! + distance), 'eval')
            const [above, below] = [moved(step), moved(-step)]
            rows.forEach((row, k) => {
              const at = image * network.classes + k
              row[entry] = (above[at]! - below[at]!) / (2 * step)
            })
          }
          const expected = singularValues(rows)
          ours[image]!.forEach((value, k) => {
            expect(Math.abs(value - expected[k]!)).toBeLessThan(1e-6 * Math.max(1, expected[0]!))
          })
        }
      }),
      { seed: 21, numRuns: 15 },
    )
  })

  test('and the gradient at the images are two views of one thing', async () => {
    const [random] = fc.sample(
      arbitraryNetwork().filter(({ images }) => images > 2),
      { seed: 22, numRuns: 1 },
    )
    const { network, supports, parameters, images, x } = random!
    const executor = new Float64Network(network, supports, parameters, transforms)
    const batch = fromImages(images, network.input, x)
    const { inputGradient, singularValues: jacobians } = await analyseNetwork(
      network,
      executor,
      batch,
      probePoints(network),
      quiet,
    )
    const squares = jacobians.flat().reduce((sum, value) => sum + value ** 2, 0)
    expect(inputGradient).toBeGreaterThan(0)
    expect(inputGradient ** 2).toBeCloseTo(squares / (images * network.classes), 10)
  })
})

/** Two linear layers of orthogonal weights: sizes are kept, whatever the input. */
function rotations() {
  const builder = new NetworkBuilder('rotations', { channels: 2, height: 1, width: 1 }, { kind: 'dense' })
  builder.linear('second', builder.linear('first', builder.input, 2), 2)
  const turn = (angle: number) => [Math.cos(angle), -Math.sin(angle), Math.sin(angle), Math.cos(angle)]
  const values = new Map([
    ['first.weight', Float64Array.from(turn(0.3))],
    ['second.weight', Float64Array.from(turn(1.1))],
  ])
  const network = builder.build()
  return { network, executor: new Float64Network(network, new Map(), values, transforms) }
}

describe('networks made by hand', () => {
  test('a rotation keeps signals, gradients and likeness, and has singular values of 1', async () => {
    const { network, executor } = rotations()
    const batch = fromImages(2, network.input, [1, 0, 0.6, 0.8])
    const result = await analyseNetwork(network, executor, batch, probePoints(network), quiet)
    for (const point of result.points) {
      expect(point.signal).toBeCloseTo(1, 14)
      expect(point.gradient).toBeCloseTo(1, 14)
      expect(point.cosine).toBeCloseTo(0.6, 14)
      expect(point.dead).toBeNull()
    }
    for (const values of result.singularValues) for (const value of values) expect(value).toBeCloseTo(1, 14)
  })

  test('a layer without weights leaves exact zeros and nothing that is not a number', async () => {
    const builder = new NetworkBuilder('cut', { channels: 3, height: 2, width: 2 }, { kind: 'sparse' })
    let x = builder.relu(builder.batchNorm('bn', builder.conv2d('conv1', builder.input, 4, { size: 1 })))
    x = builder.relu(builder.conv2d('conv2', x, 4, { size: 1 }))
    builder.linear('out', builder.globalAveragePool(x), 2)
    const network = builder.build()
    const supports = new Map([
      [1, Uint32Array.of(0, 4)],
      [4, new Uint32Array()],
      [7, Uint32Array.of(1)],
    ])
    const executor = new Float64Network(
      network,
      supports,
      initialValues(network, supports, Key.fromSeed(1)),
      transforms,
    )
    const batch = fromImages(2, network.input, new Lcg(1).values(24))
    const result = await analyseNetwork(network, executor, batch, probePoints(network), quiet)
    expect(result.points.map(({ signal }) => signal > 0)).toEqual([true, false, false])
    expect(result.points[1]).toMatchObject({ signal: 0, cosine: null, correlation: null, dead: 1 })
    expect(result.points[0]!.gradient).toBe(0)
    expect(result.inputGradient).toBe(0)
    expect(result.singularValues).toEqual([
      [0, 0],
      [0, 0],
    ])
  })
})

function spec(architecture: string, kind: KernelKind, density: number, seed = 0): ModelSpec {
  return {
    architecture,
    input: { channels: 1, height: 32, width: 32 },
    classes: 4,
    kernel: { kind, alpha: 'trainable' },
    support: kind === 'dense' ? { type: 'dense' } : { type: 'random', rule: 'epl', density, seed },
  }
}

async function atStart(architecture: string, kind: KernelKind, density: number) {
  const { network, supports } = buildSpec(spec(architecture, kind, density))
  const executor = new Float64Network(
    network,
    supports,
    initialValues(network, supports, Key.fromSeed(0)),
    transforms,
  )
  const batch = fromImages(3, network.input, new Lcg(9).values(3 * 1024))
  return analyseNetwork(network, executor, batch, probePoints(network), quiet)
}

describe('networks before training', () => {
  test('a DCTpS network is the same at every density: S is zero', async () => {
    const [few, many] = [await atStart('resnet8', 'dctps', 0.0005), await atStart('resnet8', 'dctps', 0.2)]
    expect(few).toEqual(many)
    expect(few.points.every(({ signal, gradient }) => signal > 0 && gradient > 0)).toBe(true)
  })

  test('a sparse one of density 1 is the dense one', async () => {
    const [sparse, dense] = [await atStart('lenet5', 'sparse', 1), await atStart('lenet5', 'dense', 1)]
    sparse.points.forEach((point, i) => {
      expect(point.signal).toBeCloseTo(dense.points[i]!.signal, 12)
      expect(point.gradient).toBeCloseTo(dense.points[i]!.gradient, 12)
      expect(point.dead).toBe(dense.points[i]!.dead)
    })
    sparse.singularValues.flat().forEach((value, i) => {
      expect(value).toBeCloseTo(dense.singularValues.flat()[i]!, 12)
    })
  })
})

describe('probePoints', () => {
  const namesOf = (name: string) => {
    const input = { channels: 3, height: 32, width: 32 }
    return probePoints(buildNetwork(name, { input, classes: 10, kernel: { kind: 'dense' } }))
  }

  test('are the kernel layers, each where its batch norm and ReLU end', () => {
    const points = namesOf('vgg11')
    expect(points.map(({ name }) => name)).toEqual([
      'feature.0',
      'feature.4',
      'feature.8',
      'feature.11',
      'feature.15',
      'feature.18',
      'feature.22',
      'feature.25',
      'classifier',
    ])
    expect(points.map(({ rectified }) => rectified)).toEqual([...Array(8).fill(true), false])
    expect(new Set(points.map(({ type }) => type))).toEqual(new Set(['unit']))
  })

  test('and the sums of residual blocks, by the names of their blocks', () => {
    const points = namesOf('resnet18')
    expect(points.slice(0, 9).map(({ name, type, rectified }) => `${name} ${type} ${rectified}`)).toEqual([
      'conv1 unit true',
      'layer1.0.conv1 unit true',
      'layer1.0.conv2 unit false',
      'layer1.0 block true',
      'layer1.1.conv1 unit true',
      'layer1.1.conv2 unit false',
      'layer1.1 block true',
      'layer2.0.conv1 unit true',
      'layer2.0.conv2 unit false',
    ])
    expect(points.filter(({ type }) => type === 'block').map(({ name }) => name)).toEqual(
      [1, 2, 3, 4].flatMap((stage) => [0, 1].map((block) => `layer${stage}.${block}`)),
    )
    expect(points.at(-1)!.name).toBe('fc')
  })

  test.each(['mobilenetv2', 'fixup-resnet20', 'resnet50', 'lenet5', 'resnet8'])(
    '%s has each of its layers once, in order of depth',
    (name) => {
      const points = namesOf(name)
      expect(new Set(points.map(({ id }) => id)).size).toBe(points.length)
      expect(new Set(points.map((point) => point.name)).size).toBe(points.length)
      expect(points.map(({ id }) => id)).toEqual(points.map(({ id }) => id).toSorted((a, b) => a - b))
    },
  )

  test('the sums of Fixup blocks, which are scalar layers', () => {
    const blocks = namesOf('fixup-resnet20').filter(({ type }) => type === 'block')
    expect(blocks).toHaveLength(9)
    expect(blocks[0]).toMatchObject({ name: 'layer1.0', rectified: true })
  })
})
