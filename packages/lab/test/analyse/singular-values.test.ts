import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { singularValues } from '#lab/analyse/singular-values'

const rows = (...lists: readonly (readonly number[])[]) => lists.map((list) => Float64Array.from(list))

/** Rows whose singular values are known: a diagonal, turned by plane rotations on both sides. */
function turned(values: readonly number[], columns: number, angle: number): Float64Array[] {
  const matrix = values.map((value, i) =>
    Float64Array.from({ length: columns }, (_, j) => (i === j ? value : 0)),
  )
  const [c, s] = [Math.cos(angle), Math.sin(angle)]
  for (let j = 1; j < columns; j++)
    for (const row of matrix) {
      const [a, b] = [row[j - 1]!, row[j]!]
      row[j - 1] = c * a - s * b
      row[j] = s * a + c * b
    }
  for (let i = 1; i < matrix.length; i++)
    for (let j = 0; j < columns; j++) {
      const [a, b] = [matrix[i - 1]![j]!, matrix[i]![j]!]
      matrix[i - 1]![j] = c * a - s * b
      matrix[i]![j] = s * a + c * b
    }
  return matrix
}

describe('singularValues', () => {
  test('of known matrices', () => {
    expect(singularValues(rows([3, 0], [0, -5]))).toEqual([5, 3])
    // [[1, 1], [0, 1]]: the golden ratio and its inverse.
    const golden = (1 + Math.sqrt(5)) / 2
    const [first, second] = singularValues(rows([1, 1], [0, 1]))
    expect(first).toBeCloseTo(golden, 14)
    expect(second).toBeCloseTo(1 / golden, 14)
    expect(singularValues(rows([0, 0, 0], [0, 0, 0]))).toEqual([0, 0])
    expect(singularValues(rows([2, 4, 4]))).toEqual([6])
  })

  test('are those a matrix was made from, whatever their order and size', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -12, max: 0, noNaN: true }), { minLength: 1, maxLength: 7 }),
        fc.integer({ min: 0, max: 9 }),
        fc.double({ min: 0.1, max: 3, noNaN: true }),
        (exponents, more, angle) => {
          const values = exponents.map((exponent) => 10 ** exponent)
          const found = singularValues(turned(values, values.length + more, angle))
          const expected = values.toSorted((a, b) => b - a)
          // Turning rounds to 1e-16 of the largest one.
          found.forEach((value, i) => {
            expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-13 * expected[0]!)
          })
        },
      ),
      { seed: 1, numRuns: 200 },
    )
  })

  test('keep the digits of small ones, which the eigenvalues of the Gram matrix lose', () => {
    // Nearly parallel rows: the smaller value is e / sqrt(2) to first order, and its square is below rounding.
    const e = 1e-10
    const [large, small] = singularValues(rows([1, 0], [1, e]))
    expect(large).toBeCloseTo(Math.SQRT2, 12)
    expect(small! / (e / Math.SQRT2)).toBeCloseTo(1, 5)
  })

  test('are exactly zero where rows depend on each other', () => {
    const values = singularValues(rows([1, 2, 3, 4], [0.5, 0.1, 0, 2], [1.5, 2.1, 3, 6]))
    expect(values[1]).toBeGreaterThan(0.1)
    expect(values[2]).toBe(0)
  })

  test('do not vanish or overflow with the size of the matrix', () => {
    const unit = singularValues(rows([3, 1], [1, 2]))
    for (const scale of [1e-250, 1e200]) {
      const scaled = singularValues(rows([3 * scale, scale], [scale, 2 * scale]))
      scaled.forEach((value, i) => {
        expect(value / scale / unit[i]!).toBeCloseTo(1, 12)
      })
    }
  })

  test('leave the rows as they were', () => {
    const given = rows([3, 1], [1, 2])
    singularValues(given)
    expect(given).toEqual(rows([3, 1], [1, 2]))
  })
})
