// The float32 constants of emitted code: it reads them from memory, where a load costs less than an immediate, and where a
// new alpha is a table write instead of a new module. A constant takes a whole vector, four copies: V8 has no addressing
// mode for a broadcasting load at a constant offset, so that it computes each address outside of the loop over the lanes, runs out
// of registers for them, and loads the address before it loads the constant.

import { FLOAT, VECTOR_LANES } from './tile-geometry.js'

/** Where emitted code finds four copies of a number: their byte offset from the address of a table. */
export interface VectorTable {
  offset(value: number): number
}

/** Constants in the order of their first use, each once up to float32. */
export class ConstantTable implements VectorTable {
  readonly #offsets = new Map<number, number>()
  readonly #values: number[] = []

  /** Byte offset of four copies of a constant in the table. */
  offset(constant: number): number {
    const key = Math.fround(constant)
    const known = this.#offsets.get(key)
    if (known !== undefined) return known
    const offset = this.#values.length * FLOAT
    for (let copy = 0; copy < VECTOR_LANES; copy++) this.#values.push(constant)
    this.#offsets.set(key, offset)
    return offset
  }

  /** Appends an array as it is, and zeros up to a whole vector; returns its byte offset. */
  append(constants: Float64Array): number {
    const offset = this.#values.length * FLOAT
    for (const constant of constants) this.#values.push(constant)
    while (this.#values.length % VECTOR_LANES !== 0) this.#values.push(0)
    return offset
  }

  values(): Float64Array {
    return Float64Array.from(this.#values)
  }
}
