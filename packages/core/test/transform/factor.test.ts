import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { factorDct } from '#core/transform/factor'
import { countFlops } from '#core/transform/lower'
import { evaluate, type OpList, printOpList, transpose } from '#core/transform/oplist'
import { prune } from '#core/transform/prune'
import { dctMatrix, product, transposedProduct } from '#core/transform/reference'
import { noise, relativeError } from './measure.js'

function expectReference(length: number, inputs: number, outputs: number): void {
  const list = factorDct({ length, inputs, outputs })
  const matrix = dctMatrix(length, outputs, inputs)
  const x = noise(inputs, 1)
  const y = noise(outputs, 2)
  const forward = evaluate(list, x)
  const backward = evaluate(transpose(list), y)
  expect(relativeError(forward, product(matrix, x))).toBeLessThan(1e-13)
  expect(relativeError(backward, transposedProduct(matrix, y))).toBeLessThan(1e-13)
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, v, i) => sum + v * b[i]!, 0)
  expect(dot(forward, y)).toBeCloseTo(dot(x, backward), 10)
}

// Two inputs and two outputs at least: otherwise one direction is a single sum, which may come so close to zero (length 100, 1 input, 57
// outputs) that no order of adding has 13 digits of it. Single ones are in the list of examples.

/** Transforms whose padding is an odd multiple: all coefficients, or the first ones. */
const paddedShapes = fc
  .tuple(
    fc.integer({ min: 2, max: 24 }),
    fc.constantFrom(3, 5, 6, 7, 9, 10, 12, 14),
    fc.integer({ min: 0, max: 3 }),
  )
  .chain(([rows, parts, unused]) =>
    fc.tuple(
      fc.constant(rows * parts),
      fc.constant(Math.max(2, rows - unused)),
      fc.integer({ min: 2, max: rows * parts }),
    ),
  )

const shapes = fc
  .integer({ min: 2, max: 300 })
  .chain((length) =>
    fc.tuple(fc.constant(length), fc.integer({ min: 2, max: length }), fc.integer({ min: 2, max: length })),
  )

describe('factorDct', () => {
  it('equals the matrix, forward and transposed, for any length up to 300 and any counts', () => {
    fc.assert(
      fc.property(shapes, ([length, inputs, outputs]) => expectReference(length, inputs, outputs)),
      { numRuns: 150 },
    )
  })

  it('equals the matrix where inputs are padded to an odd multiple of their number', () => {
    fc.assert(
      fc.property(paddedShapes, ([length, inputs, outputs]) => expectReference(length, inputs, outputs)),
      { numRuns: 150 },
    )
  })

  it.each([
    [24, 144],
    [96, 576],
    [160, 960],
  ])('splits %i inputs padded to %i: fewer flops than halving the length', (inputs, length) => {
    const flops = (list: OpList) => {
      const { additions, multiplications } = countFlops(list)
      return additions + multiplications
    }
    const whole = factorDct({ length, inputs: length, outputs: length })
    const halved = prune(whole, whole.inputs.slice(0, inputs), whole.outputs)
    const padded = factorDct({ length, inputs, outputs: length })
    expect(flops(padded)).toBeLessThan(0.95 * flops(halved))
    expect(flops(transpose(padded))).toBeLessThan(0.95 * flops(transpose(halved)))
  })

  it.each([
    [1, 1, 1],
    [2, 1, 2],
    [15, 1, 15],
    [42, 1, 42],
    [64, 1, 20],
    [64, 64, 1],
    [105, 30, 1],
    [300, 300, 1],
    [75, 75, 6],
    [147, 147, 64],
    [150, 150, 16],
    [225, 100, 225],
    [400, 400, 120],
    [441, 441, 441],
    [576, 576, 64],
    [997, 200, 300],
    [1024, 1024, 1024],
    [1152, 1152, 128],
    [2304, 2304, 256],
    [4608, 4608, 512],
  ])('equals the matrix at length %i, %i inputs, %i outputs', expectReference)

  it('uses no row twice, so that its transpose costs as much', () => {
    for (const length of [64, 75, 150]) {
      const { operations } = factorDct({ length, inputs: length, outputs: length })
      const read = operations.flatMap(({ inputs }) => inputs)
      const written = operations.flatMap(({ outputs }) => outputs)
      expect(new Set(read).size).toBe(read.length)
      expect(new Set(written).size).toBe(written.length)
    }
  })

  it.each([8, 16, 64, 256, 1024, 4096])(
    'costs at most 2.5 d log2 d flops at length %i, either way',
    (length) => {
      const list = factorDct({ length, inputs: length, outputs: length })
      for (const direction of [list, transpose(list)]) {
        const { additions, multiplications } = countFlops(direction)
        expect(additions + multiplications).toBeLessThan(2.5 * length * Math.log2(length))
      }
    },
  )

  it('pays less for zero-padded inputs and for unused outputs', () => {
    const flops = (inputs: number, outputs: number) => {
      const { additions, multiplications } = countFlops(factorDct({ length: 256, inputs, outputs }))
      return additions + multiplications
    }
    const whole = flops(256, 256)
    expect(flops(64, 256)).toBeLessThan(0.9 * whole)
    expect(flops(256, 64)).toBeLessThan(0.8 * whole)
    expect(flops(1, 256)).toBe(256)
    expect(flops(256, 1)).toBe(256)
  })

  it('refuses counts that do not fit the length', () => {
    expect(() => factorDct({ length: 8, inputs: 9, outputs: 8 })).toThrow(/length 8 with 9 inputs/)
  })
})

describe('printOpList', () => {
  it('prints the length-2 transform as one butterfly', () => {
    expect(printOpList(factorDct({ length: 2, inputs: 2, outputs: 2 }))).toBe(
      ['inputs r0 r1', 'r2 = 0.7071 r0 + 0.7071 r1', 'r3 = 0.7071 r0 - 0.7071 r1', 'outputs r2 r3'].join(
        '\n',
      ),
    )
  })

  it('prints a pruned, transposed list with a sign flip', () => {
    const list = transpose({
      rows: 3,
      inputs: [0],
      outputs: [1],
      operations: [{ inputs: [0], outputs: [1], matrix: [-1] }],
    })
    expect(printOpList(list)).toBe(['inputs r1', 'r0 = -r1', 'outputs r0'].join('\n'))
  })
})
