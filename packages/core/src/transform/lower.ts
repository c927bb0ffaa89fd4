// An op list as straight-line code over single values, with few multiplications: a row is a value times a scale, and
// scales are carried along until a multiplication is needed anyway, in the end at the outputs. What the values are
// stored in, and in which order they are computed, is decided elsewhere.

import { isUnit, LinearForm, rounded, same } from './linear-form.js'
import type { Operation, OpList } from './oplist.js'

/** `value[target] = sum_j coefficients[j] * value[sources[j]]`. The first coefficient is 1 if any is, else positive if any is. */
export interface Instruction {
  readonly target: number
  readonly sources: readonly number[]
  readonly coefficients: readonly number[]
}

/** `scale * value`. */
export interface ScaledValue {
  readonly value: number
  readonly scale: number
}

/** Values `0 .. inputs-1` are the inputs; an output of `undefined` is zero. */
export interface LinearCode {
  readonly inputs: number
  readonly values: number
  readonly groups: readonly (readonly Instruction[])[]
  readonly outputs: readonly (ScaledValue | undefined)[]
}

/** Per application to one vector. */
export interface FlopCount {
  readonly additions: number
  readonly multiplications: number
}

/** Lowers the operations, given in groups that together are the list's operations in an order of execution. */
export function lower(
  list: OpList,
  groups: readonly (readonly Operation[])[] = [list.operations],
): LinearCode {
  const lowering = new Lowering(list)
  const lowered = groups.map((operations) => {
    const instructions: Instruction[] = []
    for (const operation of operations) lowering.lower(operation, instructions)
    return instructions
  })
  return {
    inputs: list.inputs.length,
    values: lowering.values,
    groups: lowered,
    outputs: list.outputs.map((row) => lowering.valueOf(row)),
  }
}

/** Exact count for the list as it is executed, the final scaling of every output included. */
export function countFlops(list: OpList): FlopCount {
  return countCodeFlops(lower(list))
}

/** As {@link countFlops}, for code already lowered. */
export function countCodeFlops(code: LinearCode): FlopCount {
  let additions = 0
  let multiplications = 0
  for (const output of code.outputs) if (output !== undefined) multiplications++
  for (const group of code.groups) {
    for (const { coefficients } of group) {
      additions += coefficients.length - 1
      for (const coefficient of coefficients) if (!isUnit(coefficient)) multiplications++
    }
  }
  return { additions, multiplications }
}

/** What a row holds that is zero. */
const NOTHING = -1

class Lowering {
  values = 0
  /** What each row holds: a value, or {@link NOTHING}, and its scale. */
  readonly #values: Int32Array
  readonly #scales: Float64Array
  /**
   * The scale that each row would have if no row had been zero or unused. Steering every row back to it, where scales
   * do not agree, lets rows meet with equal scales later on.
   */
  readonly #usualScale: Float64Array
  /** Rows whose scale costs nothing: outputs, and rows that are multiplied by something anyway. */
  readonly #free: Uint8Array
  readonly #form: LinearForm
  /** The multiples that the outputs of a butterfly share. */
  readonly #multiples = new Map<number, ScaledValue>()

  constructor(list: OpList) {
    this.#free = new Uint8Array(list.rows)
    for (const row of list.outputs) this.#free[row] = 1
    let mostValues = list.inputs.length
    for (const { inputs, outputs, matrix } of list.operations) {
      mostValues += inputs.length + outputs.length
      if (inputs.length === 1 || isButterfly(matrix)) continue
      for (const row of inputs) this.#free[row] = 1
    }
    this.#form = new LinearForm(mostValues)
    this.#values = new Int32Array(list.rows).fill(NOTHING)
    this.#scales = new Float64Array(list.rows)
    this.#usualScale = new Float64Array(list.rows)
    for (const row of list.inputs) {
      this.#hold(row, this.values++, 1)
      this.#usualScale[row] = 1
    }
  }

  valueOf(row: number): ScaledValue | undefined {
    const value = this.#values[row]!
    return value === NOTHING ? undefined : { value, scale: this.#scales[row]! }
  }

  /** Appends an operation's instructions. */
  lower({ inputs, outputs, matrix }: Operation, instructions: Instruction[]): void {
    let before = Number.POSITIVE_INFINITY
    for (const row of inputs) {
      if (this.#values[row] !== NOTHING) before = Math.min(before, this.#usualScale[row]!)
    }
    if (before === Number.POSITIVE_INFINITY) return
    const form = this.#form
    const butterfly = isButterfly(matrix)
    const usual = butterfly ? before * Math.abs(matrix[0]!) : before
    const shared = butterfly && outputs.length > 1
    if (this.#multiples.size > 0) this.#multiples.clear()
    // The outputs of a butterfly have one scale, so that they share their multiplications.
    const allFree = butterfly && outputs.every((row) => this.#free[row] === 1)
    for (let i = 0; i < outputs.length; i++) {
      const row = outputs[i]!
      this.#usualScale[row] = usual
      this.#collect(inputs, matrix, i * inputs.length)
      if (form.length <= 1) {
        if (form.length === 1) this.#hold(row, form.values[0]!, form.scales[0]!)
        continue
      }
      const free = butterfly ? allFree : this.#free[row] === 1
      const scale = free || form.hasOneMagnitude() ? form.largestMagnitude() : usual
      for (let at = 0; at < form.length; at++) {
        form.scales[at] = rounded(form.scales[at]! / scale)
        if (shared) this.#shareMultiple(at, instructions)
      }
      const sign = this.#cheaperSign()
      if (sign === -1) form.negate()
      form.order()
      const target = this.values++
      const sources = form.values.slice(0, form.length)
      instructions.push({ target, sources, coefficients: form.scales.slice(0, form.length) })
      this.#hold(row, target, sign * scale)
    }
  }

  #hold(row: number, value: number, scale: number): void {
    this.#values[row] = value
    this.#scales[row] = scale
  }

  /** One output of an operation as a sum of scaled values, none zero. */
  #collect(inputs: readonly number[], matrix: readonly number[], start: number): void {
    const form = this.#form
    form.clear()
    for (let j = 0; j < inputs.length; j++) {
      const value = this.#values[inputs[j]!]!
      if (value !== NOTHING) form.add(value, matrix[start + j]! * this.#scales[inputs[j]!]!)
    }
    form.dropZeros()
  }

  /** Both outputs of a butterfly need the same multiple of an input: it is computed once. */
  #shareMultiple(at: number, instructions: Instruction[]): void {
    const form = this.#form
    const value = form.values[at]!
    const scale = form.scales[at]!
    if (isUnit(scale)) return
    const magnitude = Math.abs(scale)
    const known = this.#multiples.get(value)
    if (known !== undefined && known.scale !== magnitude) return
    const multiple = known?.value ?? this.values++
    if (known === undefined) {
      this.#multiples.set(value, { value: multiple, scale: magnitude })
      instructions.push({ target: multiple, sources: [value], coefficients: [magnitude] })
    }
    form.values[at] = multiple
    form.scales[at] = Math.sign(scale)
  }

  /** -1 where that turns a subtracted value into a bare first one. */
  #cheaperSign(): 1 | -1 {
    const { scales, length } = this.#form
    let negative = false
    for (let at = 0; at < length; at++) {
      if (scales[at] === 1) return 1
      if (scales[at] === -1) negative = true
    }
    return negative ? -1 : 1
  }
}

/** All entries are equal but for the sign: no multiplication where the inputs have equal scales. */
function isButterfly(matrix: readonly number[]): boolean {
  const first = Math.abs(matrix[0]!)
  for (let at = 1; at < matrix.length; at++) if (!same(first, Math.abs(matrix[at]!))) return false
  return true
}
