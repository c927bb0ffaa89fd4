// A transform on rows of numbers in float64: the op list of `factorDct`, each of its numbered rows a row of positions.
// Rows that are not needed any more give their memory to later ones, so that what is worked on stays in the cache.

import type { Operation, OpList } from 'dctps/internal/transform/oplist'

/** An operation on places in the memory of rows. */
interface RowOperation {
  readonly inputs: Int32Array
  readonly outputs: Int32Array
  /** Row-major `[outputs][inputs]`. */
  readonly matrix: Float64Array
}

export class RowTransform {
  /** For one position. */
  readonly multiplyAdds: number
  readonly #inputs: Int32Array
  readonly #outputs: Int32Array
  readonly #operations: readonly RowOperation[]
  readonly #places: number
  #memory = new Float64Array(0)

  constructor(list: OpList) {
    const places = new Places(list)
    this.#inputs = places.take(list.inputs)
    this.#operations = list.operations.map((operation) => places.apply(operation))
    this.#outputs = places.find(list.outputs)
    this.#places = places.count
    this.multiplyAdds = list.operations.reduce((sum, { matrix }) => sum + matrix.length, 0)
  }

  /**
   * Adds `factor` times the transform of `x` to `y`.
   * @param x `[inputs][width]`
   * @param y `[outputs][width]`
   */
  addTo(x: Float64Array, y: Float64Array, width: number, factor: number): void {
    if (this.#memory.length < this.#places * width) this.#memory = new Float64Array(this.#places * width)
    const memory = this.#memory
    memory.fill(0, ZERO * width, (ZERO + 1) * width)
    this.#inputs.forEach((place, j) => {
      memory.set(x.subarray(j * width, (j + 1) * width), place * width)
    })
    for (const operation of this.#operations) {
      if (operation.inputs.length === 2 && operation.outputs.length === 2) rotate(memory, operation, width)
      else combine(memory, operation, width)
    }
    this.#outputs.forEach((place, i) => {
      const from = place * width
      const to = i * width
      for (let p = 0; p < width; p++) y[to + p]! += factor * memory[from + p]!
    })
  }
}

/** The place of rows that are never written. */
const ZERO = 0

/** Gives every row of a list a place for as long as it is needed. */
class Places {
  /** Places used at most. */
  count = 1
  readonly #free: number[] = []
  readonly #placeOf = new Map<number, number>()
  readonly #kept: ReadonlySet<number>

  constructor({ outputs }: OpList) {
    this.#kept = new Set(outputs)
  }

  take(rows: readonly number[]): Int32Array {
    return Int32Array.from(rows, (row) => {
      const place = this.#free.pop() ?? this.count++
      this.#placeOf.set(row, place)
      return place
    })
  }

  find(rows: readonly number[]): Int32Array {
    return Int32Array.from(rows, (row) => this.#placeOf.get(row) ?? ZERO)
  }

  /** No row is read twice, so inputs are free afterwards; outputs never lie where an input still does. */
  apply({ inputs, outputs, matrix }: Operation): RowOperation {
    const from = this.find(inputs)
    const to = this.take(outputs)
    inputs.forEach((row, j) => {
      if (!this.#kept.has(row) && from[j] !== ZERO) this.#free.push(from[j]!)
    })
    return { inputs: from, outputs: to, matrix: Float64Array.from(matrix) }
  }
}

/** Two rows to two rows: most of a transform. */
function rotate(memory: Float64Array, { inputs, outputs, matrix }: RowOperation, width: number): void {
  const m00 = matrix[0]!
  const m01 = matrix[1]!
  const m10 = matrix[2]!
  const m11 = matrix[3]!
  const a = inputs[0]! * width
  const b = inputs[1]! * width
  const c = outputs[0]! * width
  const d = outputs[1]! * width
  for (let p = 0; p < width; p++) {
    const first = memory[a + p]!
    const second = memory[b + p]!
    memory[c + p] = m00 * first + m01 * second
    memory[d + p] = m10 * first + m11 * second
  }
}

function combine(memory: Float64Array, { inputs, outputs, matrix }: RowOperation, width: number): void {
  const terms = inputs.length
  for (let i = 0; i < outputs.length; i++) {
    const to = outputs[i]! * width
    memory.fill(0, to, to + width)
    for (let j = 0; j < terms; j++) {
      const entry = matrix[i * terms + j]!
      const from = inputs[j]! * width
      for (let p = 0; p < width; p++) memory[to + p]! += entry * memory[from + p]!
    }
  }
}
