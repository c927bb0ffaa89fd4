// Straight-line WebAssembly for a linear map: every instruction of the lowered list works on four lanes of a row. The
// code is cut into functions that the engine's compiler handles well, each of which loops over the lanes of a strip;
// what one function leaves for another goes through scratch memory.

import { ConstantTable, type FloatTable, ScaleTable } from './constant-table.js'
import { emitRun, PART } from './driver.js'
import { FunctionBody } from './function-body.js'
import { isUnit } from './linear-form.js'
import { countCodeFlops, type Instruction, type LinearCode, lower } from './lower.js'
import type { OpList } from './oplist.js'
import { schedule } from './schedule.js'
import { planScratch, type ScratchPlan } from './scratch.js'
import {
  checkTileGeometry,
  type EmittedTransform,
  FLOAT,
  type TileGeometry,
  VECTOR,
  VECTOR_LANES,
} from './tile-geometry.js'
import { emitTouch, spansOf } from './touch.js'
import { encodeModule } from './wasm-module.js'

/** How straight-line code is cut; results do not depend on it. */
export interface StraightTuning {
  /** Additions in one function. */
  readonly groupSize: number
  /** Lanes that run through all functions before the next ones do; divides the lanes. */
  readonly stripLanes: number
}

/**
 * Additions in one function: the best of 12 to 200 on layers of 64 to 2048 channels. Larger functions spill registers,
 * smaller ones pass more values through scratch.
 */
const GROUP_SIZE = 60

/**
 * Emits a module for the list.
 * @throws DctpsError `usage` when lanes or offsets do not fit the list.
 */
export function emitTransform(
  list: OpList,
  geometry: TileGeometry,
  tuning: Partial<StraightTuning> = {},
): EmittedTransform {
  checkTileGeometry(geometry, list.inputs.length, list.outputs.length)
  // Strips shorter than the tile would keep the scratch smaller, but read the code more often: that costs more.
  const stripLanes = tuning.stripLanes ?? geometry.lanes
  const code = straightCode(list, tuning.groupSize)
  const constants = new ConstantTable()
  const scales = new ScaleTable(Float64Array.from(code.outputs, (output) => output?.scale ?? 0))
  const parts = emitParts(code, { ...geometry, stripLanes, constants, scales })
  const rowBytes = geometry.lanes * FLOAT
  const { inputOffsets, outputOffsets, newInputOffsets, newOutputOffsets } = geometry
  const touch = emitTouch(
    spansOf(newInputOffsets ?? inputOffsets, rowBytes),
    spansOf(newOutputOffsets ?? outputOffsets, rowBytes),
  )
  const functions = [touch, ...parts.functions]
  const run = emitRun([...functions.keys()], geometry.lanes / stripLanes, stripLanes * FLOAT)
  return {
    bytes: encodeModule([...functions, run], geometry.sharedMemory),
    scratchBytes: parts.scratchBytes,
    scales: scales.scales,
    constants: Float32Array.from(constants.values()),
    flops: parts.flops,
    instructions: parts.instructions,
  }
}

/** Where the functions of a list read and write; the tables may be one and the same. */
export interface PartOptions extends Pick<TileGeometry, 'inputOffsets' | 'outputOffsets' | 'store' | 'simd'> {
  readonly stripLanes: number
  readonly constants: FloatTable
  readonly scales: FloatTable
}

export interface StraightParts {
  /** To be called in this order with the parameters of `PART`. */
  readonly functions: readonly FunctionBody[]
  readonly scratchBytes: number
  readonly flops: number
  readonly instructions: number
}

/** The list as code in groups of the size of a function. */
export function straightCode(list: OpList, groupSize = GROUP_SIZE): LinearCode {
  return lower(list, schedule(list, groupSize))
}

/** One function for each group of the code, to apply it to one strip. */
export function emitParts(code: LinearCode, options: PartOptions): StraightParts {
  const scratch = planScratch(code)
  const groups = code.groups.length === 0 ? [[]] : code.groups
  const stores = new StorePlan(code, options)
  const functions = groups.map((group, at) =>
    new PartEmitter(code, options, scratch, stores).emit(group, at === 0),
  )
  const { additions, multiplications } = countCodeFlops(code)
  const accumulated = options.store === 'accumulate' ? stores.count : 0
  return {
    functions,
    scratchBytes: scratch.slots * options.stripLanes * FLOAT,
    flops: additions + multiplications + accumulated,
    instructions: additions + multiplications + accumulated,
  }
}

/** Which outputs each value is stored to. */
class StorePlan {
  readonly count: number
  /** Byte offsets of the outputs that are zero. */
  readonly zeros: number[] = []
  readonly #stores = new Map<number, { offset: number; scale: number }[]>()

  constructor(code: LinearCode, options: PartOptions) {
    code.outputs.forEach((output, row) => {
      const offset = options.outputOffsets[row]!
      if (output === undefined) {
        this.zeros.push(offset)
        return
      }
      const store = { offset, scale: output.scale }
      const known = this.#stores.get(output.value)
      if (known === undefined) this.#stores.set(output.value, [store])
      else known.push(store)
    })
    this.count = code.outputs.length - this.zeros.length
  }

  of(value: number): readonly { offset: number; scale: number }[] {
    return this.#stores.get(value) ?? []
  }
}

/** Emits one function; locals hold what it has loaded or computed. */
class PartEmitter {
  readonly #body = new FunctionBody(PART.count)
  readonly #values = new Map<number, number>()
  readonly #scales = new Map<number, number>()
  /** The constants of this instruction and of the one before: the second half of a rotation uses those of the first. */
  #used = new Map<number, number>()
  #recent = new Map<number, number>()

  constructor(
    readonly code: LinearCode,
    readonly options: PartOptions,
    readonly scratch: ScratchPlan,
    readonly stores: StorePlan,
  ) {}

  /** The first function also stores the outputs that need no computation. */
  emit(instructions: readonly Instruction[], first: boolean): FunctionBody {
    const body = this.#body
    body.repeat(this.options.stripLanes / VECTOR_LANES, () => {
      if (first) {
        for (let input = 0; input < this.code.inputs; input++) this.#store(input)
        if (this.options.store === 'assign') this.#storeZeros()
      }
      for (const instruction of instructions) {
        this.#compute(instruction)
        this.#store(instruction.target)
        this.#spill(instruction.target)
      }
      for (const pointer of [PART.x, PART.y, PART.scratch]) body.advance(pointer, VECTOR)
    })
    return body
  }

  /** Pushes a value: from its local, or at its first use from the input tile or the scratch. */
  #push(value: number): void {
    const body = this.#body
    this.#fromLocal(this.#values, value, () => {
      if (value < this.code.inputs) {
        body.get(PART.x)
        body.load(this.options.inputOffsets[value]!)
      } else {
        body.get(PART.scratch)
        body.load(this.#slotOffset(value))
      }
    })
  }

  #fromLocal(locals: Map<number, number>, key: number, load: () => void): void {
    const known = locals.get(key)
    if (known !== undefined) {
      this.#body.get(known)
      return
    }
    load()
    const local = this.#body.newV128()
    this.#body.tee(local)
    locals.set(key, local)
  }

  #compute({ target, sources, coefficients }: Instruction): void {
    const body = this.#body
    const local = body.newV128()
    for (let at = 0; at < sources.length; at++) {
      // Only the first term can be negative by itself; the others are subtracted.
      const negative = coefficients[at]! < 0
      const coefficient = at === 0 ? coefficients[at]! : Math.abs(coefficients[at]!)
      if (at > 0 && !isUnit(coefficient) && this.options.simd === 'relaxed') {
        body.set(local)
        this.#push(sources[at]!)
        this.#pushConstant(coefficient)
        body.get(local)
        if (negative) body.subtractProduct()
        else body.addProduct()
        continue
      }
      this.#push(sources[at]!)
      if (!isUnit(coefficient)) {
        this.#pushConstant(coefficient)
        body.multiply()
      } else if (coefficient < 0) body.negate()
      if (at > 0) {
        if (negative) body.subtract()
        else body.add()
      }
    }
    const before = this.#recent
    this.#recent = this.#used
    this.#used = before
    if (before.size > 0) before.clear()
    body.set(local)
    this.#values.set(target, local)
  }

  #pushConstant(constant: number): void {
    const recent = this.#recent.get(constant)
    if (recent !== undefined) this.#used.set(constant, recent)
    this.#fromLocal(this.#used, constant, () => {
      this.#body.get(PART.constants)
      this.#body.loadSplat(this.options.constants.offset(constant))
    })
  }

  #store(value: number): void {
    const body = this.#body
    for (const { offset, scale } of this.stores.of(value)) {
      const scaleOffset = this.options.scales.offset(scale)
      body.get(PART.y)
      this.#push(value)
      this.#fromLocal(this.#scales, scaleOffset, () => {
        body.get(PART.scales)
        body.loadSplat(scaleOffset)
      })
      if (this.options.store === 'assign') body.multiply()
      else if (this.options.simd === 'relaxed') {
        body.get(PART.y)
        body.load(offset)
        body.addProduct()
      } else {
        body.multiply()
        body.get(PART.y)
        body.load(offset)
        body.add()
      }
      body.store(offset)
    }
  }

  #storeZeros(): void {
    for (const offset of this.stores.zeros) {
      this.#body.get(PART.y)
      this.#body.zero()
      this.#body.store(offset)
    }
  }

  #spill(value: number): void {
    if (this.scratch.slotOf[value]! < 0) return
    this.#body.get(PART.scratch)
    this.#push(value)
    this.#body.store(this.#slotOffset(value))
  }

  #slotOffset(value: number): number {
    return this.scratch.slotOf[value]! * this.options.stripLanes * FLOAT
  }
}
