// Calls of a step over rows that are made at other rows than the step is at.

import type { DraftCall, DraftOperand } from './builder.js'

/**
 * The calls of a step where some run ahead of others: `ahead` makes what `calls` read, `lag` rows below the row that they are at.
 * `rows` of both; the step has `rows + lag`, with whole rows as chunks, in order.
 */
export function lookAhead(
  ahead: readonly DraftCall[],
  calls: readonly DraftCall[],
  rows: number,
  lag: number,
): DraftCall[] {
  const later = (operand: DraftOperand): DraftOperand => ({
    ...operand,
    constant: operand.constant - lag * (operand.perRow + operand.perTurn),
  })
  return [
    ...ahead.map((call) => ({ ...call, end: Math.min(call.end ?? rows, rows) })),
    ...calls.map((call) => ({ ...call, operands: call.operands.map(later), first: lag })),
  ]
}

/** The calls of a step that takes squares of four pixels, made for the first and for the second of two rows of twice as many columns. */
export function eachOfTwoRows(calls: readonly DraftCall[]): DraftCall[] {
  const all = [0, 1].flatMap((second) =>
    calls.map((call): DraftCall => {
      const operands = call.operands.map((operand) => ({
        ...operand,
        constant:
          operand.base === 'columns'
            ? 2 * operand.constant
            : operand.constant + second * (operand.perRow + operand.perTurn),
        perRow: 2 * operand.perRow,
        perColumn: 2 * operand.perColumn,
        perTurn: 2 * operand.perTurn,
      }))
      const from = (row: number) => Math.ceil(Math.max(0, row - second) / 2)
      const { first, end } = call
      return {
        ...call,
        operands,
        ...(first === undefined ? {} : { first: from(first) }),
        ...(end === undefined ? {} : { end: from(end) }),
      }
    }),
  )
  return all.filter(({ end }) => end !== 0)
}
