// Runs step lists for one thread: operands bound to the thread once, then a loop that knows nothing of layers. Nothing
// is allocated while it runs.

import type { StepList } from '../program/builder.js'
import type { ExecutableProgram } from '../program/program.js'
import { slotHeader } from '../program/slot.js'
import type { Operand, Scope } from '../program/step.js'
import type { Barrier } from './barrier.js'

export type Kernel = (...operands: number[]) => unknown

/** What a slot asks for. */
export const modes = { evaluate: 0, gradient: 1, train: 2, growth: 3 } as const
export type Mode = keyof typeof modes

/** An operand that changes from call to call: its place among the arguments, and its coefficients. */
interface Moving {
  readonly index: number
  readonly base: number
  readonly perBlock: number
  readonly perRow: number
  readonly perColumn: number
  readonly perTurn: number
  readonly perSlot: number
}

interface BoundCall {
  readonly kernel: Kernel
  readonly operands: number[]
  readonly moving: readonly Moving[]
  /** Which int32 of the memory has to be other than 0; -1: none. */
  readonly when: number
  readonly first: number
  readonly end: number
}

interface BoundStep {
  readonly scope: Scope
  readonly rows: number
  readonly columns: number
  readonly chunk: number
  readonly descending: boolean
  readonly barrier: boolean
  readonly calls: readonly BoundCall[]
}

export class Executor {
  readonly #program: ExecutableProgram
  readonly #thread: number
  readonly #threads: number
  readonly #barrier: Barrier
  readonly #words: Int32Array
  readonly #evaluate: readonly BoundStep[]
  readonly #gradient: readonly BoundStep[]
  readonly #update: readonly BoundStep[]
  readonly #growth: readonly BoundStep[]

  constructor(
    program: ExecutableProgram,
    kernels: ReadonlyMap<string, Kernel>,
    memory: WebAssembly.Memory,
    barrier: Barrier,
    thread: number,
    threads: number,
  ) {
    this.#program = program
    this.#thread = thread
    this.#threads = threads
    this.#barrier = barrier
    this.#words = new Int32Array(memory.buffer)
    const bind = (list: StepList | null) => (list === null ? [] : bindSteps(list, kernels, thread, threads))
    this.#evaluate = bind(program.evaluate)
    this.#gradient = bind(program.gradient)
    this.#update = bind(program.update)
    this.#growth = bind(program.growth)
  }

  /** Runs the batch in a slot; returns when this thread is done and all others are. */
  run(slot: number): void {
    const { slotsAddress, slotStride } = this.#program.memory
    const header = (slotsAddress + slot * slotStride) / 4
    const blocks = this.#words[header + slotHeader.blocks / 4]!
    const mode = this.#words[header + slotHeader.mode / 4]!
    if (mode === modes.evaluate) {
      this.#runList(this.#evaluate, slot, blocks)
    } else if (mode === modes.growth) {
      this.#runList(this.#growth, slot, blocks)
    } else {
      this.#runList(this.#gradient, slot, blocks)
      if (mode === modes.train) {
        this.#barrier.wait()
        this.#runList(this.#update, slot, blocks)
      }
    }
    this.#barrier.wait()
  }

  #runList(steps: readonly BoundStep[], slot: number, blocks: number): void {
    const thread = this.#thread
    for (const step of steps) {
      if (step.barrier) this.#barrier.wait()
      switch (step.scope) {
        case 'blocks':
          this.#runOwnBlocks(step, slot, blocks)
          break
        case 'slices':
        case 'everyThread':
          runRows(step, 0, slot, this.#words)
          break
        case 'slicesOverBlocks':
          for (let block = 0; block < blocks; block++) runRows(step, block, slot, this.#words)
          break
        case 'once':
          if (thread === 0) runRows(step, 0, slot, this.#words)
          break
      }
    }
  }

  #runOwnBlocks(step: BoundStep, slot: number, blocks: number): void {
    const own = Math.ceil((blocks - this.#thread) / this.#threads)
    for (let done = 0; done < own; done++) {
      const which = step.descending ? own - 1 - done : done
      runRows(step, this.#thread + this.#threads * which, slot, this.#words)
    }
  }
}

function runRows(step: BoundStep, block: number, slot: number, words: Int32Array): void {
  let turn = 0
  for (let done = 0; done < step.rows; done++) {
    const row = step.descending ? step.rows - 1 - done : done
    for (let column = 0; column < step.columns; column += step.chunk) {
      for (const { kernel, operands, moving, when, first, end } of step.calls) {
        if (row < first || row >= end || (when >= 0 && words[when] === 0)) continue
        for (const { index, base, perBlock, perRow, perColumn, perTurn, perSlot } of moving) {
          operands[index] =
            (base + perBlock * block + perRow * row + perColumn * column + perTurn * turn + perSlot * slot) |
            0
        }
        kernel(...operands)
      }
      turn++
    }
  }
}

function bindSteps(
  list: StepList,
  kernels: ReadonlyMap<string, Kernel>,
  thread: number,
  threads: number,
): BoundStep[] {
  const here = (operand: Operand): number =>
    operand.constant + operand.perThread * thread + operand.perThreads * threads
  return list.steps.map((step) => ({
    scope: step.scope,
    rows: step.rows,
    columns: step.columns,
    chunk: step.chunk,
    descending: step.descending,
    barrier: step.barrier,
    calls: step.calls.map((call): BoundCall => {
      const kernel = kernels.get(call.kernel)
      if (kernel === undefined)
        throw new Error(`step ${step.name} calls ${call.kernel}, which no module exports`)
      const moving: Moving[] = []
      const operands = call.operands.map((operand, index) => {
        const base = here(operand)
        const { perBlock, perRow, perColumn, perTurn, perSlot } = operand
        if ([perBlock, perRow, perColumn, perTurn, perSlot].some((coefficient) => coefficient !== 0))
          moving.push({ index, base, perBlock, perRow, perColumn, perTurn, perSlot })
        // Addresses above 2 GiB become negative int32, as WebAssembly would make them, and stay small integers.
        return Number.isInteger(base) ? base | 0 : base
      })
      const when = call.when === null ? -1 : call.when / 4
      return { kernel, operands, moving, when, first: call.first, end: call.end }
    }),
  }))
}
