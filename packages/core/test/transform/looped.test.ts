import { describe, expect, it } from 'vitest'
import { compileTransform, planTransform, type TransformRequest } from '#core/transform/compile'
import { additionCount, factorDct } from '#core/transform/factor'
import { factorLooped } from '#core/transform/factor-looped'
import { emitLooped } from '#core/transform/looped'
import { evaluate, listAdditions, transpose } from '#core/transform/oplist'
import { evaluatePasses, transposePasses } from '#core/transform/passes'
import { dct2Entry, dctMatrix, product, transposedProduct } from '#core/transform/reference'
import { noise, relativeError } from './measure.js'
import { expectAgreement } from './tiles.js'

const consecutive = (rows: number, rowBytes: number) =>
  Int32Array.from({ length: rows }, (_, i) => i * rowBytes)

/** Some coefficients of `D x`, or some entries of `D^T y`, by the formula. */
function sampled(
  length: number,
  signal: Float64Array,
  wanted: readonly number[],
  adjoint: boolean,
): number[] {
  return wanted.map((at) =>
    signal.reduce(
      (sum, value, i) => sum + value * (adjoint ? dct2Entry(length, i, at) : dct2Entry(length, at, i)),
      0,
    ),
  )
}

describe('factorLooped', () => {
  it.each([
    [1024, 1024, 1024],
    [1030, 1000, 1030],
    [997, 997, 997],
    [994, 994, 900],
    [1323, 1323, 1323],
    [1500, 12, 1500],
    [1501, 1501, 7],
  ])('equals the matrix at length %i, %i inputs, %i outputs, both ways', (length, inputs, outputs) => {
    const list = factorLooped({ length, inputs, outputs })
    const matrix = dctMatrix(length, outputs, inputs)
    const x = noise(inputs, 3)
    const y = noise(outputs, 4)
    expect(relativeError(evaluatePasses(list, x), product(matrix, x))).toBeLessThan(1e-12)
    expect(
      relativeError(evaluatePasses(transposePasses(list), y), transposedProduct(matrix, y)),
    ).toBeLessThan(1e-12)
  })

  it.each([8192, 4099, 6561, 8198])(
    'equals the formula at sampled rows of length %i, both ways',
    (length) => {
      const list = factorLooped({ length, inputs: length, outputs: length })
      const signal = noise(length, 5)
      const wanted = [0, 1, 2, 1000, length >> 1, (length >> 1) + 1, length - 2, length - 1]
      for (const adjoint of [false, true]) {
        const result = evaluatePasses(adjoint ? transposePasses(list) : list, signal)
        const expected = sampled(length, signal, wanted, adjoint)
        wanted.forEach((at, i) => {
          expect(result[at]).toBeCloseTo(expected[i]!, 10)
        })
      }
    },
  )

  it.each([8192, 4099, 6561, 8198, 12_288, 24_575])(
    'works in memory proportional to the length %i',
    (length) => {
      const list = factorLooped({ length, inputs: length, outputs: length })
      expect(list.rows).toBeLessThanOrEqual(3.5 * length)
      const emitted = emitLooped(list, {
        ...{ lanes: 4, store: 'assign', sharedMemory: false },
        inputOffsets: consecutive(length, 16),
        outputOffsets: consecutive(length, 16),
      })
      expect(emitted.scratchBytes).toBeLessThan(16 * 4 * length)
      expect(emitted.constants.length).toBeLessThan(13 * length)
      expect(emitted.bytes.length).toBeLessThan(200_000)
    },
  )
})

describe('the looped form', () => {
  it.each([
    { length: 1024, inputs: 1024, outputs: 1024, lanes: 32 },
    { length: 998, inputs: 900, outputs: 998, lanes: 8 },
    { length: 1025, inputs: 1025, outputs: 300, lanes: 4 },
    { length: 1536, inputs: 700, outputs: 1100, lanes: 16 },
    { length: 1536, inputs: 3, outputs: 1100, lanes: 12 },
  ])('agrees with the matrix to 1e-6 for %o, both ways, assigned and accumulated', (shape) => {
    const { length, inputs, outputs, lanes } = shape
    const list = factorLooped(shape)
    const matrix = dctMatrix(length, outputs, inputs)
    // A patch of three runs apart, as of three rows of an image.
    const apart = Int32Array.from(
      { length: inputs },
      (_, i) => (i + 5 * Math.floor((3 * i) / inputs)) * lanes * 4,
    )
    for (const adjoint of [false, true]) {
      const [inputOffsets, outputOffsets] = adjoint
        ? [consecutive(outputs, lanes * 4), apart]
        : [apart, consecutive(outputs, lanes * 4)]
      const store = adjoint ? 'accumulate' : 'assign'
      const geometry = { lanes, inputOffsets, outputOffsets, store, sharedMemory: adjoint } as const
      const apply = (x: Float64Array) => (adjoint ? transposedProduct(matrix, x) : product(matrix, x))
      const emitted = emitLooped(adjoint ? transposePasses(list) : list, geometry)
      expectAgreement(emitted, geometry, apply, { rows: 1, columns: 2 })
    }
  })

  it.each([8192, 4106])('agrees with its own list in float64 at length %i, both ways', (length) => {
    const whole = factorLooped({ length, inputs: length, outputs: length })
    for (const list of [whole, transposePasses(whole)]) {
      const offsets = consecutive(length, 16)
      const geometry = {
        lanes: 4,
        inputOffsets: offsets,
        outputOffsets: offsets,
        store: 'assign',
        sharedMemory: false,
      } as const
      const apply = (x: Float64Array) => evaluatePasses(list, x)
      expectAgreement(emitLooped(list, geometry), geometry, apply, { rows: 1, columns: 1 })
    }
  })
})

describe('planTransform', () => {
  it('counts the additions of a list without building it', () => {
    for (const length of [1, 2, 3, 15, 16, 75, 150, 400, 1024, 1152]) {
      expect(additionCount(length)).toBe(
        listAdditions(factorDct({ length, inputs: length, outputs: length })),
      )
    }
  })

  it.each([
    [64, 64, 'straight'],
    [4608, 512, 'straight'],
    [512, 2048, 'straight'],
    [8192, 8192, 'looped'],
    [4099, 10, 'looped'],
    [6561, 100, 'looped'],
    [25_088, 4096, 'looped'],
  ] as const)('computes %i -> %i %s', (inputs, outputs, form) => {
    expect(planTransform({ length: Math.max(inputs, outputs), inputs, outputs }).form).toBe(form)
  })

  it('gives the same map in either form', () => {
    const shape = { length: 768, inputs: 700, outputs: 500 }
    const x = noise(700, 9)
    const y = noise(500, 10)
    const [list, passes] = [factorDct(shape), factorLooped(shape)]
    expect(relativeError(evaluatePasses(passes, x), evaluate(list, x))).toBeLessThan(1e-13)
    expect(
      relativeError(evaluatePasses(transposePasses(passes), y), evaluate(transpose(list), y)),
    ).toBeLessThan(1e-13)
  })

  it.each([
    { length: 4099, inputs: 4099, outputs: 10 },
    { length: 6561, inputs: 6561, outputs: 60 },
    { length: 8198, inputs: 8198, outputs: 40 },
    { length: 8198, inputs: 40, outputs: 8198 },
  ])('leads to a module for %o, both ways', (shape) => {
    const { length, inputs, outputs } = shape
    const matrix = dctMatrix(length, outputs, inputs)
    for (const adjoint of [false, true]) {
      const [read, written] = adjoint ? [outputs, inputs] : [inputs, outputs]
      const request: TransformRequest = {
        ...shape,
        adjoint,
        lanes: 4,
        inputOffsets: consecutive(read, 16),
        outputOffsets: consecutive(written, 16),
        store: 'assign',
        sharedMemory: false,
      }
      const apply = (x: Float64Array) => (adjoint ? transposedProduct(matrix, x) : product(matrix, x))
      expectAgreement(compileTransform(request), request, apply, { rows: 1, columns: 1 })
    }
  })
})
