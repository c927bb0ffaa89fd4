// The float32 constants of emitted code: it reads them from memory, where a broadcasting load costs less than an
// immediate, and where a new alpha is a table write instead of a new module.

import { FLOAT } from './tile-geometry.js'

/** Where emitted code finds a number: its byte offset from the address of a table. */
export interface FloatTable {
  offset(value: number): number
}

/** Constants in the order of their first use, each once up to float32. */
export class ConstantTable implements FloatTable {
  readonly #offsets = new Map<number, number>()
  readonly #values: number[] = []

  /** Byte offset of a constant in the table. */
  offset(constant: number): number {
    const key = Math.fround(constant)
    const known = this.#offsets.get(key)
    if (known !== undefined) return known
    const offset = this.#values.push(constant) * FLOAT - FLOAT
    this.#offsets.set(key, offset)
    return offset
  }

  /** Appends an array as it is; returns its byte offset. */
  append(constants: Float64Array): number {
    const offset = this.#values.length * FLOAT
    for (const constant of constants) this.#values.push(constant)
    return offset
  }

  values(): Float64Array {
    return Float64Array.from(this.#values)
  }
}

/** One scale for every output row; rows of equal scale all read the entry of the first one. */
export class ScaleTable implements FloatTable {
  readonly #firstRow = new Map<number, number>()

  constructor(readonly scales: Float64Array) {
    scales.forEach((scale, row) => {
      const key = Math.fround(scale)
      if (!this.#firstRow.has(key)) this.#firstRow.set(key, row)
    })
  }

  offset(scale: number): number {
    const row = this.#firstRow.get(Math.fround(scale))
    if (row === undefined) throw new RangeError(`no output row has the scale ${scale}`)
    return row * FLOAT
  }
}
