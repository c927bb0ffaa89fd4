// A linear map as a list of loops over rows of memory: the form of transforms too long for straight-line code. It can be
// transposed and interpreted like an op list. Making such a list is left to `factor-looped.ts`, running it fast to
// `looped.ts`.

import { evaluate, type OpList, transpose } from './oplist.js'

/** Row `start + i * step` at iteration i. */
export interface Rows {
  readonly start: number
  readonly step: number
}

/** `output[i] = factor * input[i]`. */
export interface ScalePass {
  readonly kind: 'scale'
  readonly count: number
  readonly input: Rows
  readonly output: Rows
  readonly factor: number
}

/** `(output0[i], output1[i]) = M_i (input0[i], input1[i])`, 2 x 2 matrices. */
export interface PairPass {
  readonly kind: 'pairs'
  readonly count: number
  readonly inputs: readonly [Rows, Rows]
  readonly outputs: readonly [Rows, Rows]
  readonly matrices: PairMatrices
}

/** Row-major 2 x 2 matrices: one for all iterations, or one for each. */
export interface PairMatrices {
  readonly entries: Float64Array
  readonly each: boolean
}

/** A short transform on consecutive rows, from row `input` to row `output`. */
export interface CodeletPass {
  readonly kind: 'codelet'
  readonly list: OpList
  readonly input: number
  readonly output: number
}

/** Consecutive rows, each with a whole number: row `start + i` has `factor.start + i * factor.step`. */
export interface FactorRows {
  readonly start: number
  readonly count: number
  readonly factor: Rows
}

/**
 * A dense matrix of cosines:
 * `output[i] = sum_j table[(factor of output i) * (factor of input j) mod table.length] * input[j]`.
 * First factors are 0 or 1; all are below the table's length divided by the other side's step.
 */
export interface CosinePass {
  readonly kind: 'cosines'
  readonly table: Float64Array
  readonly input: FactorRows
  readonly output: FactorRows
}

export type Pass = ScalePass | PairPass | CodeletPass | CosinePass

/** Consecutive rows, of which only the first `used` ones are given or wanted: the others are zero, or ignored. */
export interface Port {
  readonly start: number
  readonly length: number
  readonly used: number
}

/** Every written row is read at most once before it is written again: so the transposed list exists. */
export interface PassList {
  /** Row numbers are below this. */
  readonly rows: number
  readonly input: Port
  readonly output: Port
  readonly passes: readonly Pass[]
}

/** The transposed map: every pass transposed, in reverse order, input and output exchanged. */
export function transposePasses(list: PassList): PassList {
  // Passes share tables and codelets; so do the transposed ones.
  const shared = { matrices: memoize(transposeMatrices), codelet: memoize(transpose) }
  const passes = list.passes.map((pass) => transposePass(pass, shared)).reverse()
  return { rows: list.rows, input: list.output, output: list.input, passes }
}

interface SharedParts {
  matrices(matrices: PairMatrices): PairMatrices
  codelet(list: OpList): OpList
}

function transposePass(pass: Pass, shared: SharedParts): Pass {
  switch (pass.kind) {
    case 'scale':
      return { ...pass, input: pass.output, output: pass.input }
    case 'pairs':
      return { ...pass, inputs: pass.outputs, outputs: pass.inputs, matrices: shared.matrices(pass.matrices) }
    case 'codelet':
      return { ...pass, list: shared.codelet(pass.list), input: pass.output, output: pass.input }
    case 'cosines':
      return { ...pass, input: pass.output, output: pass.input }
  }
}

function transposeMatrices({ entries, each }: PairMatrices): PairMatrices {
  const transposed = entries.slice()
  for (let at = 0; at < entries.length; at += 4) {
    transposed[at + 1] = entries[at + 2]!
    transposed[at + 2] = entries[at + 1]!
  }
  return { entries: transposed, each }
}

function memoize<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const made = new Map<K, V>()
  return (key) => {
    const known = made.get(key)
    if (known !== undefined) return known
    const value = make(key)
    made.set(key, value)
    return value
  }
}

/** Applies the map in float64: `x: [input.used]` to `[output.used]`. */
export function evaluatePasses(list: PassList, x: Float64Array): Float64Array {
  const rows = new Float64Array(list.rows)
  rows.set(x, list.input.start)
  for (const pass of list.passes) evaluatePass(pass, rows)
  return rows.slice(list.output.start, list.output.start + list.output.used)
}

function evaluatePass(pass: Pass, rows: Float64Array): void {
  const at = ({ start, step }: Rows, i: number) => start + i * step
  switch (pass.kind) {
    case 'scale':
      for (let i = 0; i < pass.count; i++) rows[at(pass.output, i)] = pass.factor * rows[at(pass.input, i)]!
      return
    case 'pairs':
      for (let i = 0; i < pass.count; i++) {
        const [a, b] = [rows[at(pass.inputs[0], i)]!, rows[at(pass.inputs[1], i)]!]
        const { entries, each } = pass.matrices
        const m = each ? 4 * i : 0
        rows[at(pass.outputs[0], i)] = entries[m]! * a + entries[m + 1]! * b
        rows[at(pass.outputs[1], i)] = entries[m + 2]! * a + entries[m + 3]! * b
      }
      return
    case 'codelet': {
      const input = rows.subarray(pass.input, pass.input + pass.list.inputs.length)
      rows.set(evaluate(pass.list, input), pass.output)
      return
    }
    case 'cosines':
      for (let i = 0; i < pass.output.count; i++) {
        let sum = 0
        for (let j = 0; j < pass.input.count; j++) {
          const index = at(pass.output.factor, i) * at(pass.input.factor, j)
          sum += pass.table[index % pass.table.length]! * rows[pass.input.start + j]!
        }
        rows[pass.output.start + i] = sum
      }
  }
}
