// A transform on rows of numbers in float64: the op list of `factorDct`, each of its numbered rows a row of positions.
// Rows that are not needed any more give their memory to later ones, so that what is worked on stays in the cache. A long
// list has a hundred thousand operations, so all of them lie in a few arrays.

import type { OpList } from 'dctps/internal/transform/oplist'

export class RowTransform {
  readonly #inputs: Int32Array
  readonly #outputs: Int32Array
  /** Inputs and outputs of each operation, `[2 * operations]`. */
  readonly #sizes: Int32Array
  /** Where each operation reads, one after the other, and where it writes. */
  readonly #sources: Int32Array
  readonly #targets: Int32Array
  /** Row-major `[outputs][inputs]` of each operation, one after the other. */
  readonly #entries: Float64Array
  readonly #places: number
  #memory = new Float64Array(0)

  constructor(list: OpList) {
    const { operations } = list
    const places = new Places(list)
    this.#inputs = Int32Array.from(list.inputs, (row) => places.take(row))
    const sources: number[] = []
    const targets: number[] = []
    const entries: number[] = []
    for (const { inputs, outputs, matrix } of operations) {
      for (const row of inputs) sources.push(places.find(row))
      // Outputs get their places before those of the inputs are free, so none lies where an input still does.
      for (const row of outputs) targets.push(places.take(row))
      for (const row of inputs) places.free(row)
      for (const entry of matrix) entries.push(entry)
    }
    this.#sizes = Int32Array.from(
      operations.flatMap(({ inputs, outputs }) => [inputs.length, outputs.length]),
    )
    this.#sources = Int32Array.from(sources)
    this.#targets = Int32Array.from(targets)
    this.#entries = Float64Array.from(entries)
    this.#outputs = Int32Array.from(list.outputs, (row) => places.find(row))
    this.#places = places.count
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
    this.#run(memory, width)
    this.#outputs.forEach((place, i) => {
      const from = place * width
      const to = i * width
      for (let p = 0; p < width; p++) y[to + p]! += factor * memory[from + p]!
    })
  }

  #run(memory: Float64Array, width: number): void {
    const [sizes, sources, targets, entries] = [this.#sizes, this.#sources, this.#targets, this.#entries]
    let [source, target, entry] = [0, 0, 0]
    for (let i = 0; i < sizes.length; i += 2) {
      const inputs = sizes[i]!
      const outputs = sizes[i + 1]!
      if (inputs === 2 && outputs === 2)
        rotate(memory, sources, source, targets, target, entries, entry, width)
      else {
        for (let output = 0; output < outputs; output++) {
          const to = targets[target + output]! * width
          combine(memory, sources, source, inputs, entries, entry + output * inputs, to, width)
        }
      }
      source += inputs
      target += outputs
      entry += inputs * outputs
    }
  }
}

/** The place of rows that are never written. */
const ZERO = 0

/** Gives every row of a list a place for as long as it is needed. */
class Places {
  /** Places used at most. */
  count = 1
  readonly #free: number[] = []
  readonly #placeOf: Int32Array
  readonly #isOutput: Uint8Array

  constructor({ rows, outputs }: OpList) {
    this.#placeOf = new Int32Array(rows).fill(ZERO)
    this.#isOutput = new Uint8Array(rows)
    for (const row of outputs) this.#isOutput[row] = 1
  }

  take(row: number): number {
    const place = this.#free.pop() ?? this.count++
    this.#placeOf[row] = place
    return place
  }

  find(row: number): number {
    return this.#placeOf[row]!
  }

  /** The row has been read, and no row is read twice. */
  free(row: number): void {
    const place = this.find(row)
    if (place !== ZERO && this.#isOutput[row] === 0) this.#free.push(place)
  }
}

/** Two rows to two rows: most of a transform. */
function rotate(
  memory: Float64Array,
  sources: Int32Array,
  source: number,
  targets: Int32Array,
  target: number,
  entries: Float64Array,
  entry: number,
  width: number,
): void {
  const m00 = entries[entry]!
  const m01 = entries[entry + 1]!
  const m10 = entries[entry + 2]!
  const m11 = entries[entry + 3]!
  const a = sources[source]! * width
  const b = sources[source + 1]! * width
  const c = targets[target]! * width
  const d = targets[target + 1]! * width
  for (let p = 0; p < width; p++) {
    const first = memory[a + p]!
    const second = memory[b + p]!
    memory[c + p] = m00 * first + m01 * second
    memory[d + p] = m10 * first + m11 * second
  }
}

/** Any number of rows to one. */
function combine(
  memory: Float64Array,
  sources: Int32Array,
  source: number,
  inputs: number,
  entries: Float64Array,
  entry: number,
  to: number,
  width: number,
): void {
  memory.fill(0, to, to + width)
  for (let j = 0; j < inputs; j++) {
    const factor = entries[entry + j]!
    const from = sources[source + j]! * width
    for (let p = 0; p < width; p++) memory[to + p]! += factor * memory[from + p]!
  }
}
