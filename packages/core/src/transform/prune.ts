// Removes what a layer does not use from a factored transform: rows that are zero because the input is zero-padded
// (constant folding, forwards) and rows that no wanted output depends on (dead code, backwards).

import type { Operation, OpList } from './oplist.js'

/** The list restricted to the given input rows (all other inputs are zero) and output rows. */
export function prune(list: OpList, inputs: readonly number[], outputs: readonly number[]): OpList {
  const written = new Uint8Array(list.rows)
  for (const row of inputs) written[row] = 1
  const reached: Operation[] = []
  for (const operation of list.operations) {
    const kept = restrict(
      operation,
      (row) => written[row] === 1,
      () => true,
    )
    if (kept.inputs.length === 0) continue
    for (const row of kept.outputs) written[row] = 1
    reached.push(kept)
  }
  const wanted = new Uint8Array(list.rows)
  for (const row of outputs) wanted[row] = 1
  const needed: Operation[] = []
  for (const operation of reached.reverse()) {
    const kept = restrict(
      operation,
      () => true,
      (row) => wanted[row] === 1,
    )
    if (kept.outputs.length === 0) continue
    for (const row of kept.inputs) wanted[row] = 1
    needed.push(kept)
  }
  return { rows: list.rows, inputs, outputs, operations: needed.reverse() }
}

type RowTest = (row: number) => boolean

function restrict(operation: Operation, keepInput: RowTest, keepOutput: RowTest): Operation {
  const { inputs, outputs, matrix } = operation
  if (inputs.every(keepInput) && outputs.every(keepOutput)) return operation
  const width = inputs.length
  return {
    inputs: inputs.filter(keepInput),
    outputs: outputs.filter(keepOutput),
    matrix: matrix.filter(
      (_, at) => keepOutput(outputs[Math.floor(at / width)]!) && keepInput(inputs[at % width]!),
    ),
  }
}
