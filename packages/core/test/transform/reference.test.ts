import { describe, expect, it } from 'vitest'
import { cosineScales, cosineTable } from '#core/transform/cosine-table'
import { dctMatrix, product, transposedProduct } from '#core/transform/reference'

describe('dctMatrix', () => {
  it('is the matrix of the formula, worked out by hand for length 2 and 3', () => {
    const half = Math.SQRT1_2
    expect([...dctMatrix(2, 2, 2)]).toEqual([half, half, half, -half].map((v) => expect.closeTo(v, 15)))
    const [a, b, c] = [1 / Math.sqrt(3), Math.sqrt(1 / 2), 1 / Math.sqrt(6)]
    expect([...dctMatrix(3, 3, 3)]).toEqual(
      [a, a, a, b, 0, -b, c, -2 * c, c].map((v) => expect.closeTo(v, 15)),
    )
  })

  it.each([1, 2, 7, 64, 75, 200])('has orthonormal rows at length %i', (length) => {
    const matrix = dctMatrix(length, length, length)
    for (let k = 0; k < length; k++) {
      const row = matrix.slice(k * length, (k + 1) * length)
      const gram = product(matrix, row)
      gram.forEach((value, other) => {
        expect(value).toBeCloseTo(other === k ? 1 : 0, 13)
      })
    }
  })

  it('takes the first rows and columns of the square matrix', () => {
    const square = dctMatrix(9, 9, 9)
    const part = dctMatrix(9, 4, 5)
    for (let k = 0; k < 4; k++) for (let n = 0; n < 5; n++) expect(part[k * 5 + n]).toBe(square[k * 9 + n])
  })

  it('refuses counts that do not fit the length', () => {
    expect(() => dctMatrix(4, 5, 4)).toThrow(/length 4 with 4 inputs and 5 outputs/)
    expect(() => dctMatrix(4, 0, 4)).toThrow(/1 <= inputs, outputs <= length/)
    expect(() => dctMatrix(4.5, 2, 2)).toThrow(/length 4.5/)
  })
})

describe('the products', () => {
  it('apply a matrix and its transpose', () => {
    const matrix = Float64Array.of(1, 2, 3, 4, 5, 6)
    expect([...product(matrix, Float64Array.of(1, 10, 100))]).toEqual([321, 654])
    expect([...transposedProduct(matrix, Float64Array.of(1, 10))]).toEqual([41, 52, 63])
  })
})

describe('the cosine table', () => {
  it.each([1, 6, 75])('gives every entry of D at length %i', (length) => {
    const table = cosineTable(length)
    const scales = cosineScales(length, length)
    const matrix = dctMatrix(length, length, length)
    for (let k = 0; k < length; k++) {
      for (let n = 0; n < length; n++) {
        const entry = scales[k]! * table[((2 * n + 1) * k) % (4 * length)]!
        expect(entry).toBeCloseTo(matrix[k * length + n]!, 6)
      }
    }
  })
})
