// WebAssembly for a list of passes: a few small loops with everything that varies as a parameter, straight-line
// codelets, and functions that call them in order. Inputs and outputs are gathered and scattered in runs of rows at
// equal distances, so that the length of the code depends on the number of passes and runs only.

import { ConstantTable } from './constant-table.js'
import { emitRun, PART } from './driver.js'
import { FunctionBody } from './function-body.js'
import { emitCosineLoop, emitPairLoop, emitScaleLoop } from './loops.js'
import type { OpList } from './oplist.js'
import type { FactorRows, Pass, PassList, Rows } from './passes.js'
import { emitParts, straightCode } from './straight.js'
import {
  checkTileGeometry,
  type EmittedTransform,
  FLOAT,
  type TileGeometry,
  VECTOR_LANES,
} from './tile-geometry.js'
import { encodeModule } from './wasm-module.js'

/** Scratch of a strip that leaves room in the second-level cache. */
const STRIP_BYTES = 1 << 19
/** Lanes that the loops unroll at most. */
const LONGEST_STRIP = 16
/** Additions in one function of a codelet. */
const CODELET_GROUP_SIZE = 60
/** Calls that one function makes: longer functions compile slowly. */
const STEPS_PER_FUNCTION = 500

/**
 * Emits a module for the list.
 * @throws DctpsError `usage` when lanes or offsets do not fit the list.
 */
export function emitLooped(list: PassList, geometry: TileGeometry): EmittedTransform {
  checkTileGeometry(geometry, list.input.used, list.output.used)
  return new LoopedEmitter(list, geometry).emit()
}

/** The longest strip whose scratch fits, or else the shortest one. */
function stripLanesFor(lanes: number, rows: number): number {
  for (let strip = LONGEST_STRIP; strip > VECTOR_LANES; strip /= 2) {
    if (lanes % strip === 0 && rows * strip * FLOAT <= STRIP_BYTES) return strip
  }
  return VECTOR_LANES
}

/** Rows at equal distances: `offset + i * step` bytes from a pointer. */
interface Run {
  readonly first: number
  readonly count: number
  readonly offset: number
  readonly step: number
}

/** Cuts a list of offsets into runs. */
function runsOf(offsets: Int32Array): Run[] {
  const runs: Run[] = []
  let first = 0
  while (first < offsets.length) {
    const offset = offsets[first]!
    const step = first + 1 < offsets.length ? offsets[first + 1]! - offset : 0
    let next = first + 1
    while (next < offsets.length && offsets[next]! - offsets[next - 1]! === step) next++
    runs.push({ first, count: next - first, offset, step })
    first = next
  }
  return runs
}

/** What a loop is called with: an integer, or an address as a pointer parameter and a byte offset. */
type Argument = number | { readonly pointer: number; readonly offset: number }

/** A call of one of the module's functions, or rows to be cleared. */
type Step =
  | { readonly kind: 'call'; readonly callee: number; readonly operands: readonly Argument[] }
  | { readonly kind: 'clear'; readonly row: number; readonly count: number }

class LoopedEmitter {
  readonly #functions: FunctionBody[] = []
  readonly #steps: Step[] = []
  readonly #constants = new ConstantTable()
  readonly #arrays = new Map<Float64Array, number>()
  readonly #codelets = new Map<OpList, { readonly functions: readonly number[]; readonly flops: number }>()
  readonly #stripLanes: number
  readonly #rowBytes: number
  readonly #loops: {
    readonly scale: number
    readonly store: number
    readonly pairs: number
    readonly cosines: number
  }
  #codeletScratch = 0
  #codeletInstructions = 0
  #flops = 0

  constructor(
    readonly list: PassList,
    readonly geometry: TileGeometry,
  ) {
    this.#stripLanes = stripLanesFor(geometry.lanes, list.rows)
    this.#rowBytes = this.#stripLanes * FLOAT
    const vectors = this.#stripLanes / VECTOR_LANES
    this.#loops = {
      scale: this.#add(emitScaleLoop(vectors, 'assign')),
      store: this.#add(emitScaleLoop(vectors, geometry.store)),
      pairs: this.#add(emitPairLoop(vectors)),
      cosines: this.#add(emitCosineLoop(vectors)),
    }
  }

  emit(): EmittedTransform {
    const { list, geometry } = this
    this.#gather()
    for (const pass of list.passes) this.#apply(pass)
    this.#scatter()
    const functions = { touch: null, columns: 1, parts: this.#emitSteps() }
    this.#add(emitRun(functions, geometry.lanes / this.#stripLanes, this.#rowBytes))
    return {
      bytes: encodeModule(this.#functions, geometry.sharedMemory),
      scratchBytes: list.rows * this.#rowBytes + this.#codeletScratch,
      scales: new Float64Array(list.output.used).fill(1),
      constants: Float32Array.from(this.#constants.values()),
      flops: this.#flops,
      instructions: this.#codeletInstructions,
    }
  }

  #add(body: FunctionBody): number {
    return this.#functions.push(body) - 1
  }

  #call(callee: number, ...operands: Argument[]): void {
    this.#steps.push({ kind: 'call', callee, operands })
  }

  #row(row: number): Argument {
    return { pointer: PART.scratch, offset: row * this.#rowBytes }
  }

  #array(array: Float64Array): Argument {
    const offset = this.#arrays.get(array) ?? this.#constants.append(array)
    this.#arrays.set(array, offset)
    return { pointer: PART.constants, offset }
  }

  #constant(constant: number): Argument {
    return { pointer: PART.constants, offset: this.#constants.offset(constant) }
  }

  #gather(): void {
    const { start, length, used } = this.list.input
    for (const { first, count, offset, step } of runsOf(this.geometry.inputOffsets)) {
      const from = { pointer: PART.x, offset }
      this.#call(
        this.#loops.scale,
        ...[from, step, this.#row(start + first), this.#rowBytes, this.#constant(1), 0, count],
      )
      this.#flops += count
    }
    if (used < length) this.#steps.push({ kind: 'clear', row: start + used, count: length - used })
  }

  #scatter(): void {
    const { start } = this.list.output
    for (const { first, count, offset, step } of runsOf(this.geometry.outputOffsets)) {
      const scales = { pointer: PART.scales, offset: first * FLOAT }
      const to = { pointer: PART.y, offset }
      this.#call(
        this.#loops.store,
        ...[this.#row(start + first), this.#rowBytes, to, step, scales, FLOAT, count],
      )
      this.#flops += this.geometry.store === 'assign' ? count : 2 * count
    }
  }

  #apply(pass: Pass): void {
    const rows = ({ start, step }: Rows) => [this.#row(start), step * this.#rowBytes] as const
    switch (pass.kind) {
      case 'scale':
        this.#call(
          this.#loops.scale,
          ...[...rows(pass.input), ...rows(pass.output), this.#constant(pass.factor), 0, pass.count],
        )
        this.#flops += pass.count
        return
      case 'pairs': {
        const { entries, each } = pass.matrices
        const places = [...pass.inputs, ...pass.outputs].flatMap(rows)
        this.#call(this.#loops.pairs, ...places, this.#array(entries), each ? 4 * FLOAT : 0, pass.count)
        this.#flops += 6 * pass.count
        return
      }
      case 'codelet': {
        const { functions, flops } = this.#codelet(pass.list)
        const work = this.#row(this.list.rows)
        const tables = { pointer: PART.constants, offset: 0 }
        for (const part of functions) {
          this.#call(part, this.#row(pass.input), this.#row(pass.output), work, tables, tables)
        }
        this.#flops += flops
        return
      }
      case 'cosines': {
        const rows = ({ start, count, factor }: FactorRows) => [
          this.#row(start),
          count,
          factor.start,
          factor.step,
        ]
        const { input, output, table } = pass
        this.#call(this.#loops.cosines, ...rows(input), ...rows(output), this.#array(table), table.length)
        this.#flops += 2 * input.count * output.count
      }
    }
  }

  /** The functions of a codelet, emitted once: it works on consecutive rows of scratch. */
  #codelet(list: OpList): { readonly functions: readonly number[]; readonly flops: number } {
    const known = this.#codelets.get(list)
    if (known !== undefined) return known
    const consecutive = (rows: readonly number[]) => Int32Array.from(rows, (_, i) => i * this.#rowBytes)
    const parts = emitParts(straightCode(list, CODELET_GROUP_SIZE), {
      inputOffsets: consecutive(list.inputs),
      outputOffsets: consecutive(list.outputs),
      store: 'assign',
      ...(this.geometry.simd !== undefined && { simd: this.geometry.simd }),
      stripLanes: this.#stripLanes,
      constants: this.#constants,
      scales: this.#constants,
    })
    this.#codeletScratch = Math.max(this.#codeletScratch, parts.scratchBytes)
    this.#codeletInstructions += parts.instructions
    const codelet = { functions: parts.functions.map((body) => this.#add(body)), flops: parts.flops }
    this.#codelets.set(list, codelet)
    return codelet
  }

  /** Functions that take the steps in order. */
  #emitSteps(): number[] {
    const parts: number[] = []
    for (let at = 0; at < this.#steps.length; at += STEPS_PER_FUNCTION) {
      const body = new FunctionBody(PART.count)
      for (const step of this.#steps.slice(at, at + STEPS_PER_FUNCTION)) this.#emitStep(body, step)
      parts.push(this.#add(body))
    }
    return parts
  }

  #emitStep(body: FunctionBody, step: Step): void {
    if (step.kind === 'clear') {
      pushArgument(body, this.#row(step.row))
      body.i32Const(0)
      body.i32Const(step.count * this.#rowBytes)
      body.memoryFill()
      return
    }
    for (const operand of step.operands) pushArgument(body, operand)
    body.call(step.callee)
  }
}

function pushArgument(body: FunctionBody, argument: Argument): void {
  if (typeof argument === 'number') {
    body.i32Const(argument)
    return
  }
  body.get(argument.pointer)
  if (argument.offset === 0) return
  body.i32Const(argument.offset)
  body.i32Add()
}
