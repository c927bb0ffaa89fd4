import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileTransform, type TransformRequest } from '#core/transform/compile'
import { IN_CACHE } from '#core/transform/driver'
import { factorDct } from '#core/transform/factor'
import { dctMatrix, product, transposedProduct } from '#core/transform/reference'
import { emitTransform } from '#core/transform/straight'
import { positionsAtOnce } from '#core/transform/touch'
import { expectAgreement, instantiate } from './tiles.js'

const lanes = fc.constantFrom(4, 8, 16, 32)

/** Offsets of `rows` rows in any order, some of them apart. */
function scattered(rows: number, rowBytes: number): fc.Arbitrary<Int32Array> {
  return fc
    .tuple(
      fc.shuffledSubarray(
        Array.from({ length: rows }, (_, i) => i),
        { minLength: rows, maxLength: rows },
      ),
      fc.integer({ min: 0, max: 3 }),
    )
    .map(([order, gap]) => Int32Array.from(order, (at) => (at + gap * Math.floor(at / 3)) * rowBytes))
}

const requests: fc.Arbitrary<TransformRequest> = fc
  .record({
    length: fc.integer({ min: 1, max: 120 }),
    lanes,
    adjoint: fc.boolean(),
    sharedMemory: fc.boolean(),
  })
  .chain((base) =>
    fc
      .record({
        inputs: fc.integer({ min: 1, max: base.length }),
        outputs: fc.integer({ min: 1, max: base.length }),
        store: fc.constantFrom('assign' as const, 'accumulate' as const),
      })
      .chain((counts) => {
        const [read, written] = base.adjoint
          ? [counts.outputs, counts.inputs]
          : [counts.inputs, counts.outputs]
        return fc
          .record({
            inputOffsets: scattered(read, base.lanes * 4),
            outputOffsets: scattered(written, base.lanes * 4),
          })
          .map((offsets) => ({ ...base, ...counts, ...offsets }))
      }),
  )

function expectReference(request: TransformRequest, rows: number, columns: number, inCache = 0): void {
  const { length, inputs, outputs, adjoint } = request
  const matrix = dctMatrix(length, outputs, inputs)
  const apply = (x: Float64Array) => (adjoint ? transposedProduct(matrix, x) : product(matrix, x))
  expectAgreement(compileTransform(request), request, apply, { rows, columns, inCache })
}

describe('compileTransform', () => {
  it('agrees with the matrix to 1e-6 and writes its output rows only, for any shape, offsets, lanes, store and positions, whatever lies in the cache', () => {
    const few = fc.integer({ min: 1, max: 3 })
    const inCache = fc.integer({ min: 0, max: IN_CACHE.x | IN_CACHE.y })
    fc.assert(fc.property(requests, few, few, inCache, expectReference), { numRuns: 60 })
  })

  it.each([
    { length: 576, inputs: 576, outputs: 64 },
    { length: 400, inputs: 400, outputs: 120 },
    { length: 256, inputs: 64, outputs: 256 },
    { length: 2048, inputs: 512, outputs: 2048 },
  ])('agrees with the matrix at %o, both ways', (shape) => {
    const contiguous = (rows: number) => Int32Array.from({ length: rows }, (_, i) => i * 32)
    for (const adjoint of [false, true]) {
      const inputOffsets = contiguous(adjoint ? shape.outputs : shape.inputs)
      const outputOffsets = contiguous(adjoint ? shape.inputs : shape.outputs)
      const request = { ...shape, adjoint, inputOffsets, outputOffsets, lanes: 8, sharedMemory: false }
      expectReference({ ...request, store: 'assign' }, 1, 2)
    }
  })

  it('does nothing for zero rows or zero columns', () => {
    const request: TransformRequest = {
      length: 4,
      inputs: 4,
      outputs: 4,
      adjoint: false,
      lanes: 4,
      inputOffsets: Int32Array.of(0, 16, 32, 48),
      outputOffsets: Int32Array.of(0, 16, 32, 48),
      store: 'assign',
      sharedMemory: false,
    }
    for (const [rows, columns] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const { memory, run } = instantiate(compileTransform(request), request)
      const before = memory.slice()
      run(1024, 2048, rows, 0, 0, columns, 0, 0, 0)
      expect(memory).toEqual(before)
    }
  })

  it('gives equal bytes for equal requests', () => {
    const offsets = () => Int32Array.from({ length: 150 }, (_, i) => i * 16)
    const request = () => ({
      ...{ length: 150, inputs: 150, outputs: 150, adjoint: true, lanes: 4, store: 'accumulate' as const },
      ...{ inputOffsets: offsets(), outputOffsets: offsets(), sharedMemory: true },
    })
    expect(compileTransform(request())).toEqual(compileTransform(request()))
  })

  it('names lanes and offsets that it cannot work with', () => {
    const request: TransformRequest = {
      ...{ length: 2, inputs: 2, outputs: 1, adjoint: false, lanes: 4, store: 'assign', sharedMemory: false },
      inputOffsets: Int32Array.of(0, 16),
      outputOffsets: Int32Array.of(0),
    }
    expect(() => compileTransform({ ...request, lanes: 6 })).toThrow(/6 lanes .* multiple of 4/)
    expect(() => compileTransform({ ...request, inputOffsets: Int32Array.of(0) })).toThrow(
      /1 input and 1 output offsets/,
    )
    expect(() => compileTransform({ ...request, inputOffsets: Int32Array.of(0, 20) })).toThrow(/offset 20/)
    expect(() => compileTransform({ ...request, outputOffsets: Int32Array.of(-16) })).toThrow(/offset -16/)
  })
})

describe('emitTransform', () => {
  const list = {
    rows: 3,
    inputs: [0],
    outputs: [1, 2],
    operations: [{ inputs: [0], outputs: [1], matrix: [-2] }],
  }

  it.each(['assign', 'accumulate'] as const)('treats an output that nothing reaches as zero: %s', (store) => {
    const geometry = {
      ...{ lanes: 8, store, sharedMemory: false },
      inputOffsets: Int32Array.of(0),
      outputOffsets: Int32Array.of(32, 0),
    }
    const apply = (x: Float64Array) => Float64Array.of(-2 * x[0]!, 0)
    expectAgreement(emitTransform(list, geometry), geometry, apply, { rows: 2, columns: 1 })
  })

  it.each([
    [1, 4],
    [17, 8],
    [10_000, 16],
  ])('computes the same with %i additions a function and strips of %i lanes', (groupSize, stripLanes) => {
    const request: TransformRequest = {
      ...{
        length: 48,
        inputs: 40,
        outputs: 48,
        adjoint: false,
        lanes: 16,
        store: 'assign',
        sharedMemory: false,
      },
      inputOffsets: Int32Array.from({ length: 40 }, (_, i) => i * 64),
      outputOffsets: Int32Array.from({ length: 48 }, (_, i) => i * 64),
    }
    const matrix = dctMatrix(48, 48, 40)
    const emitted = emitTransform(factorDct(request), request, { groupSize, stripLanes })
    expectAgreement(emitted, request, (x) => product(matrix, x), { rows: 1, columns: 2 })
  })

  it('walks over rows that are longer than what is brought into the cache at once', () => {
    const request: TransformRequest = {
      ...{ length: 256, inputs: 96, outputs: 256, adjoint: false, lanes: 32, sharedMemory: false },
      store: 'accumulate',
      inputOffsets: Int32Array.from({ length: 96 }, (_, i) => i * 128),
      outputOffsets: Int32Array.from({ length: 256 }, (_, i) => i * 128),
    }
    const atOnce = positionsAtOnce([{ start: 0, end: (96 + 256) * 128 }])
    expect(atOnce).toBeGreaterThan(1)
    const matrix = dctMatrix(256, 256, 96)
    const emitted = emitTransform(factorDct(request), request)
    const positions = { rows: 2, columns: 2 * atOnce + 1 }
    expectAgreement(emitted, request, (x) => product(matrix, x), positions)
  })
})
