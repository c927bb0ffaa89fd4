// Straight-line WebAssembly for a linear map on tiles: a row is the B floats that one channel of one pixel has in a block
// of images, and every instruction works on four of them. The code is cut into functions small enough for the engine's
// compiler; each loops over a strip of lanes. Where straight-line code would be too long, `looped.ts` takes over.

import { DctpsError } from '../errors.js'
import { countCodeFlops, type Instruction, type LinearCode, lower } from './lower.js'
import type { OpList } from './oplist.js'
import { schedule } from './schedule.js'
import { planScratch, type ScratchPlan } from './scratch.js'
import { encodeModule, FunctionBody } from './wasm.js'

/** Where a transform reads and writes. Byte offsets are multiples of 16, from the tile pointers given to `run`. */
export interface TileGeometry {
  /** Images in a block, B: a multiple of 4. */
  readonly lanes: number
  readonly inputOffsets: Int32Array
  readonly outputOffsets: Int32Array
  /** `assign`: y = scale * v; `accumulate`: y += scale * v. */
  readonly store: 'assign' | 'accumulate'
  readonly sharedMemory: boolean
}

/**
 * A compiled transform. The module imports `env.memory` and exports
 * `run(x, y, scratch, scales, constants, rows, xRowStep, yRowStep, columns, xStep, yStep)`: for each of `rows * columns`
 * positions it applies the transform to the tile at x and writes to the tile at y; steps are in bytes, `scales` and
 * `constants` are the addresses of copies of the tables below in float32. x and y must not overlap.
 */
export interface EmittedTransform {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly scratchBytes: number
  /** One factor per output row, applied at the final store: multiply by alpha to fold it in. */
  readonly scales: Float64Array
  readonly constants: Float32Array
  /** Additions and multiplications for one position of one image. */
  readonly flops: number
  /** Straight-line vector instructions, a measure of the code's length. */
  readonly instructions: number
}

/** How the code is cut; results are the same up to rounding. */
export interface EmitTuning {
  /** Additions in one function. */
  readonly groupSize: number
  /** Lanes that run through all functions before the next ones do; divides the lanes. */
  readonly stripLanes: number
}

const FLOAT = 4
const VECTOR_LANES = 4
const VECTOR = FLOAT * VECTOR_LANES

/** Parameters of a group's function. */
const GROUP = { x: 0, y: 1, scratch: 2, scales: 3, constants: 4, count: 5 } as const
/** Parameters of `run`. */
const RUN = {
  x: 0,
  y: 1,
  scratch: 2,
  scales: 3,
  constants: 4,
  rows: 5,
  xRowStep: 6,
  yRowStep: 7,
  columns: 8,
  xStep: 9,
  yStep: 10,
  count: 11,
} as const

/**
 * Emits one module for the list.
 * @throws DctpsError `usage` when lanes or offsets do not fit the list.
 */
export function emitTransform(
  list: OpList,
  geometry: TileGeometry,
  tuning?: Partial<EmitTuning>,
): EmittedTransform {
  checkTileGeometry(geometry, list.inputs.length, list.outputs.length)
  const { groupSize, stripLanes } = { groupSize: 100, stripLanes: geometry.lanes, ...tuning }
  const code = lower(list, schedule(list, groupSize))
  const constants = new ConstantTable()
  const scratch = planScratch(code)
  const emitter = new StraightEmitter(code, geometry, scratch, constants, stripLanes)
  const groups = code.groups.length === 0 ? [[]] : code.groups
  const functions = groups.map((group, at) => emitter.group(group, at === 0))
  functions.push(driver(functions.length, geometry.lanes / stripLanes, stripLanes * FLOAT))
  const { additions, multiplications } = countCodeFlops(code)
  const accumulated = geometry.store === 'accumulate' ? code.outputs.filter((output) => output).length : 0
  return {
    bytes: encodeModule(functions, geometry.sharedMemory),
    scratchBytes: scratch.slots * stripLanes * FLOAT,
    scales: Float64Array.from(code.outputs, (output) => output?.scale ?? 0),
    constants: constants.table(),
    flops: additions + multiplications + accumulated,
    instructions: groups.reduce((sum, group) => sum + group.length, 0),
  }
}

/** @throws DctpsError `usage` when lanes or offsets are not what a transform of these counts can work with. */
export function checkTileGeometry(geometry: TileGeometry, inputs: number, outputs: number): void {
  const { lanes, inputOffsets, outputOffsets } = geometry
  if (!Number.isInteger(lanes) || lanes < VECTOR_LANES || lanes % VECTOR_LANES !== 0) {
    throw new DctpsError('usage', `a tile of ${lanes} lanes cannot be transformed; expected a multiple of 4`)
  }
  if (inputOffsets.length !== inputs || outputOffsets.length !== outputs) {
    throw new DctpsError(
      'usage',
      `a transform of ${inputs} inputs and ${outputs} outputs was given ${inputOffsets.length} input and ${outputOffsets.length} output offsets; expected one for every row`,
    )
  }
  for (const offset of [...inputOffsets, ...outputOffsets]) {
    if (offset < 0 || offset % VECTOR !== 0) {
      throw new DctpsError(
        'usage',
        `row offset ${offset} is not a multiple of 16 bytes from the tile pointer onwards`,
      )
    }
  }
}

/** Constants in the order of their first use, each float32 value once. */
export class ConstantTable {
  readonly #offsets = new Map<number, number>()

  /** Byte offset of a constant in the table. */
  offset(constant: number): number {
    const value = Math.fround(constant)
    const known = this.#offsets.get(value)
    if (known !== undefined) return known
    const offset = this.#offsets.size * FLOAT
    this.#offsets.set(value, offset)
    return offset
  }

  table(): Float32Array {
    return Float32Array.from(this.#offsets.keys())
  }
}

class StraightEmitter {
  /** Output rows that hold each value. */
  readonly #outputsOf = new Map<number, number[]>()
  readonly #zeroOutputs: number[] = []

  constructor(
    readonly code: LinearCode,
    readonly geometry: TileGeometry,
    readonly scratch: ScratchPlan,
    readonly constants: ConstantTable,
    readonly stripLanes: number,
  ) {
    code.outputs.forEach((output, row) => {
      if (output === undefined) {
        this.#zeroOutputs.push(row)
        return
      }
      const rows = this.#outputsOf.get(output.value)
      if (rows === undefined) this.#outputsOf.set(output.value, [row])
      else rows.push(row)
    })
  }

  /** The function of one group; the first one also stores the outputs that need no computation. */
  group(instructions: readonly Instruction[], first: boolean): FunctionBody {
    const body = new FunctionBody(GROUP.count)
    const { x, y, scratch } = GROUP
    body.repeat(this.stripLanes / VECTOR_LANES, () => {
      const locals = new Map<number, number>()
      const push = (value: number) => this.#push(body, locals, value)
      if (first) {
        for (let input = 0; input < this.code.inputs; input++) this.#storeOutputs(body, input, push)
        this.#storeZeros(body)
      }
      for (const instruction of instructions) {
        this.#compute(body, instruction, push)
        const local = body.newV128()
        locals.set(instruction.target, local)
        body.set(local)
        this.#storeOutputs(body, instruction.target, push)
        const slot = this.scratch.slotOf[instruction.target]!
        if (slot >= 0) {
          body.get(scratch)
          body.get(local)
          body.store(slot * this.stripLanes * FLOAT)
        }
      }
      for (const pointer of [x, y, scratch]) body.advance(pointer, VECTOR)
    })
    return body
  }

  /** Pushes a value: from its local, or at its first use in the group from the input tile or the scratch. */
  #push(body: FunctionBody, locals: Map<number, number>, value: number): void {
    const known = locals.get(value)
    if (known !== undefined) {
      body.get(known)
      return
    }
    if (value < this.code.inputs) {
      body.get(GROUP.x)
      body.load(this.geometry.inputOffsets[value]!)
    } else {
      body.get(GROUP.scratch)
      body.load(this.scratch.slotOf[value]! * this.stripLanes * FLOAT)
    }
    const local = body.newV128()
    locals.set(value, local)
    body.tee(local)
  }

  #compute(body: FunctionBody, { sources, coefficients }: Instruction, push: (value: number) => void): void {
    sources.forEach((source, at) => {
      const coefficient = coefficients[at]!
      push(source)
      if (Math.abs(coefficient) !== 1) {
        body.get(GROUP.constants)
        body.loadSplat(this.constants.offset(coefficient))
        body.multiply()
      }
      if (at === 0) {
        if (coefficient === -1) body.negate()
      } else if (coefficient === -1) body.subtract()
      else body.add()
    })
  }

  #storeOutputs(body: FunctionBody, value: number, push: (value: number) => void): void {
    for (const row of this.#outputsOf.get(value) ?? []) {
      const offset = this.geometry.outputOffsets[row]!
      body.get(GROUP.y)
      push(value)
      body.get(GROUP.scales)
      body.loadSplat(row * FLOAT)
      body.multiply()
      if (this.geometry.store === 'accumulate') {
        body.get(GROUP.y)
        body.load(offset)
        body.add()
      }
      body.store(offset)
    }
  }

  #storeZeros(body: FunctionBody): void {
    if (this.geometry.store === 'accumulate') return
    for (const row of this.#zeroOutputs) {
      body.get(GROUP.y)
      body.zero()
      body.store(this.geometry.outputOffsets[row]!)
    }
  }
}

/** `run`: rows, columns, strips of lanes, groups; the first `groups` functions are the groups. */
function driver(groups: number, strips: number, stripBytes: number): FunctionBody {
  const body = new FunctionBody(RUN.count)
  const [x, y, column] = [body.newI32(), body.newI32(), body.newI32()]
  const [xStrip, yStrip] = [body.newI32(), body.newI32()]
  const copy = (from: number, to: number) => {
    body.get(from)
    body.set(to)
  }
  const step = (pointer: number, by: number) => {
    body.get(pointer)
    body.get(by)
    body.i32Add()
    body.set(pointer)
  }
  body.returnIfZero(RUN.rows)
  body.returnIfZero(RUN.columns)
  body.countDown(RUN.rows, () => {
    copy(RUN.x, x)
    copy(RUN.y, y)
    copy(RUN.columns, column)
    body.countDown(column, () => {
      copy(x, xStrip)
      copy(y, yStrip)
      body.repeat(strips, () => {
        for (let group = 0; group < groups; group++) {
          for (const argument of [xStrip, yStrip, RUN.scratch, RUN.scales, RUN.constants]) body.get(argument)
          body.call(group)
        }
        body.advance(xStrip, stripBytes)
        body.advance(yStrip, stripBytes)
      })
      step(x, RUN.xStep)
      step(y, RUN.yStep)
    })
    step(RUN.x, RUN.xRowStep)
    step(RUN.y, RUN.yRowStep)
  })
  return body
}
