import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { KernelLayer } from '#core/network/layer'
import { kernelLayers, NetworkBuilder } from '#core/network/network'
import { canMove, gradientMatrix, gradientTiles } from '#core/program/growth-plan'
import { expectSameBits } from '../engine/compare.js'
import { Session } from '../engine/run.js'
import { activations } from '../reference/activations.js'
import { convolutionBackward } from '../reference/kernel.js'
import { Lcg } from '../reference/lcg.js'
import { ReferenceNetwork } from '../reference/network.js'
import {
  arbitraryLayerCase,
  arbitraryNetwork,
  fillNetwork,
  type LayerCase,
  type NetworkCase,
} from '../reference/random-network.js'
import { largestGradients } from './ranking.js'

const lanes = 4

function moving({ network, supports }: NetworkCase): KernelLayer[] {
  return kernelLayers(network).filter(
    (layer) => layer.kind !== 'dense' && canMove(layer.geometry, supports.get(layer.id)!.length),
  )
}

/** About half of a support. */
function someOf(support: Uint32Array, random: Lcg): Uint32Array {
  return support.filter(() => random.fraction() < 0.5)
}

/** Whole numbers: products and their sums are exact in float32, and many gradients are equal. */
function whole(values: Float64Array): Float64Array {
  return values.map((value) => Math.round(2 * value))
}

/** What one growth pass over a single layer finds. */
function grownOf({ layer, supports, ...test }: LayerCase, kept: Uint32Array, threads: number) {
  const x = whole(test.x)
  const options = { lanes, objective: 'upstream', positions: 'ranked', threads } as const
  return Session.use({ ...test, supports, x }, options, async (session) => {
    session.runner.supports.keep(layer.id, kept)
    await session.run({ images: test.images, x, upstream: whole(test.dy) }, 'growth')
    return session.runner.supports.grown(layer.id)
  })
}

function referenceGradient({ layer, supports, images, x, dy, network }: LayerCase): Float64Array {
  const { geometry, kind } = layer
  const support = supports.get(layer.id)
  const values = new Float64Array(support?.length ?? 0)
  const kernel = { kind, geometry, support, values, alpha: 1, bias: undefined }
  const input = activations(images, network.input, whole(x))
  return convolutionBackward(input, kernel, activations(images, layer.output, whole(dy))).weight
}

async function expectGrowth(layerCase: LayerCase, seed: number): Promise<void> {
  const { layer, supports } = layerCase
  const support = supports.get(layer.id)!
  const kept = someOf(support, new Lcg(seed))
  const grown = await grownOf(layerCase, kept, 1)
  const expected = largestGradients(referenceGradient(layerCase), kept, support.length - kept.length)
  expect([...grown]).toEqual([...expected])
}

describe('a growth pass finds the largest gradients of all positions that are not kept', () => {
  test('of any layer, ties by position: stride, padding, groups, every kernel size, partial last block', async () => {
    const cases = arbitraryLayerCase().filter((layerCase) => moving(layerCase).length > 0)
    await fc.assert(fc.asyncProperty(cases, fc.nat(1000), expectGrowth), { numRuns: 150, seed: 1 })
  })

  test.each([
    ['a linear layer of 700 x 700', { inputs: 700, outputs: 700, size: 1, stride: 1, groups: 1, side: 1 }],
    [
      'a 3x3 layer in tiles of input channels',
      { inputs: 192, outputs: 192, size: 3, stride: 1, groups: 1, side: 4 },
    ],
    ['a 3x3 layer with a stride', { inputs: 128, outputs: 260, size: 3, stride: 2, groups: 1, side: 5 }],
    [
      'a grouped layer in tiles of several groups',
      { inputs: 8192, outputs: 8192, size: 3, stride: 1, groups: 2048, side: 2 },
    ],
    [
      'a grouped layer in tiles of a part of a group',
      { inputs: 400, outputs: 400, size: 3, stride: 1, groups: 2, side: 2 },
    ],
    ['a row longer than a tile', { inputs: 3, outputs: 300_000, size: 1, stride: 1, groups: 1, side: 1 }],
  ])(
    'of %s, whose gradient takes several tiles',
    async (_, { inputs, outputs, size, stride, groups, side }) => {
      const builder = new NetworkBuilder(
        'wide',
        { channels: inputs, height: side, width: side },
        { kind: 'sparse' },
      )
      const options = { size, stride, padding: (size - 1) / 2, groups, bias: false }
      builder.flatten(builder.conv2d('layer', builder.input, outputs, options))
      const network = builder.build()
      const layer = kernelLayers(network)[0]!
      expect(gradientTiles(gradientMatrix(layer.geometry), groups).length).toBeGreaterThan(1)
      const random = new Lcg(7)
      const filled = fillNetwork(network, 3, 0.01, random)
      const { height, width, channels } = layer.output
      await expectGrowth({ ...filled, layer, dy: random.values(3 * height * width * channels) }, 8)
    },
  )

  test('of whole networks, where inputs are computed anew and gradients come a row at a time; gradients of parameters are those of the gradient pass', async () => {
    const cases = arbitraryNetwork().filter((networkCase) => moving(networkCase).length > 0)
    await fc.assert(
      fc.asyncProperty(cases, fc.nat(1000), async (networkCase, seed) => {
        const { network, supports, parameters, images, x, labels } = networkCase
        const reference = new ReferenceNetwork(network, supports, parameters)
        reference.forward(x, 'train')
        fc.pre(reference.kinkMargin() > 1e-5)
        const { weights } = reference.backward(labels).gradients
        const random = new Lcg(seed)
        const kept = new Map(moving(networkCase).map(({ id }) => [id, someOf(supports.get(id)!, random)]))
        await Session.use(networkCase, { lanes, positions: 'ranked' }, async (session) => {
          for (const [id, positions] of kept) session.runner.supports.keep(id, positions)
          await session.run({ images, x, labels }, 'growth')
          const gradients = session.gradients(images)
          for (const [id, positions] of kept) {
            const count = supports.get(id)!.length - positions.length
            const grown = session.runner.supports.grown(id)
            expectLargest(weights.get(id)!, positions, grown, count)
          }
          session.write(parameters)
          await session.run({ images, x, labels }, 'gradient')
          for (const [name, values] of session.gradients(images))
            expectSameBits(`${network.name} ${name}`, gradients.get(name)!, values)
        })
      }),
      { numRuns: 100, seed: 2 },
    )
  })

  test('of a bottleneck network: 1x1 kernels whose gradients come a row at a time, 3x3 ones whose inputs are computed anew', async () => {
    const builder = new NetworkBuilder('bottleneck', { channels: 3, height: 6, width: 6 }, { kind: 'dctps' })
    const unit = (name: string, input: number, channels: number, size: number, stride = 1) => {
      const options = { size, stride, padding: (size - 1) / 2, bias: false }
      return builder.batchNorm(`${name}.bn`, builder.conv2d(name, input, channels, options), {
        epsilon: 1e-2,
      })
    }
    let last = builder.relu(unit('stem', builder.input, 8, 3))
    for (const stride of [1, 2]) {
      const first = builder.relu(unit(`a${stride}`, last, 4, 1))
      const second = builder.relu(unit(`b${stride}`, first, 4, 3, stride))
      const shortcut = unit(`d${stride}`, last, 16, 1, stride)
      last = builder.relu(builder.add(unit(`c${stride}`, second, 16, 1), shortcut))
    }
    builder.linear('head', builder.globalAveragePool(last), 5)
    const network = builder.build()
    const images = 7
    const filled = fillNetwork(network, images, 0.2, new Lcg(5))
    const { supports, parameters, x, labels } = filled
    const reference = new ReferenceNetwork(network, supports, parameters)
    reference.forward(x, 'train')
    expect(reference.kinkMargin()).toBeGreaterThan(1e-6)
    const { weights } = reference.backward(labels).gradients
    await Session.use(filled, { lanes, positions: 'ranked', threads: 2 }, async (session) => {
      for (const { id } of moving(filled)) session.runner.supports.keep(id, Uint32Array.of())
      await session.run({ images, x, labels }, 'growth')
      for (const { id } of moving(filled)) {
        const grown = session.runner.supports.grown(id)
        expectLargest(weights.get(id)!, [], grown, supports.get(id)!.length)
      }
    })
  })
})

/** Rounding may exchange positions of nearly equal gradients, and no others. */
function expectLargest(
  gradient: Float64Array,
  kept: ArrayLike<number>,
  grown: Uint32Array,
  count: number,
): void {
  expect(grown.length).toBe(count)
  const isKept = new Set(Array.from(kept))
  const chosen = new Set(grown)
  expect(chosen.size, 'distinct positions').toBe(count)
  for (const position of grown) {
    expect(position).toBeLessThan(gradient.length)
    expect(isKept.has(position), `position ${position} is kept`).toBe(false)
  }
  if (count === 0) return
  const least = Math.min(...Array.from(grown, (position) => Math.abs(gradient[position]!)))
  const scale = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const missed = gradient.map((value, position) =>
    chosen.has(position) || isKept.has(position) ? 0 : Math.abs(value),
  )
  const largestMissed = missed.reduce((most, value) => Math.max(most, value), 0)
  expect(largestMissed - least).toBeLessThanOrEqual(2e-3 * scale + 1e-7)
}

describe('a growth pass', () => {
  test('finds the same with 1, 2 and 3 threads', async () => {
    const cases = arbitraryNetwork().filter((networkCase) => moving(networkCase).length > 0)
    await fc.assert(
      fc.asyncProperty(cases, fc.nat(1000), async (networkCase, seed) => {
        const images = 3 * lanes - 1
        const { network, supports, parameters } = networkCase
        const random = new Lcg(seed)
        const filled = fillNetwork(network, images, 0.3, random)
        const test = { network, supports, parameters, images, x: filled.x }
        const kept = moving(networkCase).map(({ id }) => [id, someOf(supports.get(id)!, random)] as const)
        const find = (threads: number) =>
          Session.use(test, { lanes, positions: 'ranked', threads }, async (session) => {
            expect(session.runner.threads).toBe(threads)
            for (const [id, positions] of kept) session.runner.supports.keep(id, positions)
            await session.run({ images, x: filled.x, labels: filled.labels }, 'growth')
            return kept.map(([id]) => [...session.runner.supports.grown(id)])
          })
        const alone = await find(1)
        expect(await find(2)).toEqual(alone)
        expect(await find(3)).toEqual(alone)
      }),
      { numRuns: 20, seed: 3 },
    )
  })

  test('is refused by a program that was not compiled for it', async () => {
    const builder = new NetworkBuilder('small', { channels: 4, height: 1, width: 1 }, { kind: 'sparse' })
    builder.linear('head', builder.input, 3)
    const filled = fillNetwork(builder.build(), 4, 0.3, new Lcg(1))
    const { images, x, labels } = filled
    await Session.use(filled, { positions: 'movable' }, async (session) => {
      await expect(session.run({ images, x, labels }, 'growth')).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringContaining('positions ranked'),
      })
      expect(() => session.runner.supports.keep(1, Uint32Array.of())).toThrow(/layer head are not ranked/)
    })
  })
})

test('the tiles of a gradient cover each of its rows once', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 300_000 }),
      (inGroup, groups, columns) => {
        const tiles = gradientTiles({ form: 'patches', rows: inGroup * groups, columns }, groups)
        let next = 0
        for (const tile of tiles) {
          expect(tile.first).toBe(next)
          expect(tile.rows).toBeGreaterThan(0)
          expect(tile.rows === 1 || tile.rows * columns <= 262144).toBe(true)
          const isWholeGroups = tile.first % inGroup === 0 && tile.rows === tile.groups * inGroup
          const isInOne =
            tile.groups === 1 &&
            Math.floor(tile.first / inGroup) === Math.floor((tile.first + tile.rows - 1) / inGroup)
          expect(isWholeGroups || isInOne).toBe(true)
          next += tile.rows
        }
        expect(next).toBe(inGroup * groups)
      },
    ),
  )
})
