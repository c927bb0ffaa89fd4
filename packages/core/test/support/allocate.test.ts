// Layer budgets against the published densities, the formulas of ALGORITHMS section 2, and small cases by hand.

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DctpsError } from '#core/errors'
import { allocate, publishedDensities } from '#core/support/allocate'
import { supportRules } from '#core/support/registry'

const reference =
  process.env.DCTPS_REFERENCE ?? path.resolve(import.meta.dirname, '../../../../../shared/reference')

interface Model {
  arch: string
  classes: number
  kernels: { name: string; shape: number[] }[]
}

const entriesOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)
const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)
const ruleNames = supportRules.map(({ name }) => name)

const kernels = fc
  .array(
    fc.oneof(
      fc.tuple(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 64 })),
      fc.tuple(
        fc.integer({ min: 1, max: 32 }),
        fc.integer({ min: 1, max: 32 }),
        fc.constantFrom(1, 3, 5),
        fc.constant(3),
      ),
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((shapes) => shapes.map((shape, i) => ({ name: `layer${i}`, shape })))
const density = fc.oneof(
  fc.double({ min: 1e-6, max: 1, noNaN: true }),
  fc.constantFrom(1e-4, 1e-3, 0.01, 0.1, 0.5, 1),
)

describe.skipIf(!existsSync(reference))(`published figures (fixtures in ${reference})`, () => {
  const read = (file: string) => readFileSync(path.join(reference, file), 'utf8')
  const models = (): Model[] => JSON.parse(read('models.json'))
  const model = (arch: string, classes: number) =>
    models().find((m) => m.arch === arch && m.classes === classes)!.kernels

  test('layer densities of every network, rule and density agree to 1e-12', () => {
    const names: Record<string, string> = {
      uniform: 'uniform',
      equal_per_layer: 'epl',
      equal_per_filter: 'epf',
      erk: 'erk',
    }
    const cases: {
      arch: string
      classes: number
      distribution: string
      density: number
      layerDensities: number[]
    }[] = JSON.parse(read('densities.json'))
    expect(cases.length).toBeGreaterThan(0)
    for (const { arch, classes, distribution, density, layerDensities } of cases) {
      const ours = publishedDensities(model(arch, classes), names[distribution]!, density)
      expect(ours.length).toBe(layerDensities.length)
      for (const [l, expected] of layerDensities.entries()) {
        expect(Math.abs(ours[l]! - expected)).toBeLessThanOrEqual(1e-12)
      }
    }
  })

  test('rounding down layer by layer leaves MobileNetV2 174 of 226 weights at 0.01%; the exact budget keeps all', () => {
    const mobilenet = model('mobilenetv2', 10)
    expect(sum(allocate(mobilenet, 'epl', 1e-4, { exactBudget: false }))).toBe(174)
    expect(sum(allocate(mobilenet, 'epl', 1e-4))).toBe(226)
  })

  test('clipping leaves VGG19 with 9.65% (ERK) and 8.46% (EPL) of 10%; the exact budget keeps all', () => {
    const vgg = model('vgg19', 100)
    const total = sum(vgg.map(({ shape }) => entriesOf(shape)))
    expect(sum(allocate(vgg, 'erk', 0.1, { exactBudget: false })) / total).toBeCloseTo(0.0965, 4)
    expect(sum(allocate(vgg, 'epl', 0.1, { exactBudget: false })) / total).toBeCloseTo(0.0846, 4)
    for (const rule of ruleNames) expect(sum(allocate(vgg, rule, 0.1))).toBe(Math.round(0.1 * total))
  })

  test('where nothing is clipped, exact counts are the published densities rounded to a neighbour', () => {
    for (const rule of ruleNames) {
      const lenet = model('lenet5', 10)
      const counts = allocate(lenet, rule, 0.001)
      for (const [l, layerDensity] of publishedDensities(lenet, rule, 0.001).entries()) {
        expect(Math.abs(counts[l]! - layerDensity * entriesOf(lenet[l]!.shape))).toBeLessThan(1)
      }
    }
  })
})

describe('exact budgets', () => {
  test('total max(1, round(density * N)) and no layer above its size, for every rule', () => {
    fc.assert(
      fc.property(kernels, density, fc.constantFrom(...ruleNames), (layers, d, rule) => {
        const entries = layers.map(({ shape }) => entriesOf(shape))
        const counts = allocate(layers, rule, d)
        expect(sum(counts)).toBe(Math.max(1, Math.round(d * sum(entries))))
        for (const [l, count] of counts.entries()) {
          expect(Number.isInteger(count) && count >= 0 && count <= entries[l]!).toBe(true)
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('density 1 keeps every weight', () => {
    fc.assert(
      fc.property(kernels, fc.constantFrom(...ruleNames), (layers, rule) => {
        expect(allocate(layers, rule, 1)).toEqual(layers.map(({ shape }) => entriesOf(shape)))
      }),
    )
  })

  // Three layers of 10, 100 and 1000 weights with 1, 4 and 5 rows: the budget of 30% is 333.
  const three = [
    { name: 'a', shape: [1, 10] },
    { name: 'b', shape: [4, 25] },
    { name: 'c', shape: [5, 200] },
  ]

  test('uniform: 3, 30, 300', () => expect(allocate(three, 'uniform', 0.3)).toEqual([3, 30, 300]))

  test('EPL: 111 each clips to 10 and 100, the surplus of 112 goes to the last', () => {
    expect(allocate(three, 'epl', 0.3)).toEqual([10, 100, 223])
  })

  test('EPL with a full last layer: what it cannot hold is shared among the others', () => {
    // 111 each; the last layer holds 10, the second keeps its 100, the first takes the rest.
    const reversed = [three[2]!, three[1]!, three[0]!]
    expect(allocate(reversed, 'epl', 0.3)).toEqual([223, 100, 10])
    expect(publishedDensities(reversed, 'epl', 0.3)).toEqual([0.111, 1, 1])
  })

  test('EPF: 33.3, 133.2, 166.5 clips to 10 and 100, and the surplus reaches the last', () => {
    expect(allocate(three, 'epf', 0.3)).toEqual([10, 100, 223])
  })

  test('surplus is shared in proportion to the targets', () => {
    const layers = [
      { name: 'a', shape: [1, 260] },
      { name: 'b', shape: [2, 130] },
      { name: 'c', shape: [7, 1] },
    ]
    // N = 527, B = 52.7: targets 5.27, 10.54, 36.89; c holds 7, its surplus of 29.89 goes 1 : 2: 15.2333, 30.4667.
    expect(allocate(layers, 'epf', 0.1)).toEqual([15, 31, 7])
  })

  test('ERK weighs kernels by the sum of their dimensions', () => {
    const layers = [
      { name: 'conv', shape: [8, 4, 3, 3] },
      { name: 'linear', shape: [10, 8] },
    ]
    // N = 368, B = 36.8; dimensions 18 and 18: 18.4 each; the tie of the remaining one goes to the first.
    expect(allocate(layers, 'erk', 0.1)).toEqual([19, 18])
  })

  test('largest remainder: equal remainders go to the earlier layers', () => {
    const equal = Array.from({ length: 4 }, (_, i) => ({ name: `${i}`, shape: [10, 10] }))
    expect(allocate(equal, 'uniform', 0.015)).toEqual([2, 2, 1, 1])
    expect(allocate(equal, 'uniform', 1e-9)).toEqual([1, 0, 0, 0])
  })

  test('need shapes only: a network of 10^14 weights', () => {
    const huge = Array.from({ length: 1000 }, (_, i) => ({ name: `${i}`, shape: [316_228, 316_228] }))
    expect(sum(allocate(huge, 'epl', 1e-9))).toBe(Math.round(1e-9 * 1000 * 316_228 ** 2))
  })
})

describe('bad requests', () => {
  const layers = [{ name: 'a', shape: [10, 10] }]

  test.each([0, -0.1, Number.NaN, 1.0001, Number.POSITIVE_INFINITY])('density %s is refused', (d) => {
    expect(() => allocate(layers, 'epl', d)).toThrow(`density must be a number above 0 and at most 1`)
    expect(() => allocate(layers, 'epl', d)).toThrow(DctpsError)
  })

  test('an unknown rule lists the known ones and suggests the nearest', () => {
    expect(() => allocate(layers, 'ELP', 0.1)).toThrow(
      "unknown support rule 'ELP' (did you mean epl?); the rules are uniform, epl, epf, erk",
    )
    expect(() => allocate(layers, 'magnitude', 0.1)).toThrow(
      "unknown support rule 'magnitude'; the rules are",
    )
  })

  test.each([[[]], [[0, 3]], [[2.5, 3]], [[-1, -3]]])('the shape %j is refused by name', (shape) => {
    expect(() => allocate([{ name: 'conv7', shape }], 'epl', 0.1)).toThrow(/kernel conv7: a weight's shape/)
  })

  test('a network without kernels is refused', () => {
    expect(() => allocate([], 'epl', 0.1)).toThrow(/needs at least one kernel/)
  })
})
