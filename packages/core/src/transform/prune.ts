// Removes what a layer does not use from a factored transform: rows that are zero because the input is zero-padded
// (constant folding, forwards) and rows that no wanted output depends on (dead code, backwards).

import type { Operation, OpList } from './oplist.js'

/** The list restricted to the given input rows (all other inputs are zero) and output rows. */
export function prune(list: OpList, inputs: readonly number[], outputs: readonly number[]): OpList {
  const written = new RowSet(list.rows, inputs)
  const reached: Operation[] = []
  for (const operation of list.operations) {
    const kept = written.hasAll(operation.inputs) ? operation : keepInputs(operation, written)
    if (kept.inputs.length === 0) continue
    written.add(kept.outputs)
    reached.push(kept)
  }
  const wanted = new RowSet(list.rows, outputs)
  const needed: Operation[] = []
  for (const operation of reached.reverse()) {
    const kept = wanted.hasAll(operation.outputs) ? operation : keepOutputs(operation, wanted)
    if (kept.outputs.length === 0) continue
    wanted.add(kept.inputs)
    needed.push(kept)
  }
  return { rows: list.rows, inputs, outputs, operations: needed.reverse() }
}

class RowSet {
  readonly #members: Uint8Array

  constructor(rows: number, members: readonly number[]) {
    this.#members = new Uint8Array(rows)
    this.add(members)
  }

  has(row: number): boolean {
    return this.#members[row] === 1
  }

  hasAll(rows: readonly number[]): boolean {
    for (let i = 0; i < rows.length; i++) if (!this.has(rows[i]!)) return false
    return true
  }

  add(rows: readonly number[]): void {
    for (let i = 0; i < rows.length; i++) this.#members[rows[i]!] = 1
  }
}

function keepInputs({ inputs, outputs, matrix }: Operation, rows: RowSet): Operation {
  return {
    inputs: inputs.filter((row) => rows.has(row)),
    outputs,
    matrix: matrix.filter((_, at) => rows.has(inputs[at % inputs.length]!)),
  }
}

function keepOutputs({ inputs, outputs, matrix }: Operation, rows: RowSet): Operation {
  return {
    inputs,
    outputs: outputs.filter((row) => rows.has(row)),
    matrix: matrix.filter((_, at) => rows.has(outputs[Math.floor(at / inputs.length)]!)),
  }
}
