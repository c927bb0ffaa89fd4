// One function of straight-line code: a group of instructions on four lanes at a time, in a loop over the lanes of a
// strip. Values that the function loads or computes stay in its locals.

import type { VectorTable } from './constant-table.js'
import { PART } from './driver.js'
import { FunctionBody } from './function-body.js'
import { isUnit } from './linear-form.js'
import type { Instruction, LinearCode } from './lower.js'
import type { ScratchPlan } from './scratch.js'
import { FLOAT, type TileGeometry, VECTOR, VECTOR_LANES } from './tile-geometry.js'

/** Where the functions of a list read and write; the tables may be one and the same. */
export interface PartOptions extends Pick<TileGeometry, 'inputOffsets' | 'outputOffsets' | 'store' | 'simd'> {
  readonly stripLanes: number
  readonly constants: VectorTable
  readonly scales: VectorTable
}

/** Instructions for which a constant stays in its register: longer, and others are spilled; shorter, and it is loaded again. */
const CONSTANT_WINDOW = 8

interface Store {
  readonly offset: number
  readonly scale: number
}

const nothing: readonly Store[] = []

/** Which outputs each value is stored to. */
export class StorePlan {
  readonly count: number
  /** Byte offsets of the outputs that are zero. */
  readonly zeros: number[] = []
  readonly #stores = new Map<number, Store[]>()

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

  of(value: number): readonly Store[] {
    return this.#stores.get(value) ?? nothing
  }
}

/** The local that holds each value, in one function after the other. */
export class ValueLocals {
  readonly #locals: Int32Array
  /** The function that the local of each value is one of. */
  readonly #functions: Int32Array
  #function = 0

  constructor(values: number) {
    this.#locals = new Int32Array(values)
    this.#functions = new Int32Array(values)
  }

  enterFunction(): void {
    this.#function++
  }

  get(value: number): number | undefined {
    return this.#functions[value] === this.#function ? this.#locals[value] : undefined
  }

  set(value: number, local: number): void {
    this.#locals[value] = local
    this.#functions[value] = this.#function
  }
}

/** Emits one function; locals hold what it has loaded or computed. */
export class PartEmitter {
  readonly #body = new FunctionBody(PART.count)
  readonly #scales = new Map<number, number>()
  /** Constants with their locals, and the number of the instruction that used them last. */
  readonly #constants = new Map<number, { readonly local: number; usedAt: number }>()
  #instruction = 0

  constructor(
    readonly code: LinearCode,
    readonly options: PartOptions,
    readonly scratch: ScratchPlan,
    readonly stores: StorePlan,
    readonly values: ValueLocals,
  ) {
    values.enterFunction()
  }

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
    const known = this.values.get(value)
    if (known !== undefined) {
      body.get(known)
      return
    }
    if (value < this.code.inputs) {
      body.get(PART.x)
      body.load(this.options.inputOffsets[value]!)
    } else {
      body.get(PART.scratch)
      body.load(this.#slotOffset(value))
    }
    this.values.set(value, this.#keep())
  }

  /** Moves what is on the stack to a new local, and leaves it there. */
  #keep(): number {
    const local = this.#body.newV128()
    this.#body.tee(local)
    return local
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
    this.#instruction++
    body.set(local)
    this.values.set(target, local)
  }

  #pushConstant(constant: number): void {
    const body = this.#body
    const usedAt = this.#instruction
    const known = this.#constants.get(constant)
    if (known !== undefined && usedAt - known.usedAt < CONSTANT_WINDOW) {
      known.usedAt = usedAt
      body.get(known.local)
      return
    }
    body.get(PART.constants)
    body.load(this.options.constants.offset(constant))
    this.#constants.set(constant, { local: this.#keep(), usedAt })
  }

  #pushScale(offset: number): void {
    const body = this.#body
    const known = this.#scales.get(offset)
    if (known !== undefined) {
      body.get(known)
      return
    }
    body.get(PART.scales)
    body.load(offset)
    this.#scales.set(offset, this.#keep())
  }

  #store(value: number): void {
    const body = this.#body
    for (const { offset, scale } of this.stores.of(value)) {
      body.get(PART.y)
      this.#push(value)
      this.#pushScale(this.options.scales.offset(scale))
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
