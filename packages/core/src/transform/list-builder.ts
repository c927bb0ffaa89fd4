// Writes op lists: numbers rows and collects operations.

import type { Operation } from './oplist.js'

/** The matrix of a sum and a difference that keeps lengths, row-major. */
export const BUTTERFLY: readonly number[] = [Math.SQRT1_2, Math.SQRT1_2, Math.SQRT1_2, -Math.SQRT1_2]

/** Inputs of a dense matrix that are used together: as many as registers hold beside a sum and a constant. */
const DENSE_BLOCK = 12

export class ListBuilder {
  rows = 0
  readonly operations: Operation[] = []

  newRows(count: number): number[] {
    return Array.from({ length: count }, () => this.rows++)
  }

  /** Rows `matrix * inputs`; the matrix is row-major. */
  apply(inputs: readonly number[], matrix: readonly number[]): number[] {
    const outputs = this.newRows(matrix.length / inputs.length)
    this.operations.push({ inputs, outputs, matrix })
    return outputs
  }

  /** {@link apply} for a wide matrix: products with blocks of its columns, which are then added up. */
  dense(inputs: readonly number[], matrix: readonly number[]): number[] {
    const width = inputs.length
    if (width <= DENSE_BLOCK) return this.apply(inputs, matrix)
    const size = Math.ceil(width / Math.ceil(width / DENSE_BLOCK))
    const blocks: number[][] = []
    for (let first = 0; first < width; first += size) {
      const columns = matrix.filter((_, at) => at % width >= first && at % width < first + size)
      blocks.push(this.apply(inputs.slice(first, first + size), columns))
    }
    const sum = blocks.map(() => 1)
    return blocks[0]!.map(
      (_, i) =>
        this.apply(
          blocks.map((block) => block[i]!),
          sum,
        )[0]!,
    )
  }

  /** {@link apply} with a 2 x 2 matrix. */
  pair(first: number, second: number, matrix: readonly number[]): [number, number] {
    const [a, b] = this.apply([first, second], matrix)
    return [a!, b!]
  }

  /** A row times 1 or -1. */
  signed(row: number, sign: number): number {
    return sign === 1 ? row : this.apply([row], [sign])[0]!
  }
}
