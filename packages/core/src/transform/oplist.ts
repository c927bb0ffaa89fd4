// A linear map as a list of small matrices over numbered rows: the form in which a transform is factored, pruned,
// transposed, interpreted and printed. Turning it into multiplications and additions is left to `lower.ts`.

/** One small matrix: `outputs[i] = sum_j matrix[i * inputs.length + j] * inputs[j]`, over row numbers. */
export interface Operation {
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
  /** Row-major `[outputs][inputs]`. */
  readonly matrix: readonly number[]
}

/**
 * A linear map. Every row is written at most once, before it is read, and read by at most one operation: that makes the
 * transposed list as cheap as the list itself. A row that is never written is zero.
 */
export interface OpList {
  /** Row numbers are below this. */
  readonly rows: number
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
  readonly operations: readonly Operation[]
}

/** Additions that an operation costs. */
export function operationSize({ inputs, outputs }: Operation): number {
  return outputs.length * (inputs.length - 1)
}

/** Additions of all operations of a list. */
export function listAdditions({ operations }: OpList): number {
  return operations.reduce((sum, operation) => sum + operationSize(operation), 0)
}

/** The transposed map: every operation transposed, in reverse order, inputs and outputs exchanged. */
export function transpose(list: OpList): OpList {
  return {
    rows: list.rows,
    inputs: list.outputs,
    outputs: list.inputs,
    operations: list.operations.map(transposeOperation).reverse(),
  }
}

function transposeOperation({ inputs, outputs, matrix }: Operation): Operation {
  const [width, height] = [inputs.length, outputs.length]
  const transposed = matrix.slice()
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) transposed[j * height + i] = matrix[i * width + j]!
  }
  return { inputs: outputs, outputs: inputs, matrix: transposed }
}

/** Applies the map in float64: `x: [inputs]` to `[outputs]`. */
export function evaluate(list: OpList, x: Float64Array): Float64Array {
  const rows = new Float64Array(list.rows)
  list.inputs.forEach((row, j) => {
    rows[row] = x[j]!
  })
  for (const { inputs, outputs, matrix } of list.operations) {
    outputs.forEach((row, i) => {
      let sum = 0
      for (let j = 0; j < inputs.length; j++) sum += matrix[i * inputs.length + j]! * rows[inputs[j]!]!
      rows[row] = sum
    })
  }
  return Float64Array.from(list.outputs, (row) => rows[row]!)
}

/** One line for the inputs, one for each written row, one for the outputs, e.g. `r5 = 0.7071 r0 - 0.7071 r3`. */
export function printOpList(list: OpList): string {
  const names = (rows: readonly number[]) => rows.map((row) => `r${row}`).join(' ')
  const lines = list.operations.flatMap(({ inputs, outputs, matrix }) =>
    outputs.map((row, i) => {
      const terms = inputs.map((input, j) => printTerm(matrix[i * inputs.length + j]!, input, j === 0))
      return `r${row} = ${terms.join(' ')}`
    }),
  )
  return [`inputs ${names(list.inputs)}`, ...lines, `outputs ${names(list.outputs)}`].join('\n')
}

function printTerm(coefficient: number, row: number, first: boolean): string {
  const sign = coefficient < 0 ? (first ? '-' : '- ') : first ? '' : '+ '
  const magnitude = Math.abs(coefficient)
  return magnitude === 1 ? `${sign}r${row}` : `${sign}${Number(magnitude.toPrecision(4))} r${row}`
}
