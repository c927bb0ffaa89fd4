// Writes op lists: numbers rows and collects operations.

import type { Operation, OpList } from './oplist.js'

/** The matrix of a sum and a difference that keeps lengths, row-major. */
export const BUTTERFLY: readonly number[] = [Math.SQRT1_2, Math.SQRT1_2, Math.SQRT1_2, -Math.SQRT1_2]

/** Inputs of a dense matrix that are used together: as many as registers hold beside a sum and a constant. */
const DENSE_BLOCK = 12

export class ListBuilder {
  rows = 0
  readonly operations: Operation[] = []

  newRows(count: number): number[] {
    const rows = new Array<number>(count)
    for (let i = 0; i < count; i++) rows[i] = this.rows++
    return rows
  }

  /** Rows `matrix * inputs`; the matrix is row-major. */
  apply(inputs: readonly number[], matrix: readonly number[]): number[] {
    const outputs = this.newRows(matrix.length / inputs.length)
    this.operations.push({ inputs, outputs, matrix })
    return outputs
  }

  /**
   * The wanted rows of a dense matrix times the inputs; a wide matrix works on blocks of its columns, whose products are
   * then added up. An unwanted row is never written.
   */
  dense(
    inputs: readonly number[],
    wanted: readonly boolean[],
    entry: (output: number, input: number) => number,
  ): number[] {
    const width = inputs.length
    const size = Math.ceil(width / Math.ceil(width / DENSE_BLOCK))
    const outputs = [...wanted.keys()].filter((output) => wanted[output])
    const rows = this.newRows(wanted.length)
    if (outputs.length === 0) return rows
    const blocks: number[][] = []
    for (let first = 0; first < width; first += size) {
      const columns = inputs.slice(first, first + size)
      const matrix = outputs.flatMap((output) => columns.map((_, j) => entry(output, first + j)))
      blocks.push(this.apply(columns, matrix))
    }
    const sum = blocks.map(() => 1)
    outputs.forEach((output, i) => {
      const products = blocks.map((block) => block[i]!)
      rows[output] = products.length === 1 ? products[0]! : this.apply(products, sum)[0]!
    })
    return rows
  }

  /** {@link apply} with a 2 x 2 matrix. */
  pair(first: number, second: number, matrix: readonly number[]): [number, number] {
    const outputs: [number, number] = [this.rows++, this.rows++]
    this.operations.push({ inputs: [first, second], outputs, matrix })
    return outputs
  }

  /** Applies a whole list to rows of this one. @returns its outputs */
  include(list: OpList, inputs: readonly number[]): number[] {
    const first = this.rows
    this.rows += list.rows
    const renamed = new Map(list.inputs.map((row, i) => [row, inputs[i]!]))
    const rename = (row: number) => renamed.get(row) ?? first + row
    for (const operation of list.operations) {
      this.operations.push({
        inputs: operation.inputs.map(rename),
        outputs: operation.outputs.map(rename),
        matrix: operation.matrix,
      })
    }
    return list.outputs.map(rename)
  }

  /** A row times 1 or -1. */
  signed(row: number, sign: number): number {
    return sign === 1 ? row : this.apply([row], [sign])[0]!
  }
}
