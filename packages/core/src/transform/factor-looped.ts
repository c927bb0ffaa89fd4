// The recursion of `factor.ts` as loops over rows, for lengths at which an op list would be too long. Halving passes run
// over buffers of rows; codelets take over where the length is small, and where it is large and odd, a dense loop over a
// table of cosines: memory stays proportional to the length.

import { additionCount, factorDct, factorDct4 } from './factor.js'
import type { OpList } from './oplist.js'
import type { FactorRows, PairMatrices, Pass, PassList, Rows } from './passes.js'
import { checkTransformShape, quarterCosine, type TransformShape } from './reference.js'

/**
 * Additions up to which a whole transform is one codelet, which is a length of 256 for powers of two: longer ones win
 * nothing.
 */
const CODELET_SIZE = 2500

const BUTTERFLIES: PairMatrices = {
  entries: Float64Array.of(Math.SQRT1_2, Math.SQRT1_2, Math.SQRT1_2, -Math.SQRT1_2),
  each: false,
}

const isCodelet = (length: number) => additionCount(length) <= CODELET_SIZE

/**
 * As `factorDct`, as loops. Zero rows and unused coefficients are computed like all others, but a few coefficients of a
 * few inputs are computed directly where that costs less.
 * @throws DctpsError `usage` when the counts do not fit the length.
 */
export function factorLooped(shape: TransformShape): PassList {
  checkTransformShape(shape)
  const { length, inputs, outputs } = shape
  const builder = new PassBuilder()
  const input = builder.reserve(length)
  const output = builder.reserve(length)
  const spare = builder.reserve(length)
  if (inputs * outputs <= recursionCost(length)) {
    const table = builder.table(length, Math.sqrt(2 / length))
    builder.cosines(
      table,
      { start: input, count: inputs, factor: ODD },
      { start: spare, count: outputs, factor: EVERY },
    )
    builder.scale(1, { start: spare, step: 1 }, { start: output, step: 1 }, Math.SQRT1_2)
    builder.scale(outputs - 1, { start: spare + 1, step: 1 }, { start: output + 1, step: 1 }, 1)
  } else builder.dct2(length, input, { start: output, step: 1 }, spare)
  return {
    rows: builder.rows,
    input: { start: input, length, used: inputs },
    output: { start: output, length, used: outputs },
    passes: builder.passes,
  }
}

/** Multiply-adds of the recursion, about. */
function recursionCost(length: number): number {
  if (isCodelet(length)) return additionCount(length)
  return length % 2 === 1 ? length ** 2 / 2 : 3 * length + 2 * recursionCost(length / 2)
}

/** The factors in the angles of a DCT: k or 2k of coefficients, 2n+1 of entries and 2k+1 of odd coefficients. */
const EVERY: Rows = { start: 0, step: 1 }
const EVEN: Rows = { start: 0, step: 2 }
const ODD: Rows = { start: 1, step: 2 }

class PassBuilder {
  readonly passes: Pass[] = []
  /** The most rows that were ever reserved. */
  rows = 0
  #reserved = 0
  readonly #rotations = new Map<number, PairMatrices>()
  readonly #codelets = new Map<string, OpList>()
  readonly #tables = new Map<string, Float64Array>()

  reserve(rows: number): number {
    const start = this.#reserved
    this.#reserved += rows
    this.rows = Math.max(this.rows, this.#reserved)
    return start
  }

  scale(count: number, input: Rows, output: Rows, factor: number): void {
    if (count > 0) this.passes.push({ kind: 'scale', count, input, output, factor })
  }

  cosines(table: Float64Array, input: FactorRows, output: FactorRows): void {
    this.passes.push({ kind: 'cosines', table, input, output })
  }

  /** DCT-II of `length` consecutive rows, which are overwritten, as are `length` rows at `spare`. */
  dct2(length: number, input: number, output: Rows, spare: number): void {
    if (isCodelet(length)) {
      const list = this.#codelet(`dct2 ${length}`, () =>
        factorDct({ length, inputs: length, outputs: length }),
      )
      this.#applyCodelet(list, input, output, spare)
      return
    }
    const half = Math.floor(length / 2)
    // An odd length leaves a middle row, which follows the sums.
    const differences = spare + length - half
    this.#pairs(
      half,
      [
        { start: input, step: 1 },
        { start: input + length - 1, step: -1 },
      ],
      [
        { start: spare, step: 1 },
        { start: differences, step: 1 },
      ],
      BUTTERFLIES,
    )
    const even = { start: output.start, step: 2 * output.step }
    const odd = { start: output.start + output.step, step: 2 * output.step }
    if (length % 2 === 0) {
      this.dct2(half, spare, even, input)
      this.dct4(half, differences, odd, input + half)
      return
    }
    const table = this.table(length, Math.sqrt(2 / length) * Math.SQRT2)
    this.scale(1, { start: input + half, step: 1 }, { start: spare + half, step: 1 }, Math.SQRT1_2)
    this.cosines(
      table,
      { start: spare, count: half + 1, factor: ODD },
      { start: input, count: half + 1, factor: EVEN },
    )
    this.scale(1, { start: input, step: 1 }, even, Math.SQRT1_2)
    this.scale(half, { start: input + 1, step: 1 }, { start: even.start + even.step, step: even.step }, 1)
    const coefficients = input + half + 1
    this.cosines(
      table,
      { start: differences, count: half, factor: ODD },
      { start: coefficients, count: half, factor: ODD },
    )
    this.scale(half, { start: coefficients, step: 1 }, odd, 1)
  }

  /** DCT-IV, as {@link dct2}. */
  dct4(length: number, input: number, output: Rows, spare: number): void {
    if (isCodelet(length)) {
      const list = this.#codelet(`dct4 ${length}`, () => factorDct4(length))
      this.#applyCodelet(list, input, output, spare)
      return
    }
    if (length % 2 === 1) {
      const table = this.table(2 * length, Math.sqrt(2 / length))
      this.cosines(
        table,
        { start: input, count: length, factor: ODD },
        { start: spare, count: length, factor: ODD },
      )
      this.scale(length, { start: spare, step: 1 }, output, 1)
      return
    }
    const half = length / 2
    this.#pairs(
      half,
      [
        { start: input, step: 1 },
        { start: input + length - 1, step: -1 },
      ],
      [
        { start: spare, step: 1 },
        { start: spare + half, step: 1 },
      ],
      this.#rotationsOf(length),
    )
    const work = this.reserve(half)
    this.dct2(half, spare, { start: input, step: 1 }, work)
    this.dct2(half, spare + half, { start: input + half, step: 1 }, work)
    this.#reserved = work
    const { start, step } = output
    this.scale(1, { start: input, step: 1 }, output, 1)
    this.#pairs(
      half - 1,
      [
        { start: input + 1, step: 1 },
        { start: input + length - 1, step: -1 },
      ],
      [
        { start: start + 2 * step, step: 2 * step },
        { start: start + step, step: 2 * step },
      ],
      BUTTERFLIES,
    )
    this.scale(1, { start: input + half, step: 1 }, { start: start + (length - 1) * step, step: 1 }, -1)
  }

  /** `factor * cos(pi m / (2 length))`, m = 0 .. 4 length - 1. */
  table(length: number, factor: number): Float64Array {
    const key = `${length} ${factor}`
    const known = this.#tables.get(key)
    if (known !== undefined) return known
    const table = Float64Array.from({ length: 4 * length }, (_, m) => factor * quarterCosine(m, length))
    this.#tables.set(key, table)
    return table
  }

  #pairs(count: number, inputs: [Rows, Rows], outputs: [Rows, Rows], matrices: PairMatrices): void {
    this.passes.push({ kind: 'pairs', count, inputs, outputs, matrices })
  }

  #codelet(key: string, make: () => OpList): OpList {
    const list = this.#codelets.get(key) ?? make()
    this.#codelets.set(key, list)
    return list
  }

  #applyCodelet(list: OpList, input: number, output: Rows, spare: number): void {
    const direct = output.step === 1
    this.passes.push({ kind: 'codelet', list, input, output: direct ? output.start : spare })
    if (!direct) this.scale(list.outputs.length, { start: spare, step: 1 }, output, 1)
  }

  #rotationsOf(length: number): PairMatrices {
    const known = this.#rotations.get(length)
    if (known !== undefined) return known
    const entries = Float64Array.from({ length: 2 * length }, (_, at) =>
      rotationEntry(length, at >> 2, at % 4),
    )
    const matrices = { entries, each: true }
    this.#rotations.set(length, matrices)
    return matrices
  }
}

/** Entry of the rotation `[c, s; -+s, +-c]` that takes rows j and length-1-j of a DCT-IV. */
function rotationEntry(length: number, j: number, entry: number): number {
  const angle = (Math.PI * (2 * j + 1)) / (4 * length)
  const sign = j % 2 === 0 ? 1 : -1
  const entries = [Math.cos(angle), Math.sin(angle), -sign * Math.sin(angle), sign * Math.cos(angle)]
  return entries[entry]!
}
