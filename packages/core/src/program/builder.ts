// Collects a program while layers emit it: shared memory is handed out at once, block buffers are symbols until the
// arena is planned, steps are recorded in order. It knows nothing of what the kernels do.

import type { LayerId } from '../network/layer.js'
import { type BlockBuffer, type Lifetime, type PlannedBuffer, planArena } from './arena.js'
import { alignUp } from './slot.js'
import { type Call, needsBarrier, type Operand, type Scope, type Step } from './step.js'

/** Scratch for one row of an activation that lies nowhere else: of a layer's input, or of the gradient of its output. */
export type RowScratch = 'inputRow' | 'gradientRow'

/**
 * An operand relative to what is not known yet: the address of a block buffer or of the running thread's memory, or the
 * number of columns that one call of the step takes (`constant` times that).
 */
export interface DraftOperand extends Operand {
  readonly base: BlockBuffer | 'scratch' | RowScratch | 'own' | 'columns' | null
}

export interface DraftCall {
  readonly kernel: string
  readonly operands: readonly DraftOperand[]
  /** Address of an int32 in shared memory: the call is made only where it is not 0. */
  readonly when?: number
  /** The rows of the step that it is made in, all by default: from the first to before the end. */
  readonly first?: number
  readonly end?: number
}

/** How a row is cut: calls on `chunk` columns each. */
export interface Chunks {
  readonly columns: number
  readonly chunk: number
}

export interface StepOptions {
  readonly rows?: number
  readonly chunks?: Chunks
  readonly ordered?: boolean
  readonly multiplyAdds?: number
}

const wholeRows: Chunks = { columns: 1, chunk: 1 }

interface DraftStep extends Omit<Step, 'calls' | 'barrier' | 'descending'> {
  /** Whether a row builds on the one before it. */
  readonly ordered: boolean
  readonly calls: readonly DraftCall[]
}

/** A table that is written into shared memory before the first step. */
export interface ConstantTable {
  readonly address: number
  readonly data: Float32Array | Uint32Array
}

/** What a step list becomes once its buffers have places. */
export interface StepList {
  readonly steps: readonly Step[]
  readonly buffers: readonly PlannedBuffer[]
}

const zero = {
  constant: 0,
  perBlock: 0,
  perRow: 0,
  perColumn: 0,
  perTurn: 0,
  perSlot: 0,
  perThread: 0,
  perThreads: 0,
  base: null,
}

export function number(value: number): DraftOperand {
  return { ...zero, constant: value }
}

export const rowIndex: DraftOperand = { ...zero, perRow: 1 }
export const blockIndex: DraftOperand = { ...zero, perBlock: 1 }
/** 0 only where a step begins with a block: what is summed up over its rows starts there. */
export const turnIndex: DraftOperand = { ...zero, perTurn: 1 }
/** 0 only where a step begins with the first block. */
export const turnAndBlockIndex: DraftOperand = { ...zero, perTurn: 1, perBlock: 1 }
/** The number of columns that a call takes, times `scale`. */
export function columns(scale = 1): DraftOperand {
  return { ...zero, constant: scale, base: 'columns' }
}
export const sliceIndex: DraftOperand = { ...zero, perThread: 1 }
export const sliceCount: DraftOperand = { ...zero, perThreads: 1 }

export function at(address: number, steps: { perRow?: number; perBlock?: number } = {}): DraftOperand {
  return { ...zero, constant: address, perRow: steps.perRow ?? 0, perBlock: steps.perBlock ?? 0 }
}

/** A place in a block buffer, `offset + row * perRow + column * perColumn`. */
export function inBlock(buffer: BlockBuffer, offset = 0, perRow = 0, perColumn = 0): DraftOperand {
  return { ...zero, constant: offset, perRow, perColumn, base: buffer }
}

export class ProgramBuilder {
  readonly constants: ConstantTable[] = []
  #end: number
  #prologue: DraftCall[] = []
  #steps: DraftStep[] = []
  #buffers: BlockBuffer[] = []
  #nextBuffer = 0
  #scratchBytes = 0
  #ownBytes = 0
  readonly #rowBytes = { inputRow: 0, gradientRow: 0 }
  readonly #slots: number
  readonly #slotBytes: number

  /** @param start first free byte of shared memory */
  constructor(start: number, slotBytes: number, slots: number) {
    this.#slotBytes = alignUp(slotBytes, 64)
    this.#slots = start
    this.#end = start + this.#slotBytes * slots
  }

  get slotsAddress(): number {
    return this.#slots
  }

  get slotStride(): number {
    return this.#slotBytes
  }

  /** First byte after everything handed out so far. */
  get end(): number {
    return this.#end
  }

  /** Bytes of its own that one thread needs. */
  get threadBytes(): number {
    return this.threadOffsets.own + this.#ownBytes
  }

  /** Where in a thread's memory its parts lie. */
  get threadOffsets(): ThreadOffsets {
    const inputRow = this.#scratchBytes
    const gradientRow = inputRow + this.#rowBytes.inputRow
    return { scratch: 0, inputRow, gradientRow, own: gradientRow + this.#rowBytes.gradientRow }
  }

  /** A place in the slot of the current batch. */
  inSlot(offset: number, perBlock = 0): DraftOperand {
    return { ...zero, constant: this.#slots + offset, perSlot: this.#slotBytes, perBlock }
  }

  /** Reserves shared memory, zero at the start. @returns its address */
  shared(bytes: number): number {
    const address = alignUp(this.#end, 64)
    this.#end = address + bytes
    return address
  }

  /** Reserves shared memory that holds a table. @returns its address */
  table(data: Float32Array | Uint32Array): number {
    const address = this.shared(data.byteLength)
    this.constants.push({ address, data })
    return address
  }

  /**
   * Scratch of the running thread from byte `offset` on; its content lasts for the calls of one row of a step, as far as
   * they leave it alone.
   */
  scratch(bytes: number, offset = 0): DraftOperand {
    this.#scratchBytes = Math.max(this.#scratchBytes, alignUp(offset + bytes, 64))
    return { ...zero, constant: offset, base: 'scratch' }
  }

  /** Scratch of the running thread beside {@link scratch}. */
  rowScratch(row: RowScratch, bytes: number): DraftOperand {
    this.#rowBytes[row] = Math.max(this.#rowBytes[row], alignUp(bytes, 64))
    return { ...zero, base: row }
  }

  /** Reserves memory of every thread, which lasts: for what steps of the scope `everyThread` write. */
  own(bytes: number): DraftOperand {
    const constant = this.#ownBytes
    this.#ownBytes = alignUp(constant + bytes, 64)
    return { ...zero, constant, base: 'own' }
  }

  buffer(name: string, bytes: number): BlockBuffer {
    const buffer = { id: this.#nextBuffer++, name, bytes }
    this.#buffers.push(buffer)
    return buffer
  }

  step(
    name: string,
    layer: LayerId | null,
    scope: Scope,
    calls: readonly DraftCall[],
    options: StepOptions = {},
  ): void {
    this.#steps.push({
      ...(options.chunks ?? wholeRows),
      name,
      layer,
      scope,
      calls,
      rows: options.rows ?? 1,
      ordered: options.ordered ?? false,
      multiplyAdds: options.multiplyAdds ?? 0,
    })
  }

  /** Adds a call to the step that one thread runs before all others. */
  prologue(call: DraftCall): void {
    this.#prologue.push(call)
  }

  /** Ends the list under construction and plans its buffers. */
  finishList(): DraftList {
    const prologue: DraftStep = {
      name: 'prologue',
      layer: null,
      scope: 'once',
      calls: this.#prologue,
      rows: 1,
      ordered: false,
      ...wholeRows,
      multiplyAdds: 0,
    }
    const list = new DraftList(
      this.#prologue.length > 0 ? [prologue, ...this.#steps] : this.#steps,
      this.#buffers,
    )
    this.#prologue = []
    this.#steps = []
    this.#buffers = []
    return list
  }
}

/** Offsets into the memory of one thread. */
type ThreadOffsets = Readonly<Record<'scratch' | RowScratch | 'own', number>>

/** Addresses and sizes of what steps are relative to. */
export interface Places {
  readonly arena: number
  readonly blockBytes: number
  /** Memory of the first thread. */
  readonly scratch: number
  /** Memory of one thread. */
  readonly threadBytes: number
  readonly threadOffsets: ThreadOffsets
}

/** A step list with planned buffers, waiting for the addresses of arena and scratch. */
export class DraftList {
  readonly blockBytes: number
  readonly buffers: readonly PlannedBuffer[]
  readonly #steps: readonly DraftStep[]

  constructor(steps: readonly DraftStep[], buffers: readonly BlockBuffer[]) {
    const plan = planArena(buffers, lifetimes(steps))
    this.#steps = steps
    this.buffers = plan.planned
    this.blockBytes = plan.bytes
  }

  /** The steps with every operand a number. */
  resolve({ arena, blockBytes, scratch, threadBytes, threadOffsets }: Places): StepList {
    const offsets = new Map(this.buffers.map((buffer) => [buffer.id, buffer.offset]))
    const place = ({ base, ...operand }: DraftOperand, chunk: number): Operand => {
      if (base === null) return operand
      if (base === 'columns') return { ...operand, constant: operand.constant * chunk }
      if (typeof base === 'string') {
        const place = scratch + threadOffsets[base]
        return { ...operand, constant: place + operand.constant, perThread: threadBytes }
      }
      return {
        ...operand,
        constant: arena + offsets.get(base.id)! + operand.constant,
        perBlock: operand.perBlock + blockBytes,
      }
    }
    let descending = true
    const steps = this.#steps.map(({ ordered, ...step }, i): Step => {
      const previous = this.#steps[i - 1]
      // There and back again: what a step leaves in the cache is where the next one begins.
      const alternates = step.scope === 'blocks' && step.rows > 1
      if (alternates) descending = !ordered && !descending
      const calls = step.calls.map(
        (call): Call => ({
          kernel: call.kernel,
          operands: call.operands.map((operand) => place(operand, step.chunk)),
          when: call.when ?? null,
          first: call.first ?? 0,
          end: call.end ?? step.rows,
          bytes: bytesTouched(call),
        }),
      )
      return {
        ...step,
        descending: alternates && descending,
        calls,
        barrier: previous !== undefined && needsBarrier(previous.scope, step.scope),
      }
    })
    return { steps, buffers: this.buffers }
  }
}

function bytesTouched({ operands }: DraftCall): number {
  const buffers = new Set(
    operands.flatMap(({ base }) => (base === null || typeof base === 'string' ? [] : [base])),
  )
  return [...buffers].reduce((sum, { bytes }) => sum + bytes, 0)
}

function lifetimes(steps: readonly DraftStep[]): Map<number, Lifetime> {
  const found = new Map<number, Lifetime>()
  steps.forEach((step, index) => {
    for (const { base } of step.calls.flatMap((call) => call.operands)) {
      if (base === null || typeof base === 'string') continue
      found.set(base.id, { first: found.get(base.id)?.first ?? index, last: index })
    }
  })
  return found
}
