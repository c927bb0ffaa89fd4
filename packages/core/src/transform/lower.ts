// An op list as straight-line code over single values, with few multiplications: a row is a value times a scale, and
// scales are carried along until a multiplication is needed anyway, in the end at the outputs. What the values are
// stored in, and in which order they are computed, is decided elsewhere.

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

/** Relative size below which a coefficient is the rounding error of an exact zero, or of an exact equality. */
const ROUNDING = 1e-12

const same = (a: number, b: number) => Math.abs(a - b) <= ROUNDING * Math.abs(a)
const sameMagnitude = (a: ScaledValue, b: ScaledValue) => same(Math.abs(a.scale), Math.abs(b.scale))
/** No multiplication is needed. */
export const isUnit = (coefficient: number) => Math.abs(coefficient) === 1

/** Lowers the operations, given in groups that together are the list's operations in an order of execution. */
export function lower(
  list: OpList,
  groups: readonly (readonly Operation[])[] = [list.operations],
): LinearCode {
  const lowering = new Lowering(list)
  const lowered = groups.map((operations) => operations.flatMap((operation) => lowering.lower(operation)))
  return {
    inputs: list.inputs.length,
    values: lowering.values,
    groups: lowered,
    outputs: list.outputs.map((row) => lowering.rows[row]),
  }
}

/** Exact count for the list as it is executed, the final scaling of every output included. */
export function countFlops(list: OpList): FlopCount {
  return countCodeFlops(lower(list))
}

/** As {@link countFlops}, for code already lowered. */
export function countCodeFlops(code: LinearCode): FlopCount {
  let additions = 0
  let multiplications = code.outputs.filter((output) => output !== undefined).length
  for (const { coefficients } of code.groups.flat()) {
    additions += coefficients.length - 1
    multiplications += coefficients.filter((coefficient) => !isUnit(coefficient)).length
  }
  return { additions, multiplications }
}

class Lowering {
  /** What each row holds; undefined: zero. */
  readonly rows: (ScaledValue | undefined)[]
  values = 0
  /**
   * The scale that each row would have if no row had been zero or unused. Steering every row back to it, where scales
   * do not agree, lets rows meet with equal scales later on.
   */
  readonly #usualScale: Float64Array

  /** Rows whose scale costs nothing: outputs, and rows that are multiplied by something anyway. */
  readonly #free: Uint8Array

  constructor(list: OpList) {
    this.#free = new Uint8Array(list.rows)
    for (const row of list.outputs) this.#free[row] = 1
    for (const { inputs, matrix } of list.operations) {
      if (inputs.length === 1 || isButterfly(matrix)) continue
      for (const row of inputs) this.#free[row] = 1
    }
    this.rows = new Array<ScaledValue | undefined>(list.rows)
    this.#usualScale = new Float64Array(list.rows)
    for (const row of list.inputs) {
      this.rows[row] = { value: this.values++, scale: 1 }
      this.#usualScale[row] = 1
    }
  }

  lower({ inputs, outputs, matrix }: Operation): Instruction[] {
    const instructions: Instruction[] = []
    const present = inputs.filter((row) => this.rows[row] !== undefined)
    if (present.length === 0) return instructions
    const butterfly = isButterfly(matrix)
    const before = Math.min(...present.map((row) => this.#usualScale[row]!))
    const usual = butterfly ? before * Math.abs(matrix[0]!) : before
    const multiply = butterfly && outputs.length > 1 ? this.#sharedMultiplier(instructions) : inPlace
    // The outputs of a butterfly have one scale, so that they share their multiplications.
    const allFree = outputs.every((row) => this.#free[row] === 1)
    outputs.forEach((row, i) => {
      this.#usualScale[row] = usual
      const form = this.#linearForm(inputs, matrix, i * inputs.length)
      if (form.length <= 1) {
        this.rows[row] = form[0]
        return
      }
      const equal = form.every((term) => sameMagnitude(term, form[0]!))
      const free = butterfly ? allFree : this.#free[row] === 1
      const scale = equal || free ? largest(form) : usual
      const terms = form.map((term) => multiply({ value: term.value, scale: rounded(term.scale / scale) }))
      const negative = terms.every((term) => term.scale !== 1) && terms.some((term) => term.scale === -1)
      const sign = negative ? -1 : 1
      const target = this.values++
      instructions.push(instruction(target, terms, sign))
      this.rows[row] = { value: target, scale: sign * scale }
    })
    return instructions
  }

  /** One output of an operation as a sum of scaled values, each value once, none zero. */
  #linearForm(inputs: readonly number[], matrix: readonly number[], start: number): ScaledValue[] {
    const scales = new Map<number, number>()
    let greatest = 0
    inputs.forEach((row, j) => {
      const term = this.rows[row]
      if (term === undefined) return
      const scale = matrix[start + j]! * term.scale
      greatest = Math.max(greatest, Math.abs(scale))
      scales.set(term.value, (scales.get(term.value) ?? 0) + scale)
    })
    const form = [...scales].map(([value, scale]) => ({ value, scale }))
    return form.filter((term) => Math.abs(term.scale) > ROUNDING * greatest)
  }

  /** Both outputs of a butterfly need the same multiple of an input: it is computed once. */
  #sharedMultiplier(instructions: Instruction[]): (term: ScaledValue) => ScaledValue {
    const multiples = new Map<number, ScaledValue>()
    return (term) => {
      if (isUnit(term.scale)) return term
      const magnitude = Math.abs(term.scale)
      const known = multiples.get(term.value)
      if (known !== undefined && known.scale !== magnitude) return term
      const multiple = known?.value ?? this.values++
      if (known === undefined) {
        multiples.set(term.value, { value: multiple, scale: magnitude })
        instructions.push({ target: multiple, sources: [term.value], coefficients: [magnitude] })
      }
      return { value: multiple, scale: Math.sign(term.scale) }
    }
  }
}

/** All entries are equal but for the sign: no multiplication where the inputs have equal scales. */
function isButterfly(matrix: readonly number[]): boolean {
  return matrix.every((entry) => same(Math.abs(matrix[0]!), Math.abs(entry)))
}

const largest = (form: readonly ScaledValue[]) => Math.max(...form.map((term) => Math.abs(term.scale)))

const inPlace = (term: ScaledValue) => term

/** Makes a coefficient that is 1 or -1 up to rounding exactly so. */
function rounded(coefficient: number): number {
  return same(Math.abs(coefficient), 1) ? Math.sign(coefficient) : coefficient
}

/** Terms in the order that costs least: a bare value first, then what is added, then what is subtracted. */
function instruction(target: number, terms: readonly ScaledValue[], sign: number): Instruction {
  const signed = terms.map((term) => ({ value: term.value, scale: sign * term.scale }))
  const rank = ({ scale }: ScaledValue) => (scale === 1 ? 2 : scale > 0 ? 1 : 0)
  signed.sort((a, b) => rank(b) - rank(a))
  return {
    target,
    sources: signed.map((term) => term.value),
    coefficients: signed.map((term) => term.scale),
  }
}
