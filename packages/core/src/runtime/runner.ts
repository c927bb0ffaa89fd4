// Runs a program: one thread in place, or workers in lockstep on shared memory. The host fills slots, submits them, and
// gets each batch's result as a promise; several batches can be under way, and they run in the order of submission.

import { DctpsError } from '../errors.js'
import { checkProgramSize, type Program } from '../program/program.js'
import { control, noBarrier, stopWorkers } from './barrier.js'
import { type BatchResult, BatchSlot, type StepHyperparameters } from './batch.js'
import { Executor, type Mode } from './executor.js'
import { compileModules, createMemory, instantiate, type PrepareMemory } from './modules.js'
import { ParameterStore } from './parameter-store.js'
import { SupportStore } from './support-store.js'
import type { WorkerMessage, WorkerStart } from './worker.js'

/** A platform's worker. */
export interface WorkerHandle {
  terminate(): void
}

/** Starts a worker that passes its start to `runWorker` and its messages to `onMessage`. */
export type SpawnWorker = (
  start: WorkerStart,
  onMessage: (message: WorkerMessage) => void,
  onExit: (reason: string) => void,
) => WorkerHandle

export interface Runner {
  readonly program: Program
  readonly threads: number
  readonly parameters: ParameterStore
  readonly supports: SupportStore
  /** Writes the table of normalised byte values, `[C][256]`. */
  setByteValues(table: Float32Array): void
  /** The slot for the next batch, once it is free. Fill it, then {@link submit} before asking for another. */
  nextSlot(): Promise<BatchSlot>
  /** Hands the slot over. The result can be read until the slot comes round again. */
  submit(slot: BatchSlot, images: number, mode: Mode, hyper?: StepHyperparameters): Promise<BatchResult>
  /** Waits until everything submitted is done; then parameters and supports may be read and written. */
  idle(): Promise<void>
  close(): void
}

/**
 * Starts a program.
 * @param threads 1 runs in the calling thread
 * @param spawn the platform's way to start workers; without it (or without shared memory) one thread is used
 * @param prepareMemory called with the program's memory before anything is written to it
 * @throws DctpsError `program` when memory or workers cannot be had
 */
export async function createRunner(
  program: Program,
  threads: number,
  spawn: SpawnWorker | null,
  prepareMemory: PrepareMemory | null = null,
): Promise<Runner> {
  if (!Number.isInteger(threads) || threads < 1) {
    throw new DctpsError('usage', `threads must be a whole number of at least 1, received ${threads}`)
  }
  const count = spawn === null || !program.sharedMemory ? 1 : Math.min(threads, program.blocks)
  checkProgramSize(program, count)
  const memory = createMemory(program, count, prepareMemory)
  const modules = await compileModules(program)
  if (count === 1 || spawn === null) {
    const executor = new Executor(program, await instantiate(modules, memory), memory, noBarrier, 0, 1)
    return new ProgramRunner(program, 1, memory, new LocalEngine(executor))
  }
  const { memory: map, evaluate, gradient, update, growth } = program
  const start = {
    program: { memory: map, evaluate, gradient, update, growth },
    modules,
    memory,
    threads: count,
  }
  return new ProgramRunner(program, count, memory, await WorkerEngine.start(start, spawn))
}

/** Runs the slot of a ticket; tickets come in order. */
interface Engine {
  run(ticket: number, slot: number): Promise<void>
  close(): void
}

/** Milliseconds that the calling thread may be held before its event loop gets a turn (signals, drawing). */
const longestHold = 50

class LocalEngine implements Engine {
  readonly #executor: Executor
  #lastTurn = performance.now()
  /** End of the batch submitted last: the next one waits for it. */
  #last: Promise<void> = Promise.resolve()

  constructor(executor: Executor) {
    this.#executor = executor
  }

  run(_ticket: number, slot: number): Promise<void> {
    const run = this.#last.then(() => this.#runNow(slot))
    this.#last = run.catch(() => {})
    return run
  }

  async #runNow(slot: number): Promise<void> {
    if (performance.now() - this.#lastTurn > longestHold) {
      await new Promise((resolve) => setTimeout(resolve))
      this.#lastTurn = performance.now()
    }
    try {
      this.#executor.run(slot)
    } catch (error) {
      throw new DctpsError('program', `a kernel failed: ${String(error)}`, { cause: error })
    }
  }

  close(): void {}
}

class WorkerEngine implements Engine {
  readonly #fields: Int32Array
  #workers: WorkerHandle[] = []
  readonly #waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>()
  #failure: Error | null = null

  private constructor(fields: Int32Array) {
    this.#fields = fields
  }

  static async start(
    start: Omit<WorkerStart, 'control' | 'thread'>,
    spawn: SpawnWorker,
  ): Promise<WorkerEngine> {
    const fields = new Int32Array(new SharedArrayBuffer(control.length * 4))
    const engine = new WorkerEngine(fields)
    await new Promise<void>((resolve, reject) => {
      let ready = 0
      for (let thread = 0; thread < start.threads; thread++) {
        const handle = spawn(
          { ...start, control: fields, thread },
          (message) => {
            if (message.type === 'ready') {
              ready++
              if (ready === start.threads) resolve()
            } else if (message.type === 'done') {
              engine.#waiting.get(message.ticket)?.resolve()
              engine.#waiting.delete(message.ticket)
            } else {
              reject(engine.#fail(`a worker failed: ${message.message}`))
            }
          },
          (reason) => reject(engine.#fail(`a worker ended: ${reason}`)),
        )
        engine.#workers.push(handle)
      }
    })
    return engine
  }

  run(ticket: number): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    const done = new Promise<void>((resolve, reject) => this.#waiting.set(ticket, { resolve, reject }))
    Atomics.store(this.#fields, control.submitted, ticket + 1)
    Atomics.notify(this.#fields, control.submitted)
    return done
  }

  close(): void {
    this.#failure ??= new DctpsError('cancelled', 'the runner was closed')
    stopWorkers(this.#fields)
    for (const worker of this.#workers) worker.terminate()
    this.#workers = []
    for (const { reject } of this.#waiting.values()) reject(this.#failure)
    this.#waiting.clear()
  }

  #fail(reason: string): Error {
    if (this.#failure === null) {
      this.#failure = new DctpsError('program', reason)
      this.close()
    }
    return this.#failure
  }
}

class ProgramRunner implements Runner {
  readonly program: Program
  readonly threads: number
  readonly parameters: ParameterStore
  readonly supports: SupportStore
  readonly #memory: WebAssembly.Memory
  readonly #engine: Engine
  readonly #slots: readonly BatchSlot[]
  /** For each slot, the end of the batch that was last submitted in it. */
  readonly #pending: Promise<unknown>[]
  #ticket = 0

  constructor(program: Program, threads: number, memory: WebAssembly.Memory, engine: Engine) {
    this.program = program
    this.threads = threads
    this.parameters = new ParameterStore(program, memory)
    this.supports = new SupportStore(program, memory)
    this.#memory = memory
    this.#engine = engine
    this.#slots = Array.from(
      { length: program.memory.slots },
      (_, index) => new BatchSlot(program, memory, index),
    )
    this.#pending = this.#slots.map(() => Promise.resolve())
  }

  setByteValues(table: Float32Array): void {
    const { normalisationTable, network } = this.program
    new Float32Array(this.#memory.buffer, normalisationTable, network.input.channels * 256).set(table)
  }

  async nextSlot(): Promise<BatchSlot> {
    const index = this.#ticket % this.#slots.length
    await this.#pending[index]
    return this.#slots[index]!
  }

  async submit(
    slot: BatchSlot,
    images: number,
    mode: Mode,
    hyper?: StepHyperparameters,
  ): Promise<BatchResult> {
    if (mode !== 'evaluate' && this.program.gradient === null) {
      throw new DctpsError(
        'usage',
        'this program was compiled for inference; compile it with an optimiser to train',
      )
    }
    if (mode === 'growth' && this.program.growth === null) {
      throw new DctpsError('usage', 'this program ranks no gradients; compile it with positions ranked')
    }
    slot.prepare(images, mode, hyper ?? null)
    const result = this.#engine.run(this.#ticket++, slot.index).then(() => slot.result())
    // Failures reach whoever awaits the result; a later `nextSlot` must not throw them again as unhandled.
    this.#pending[slot.index] = result.catch(() => {})
    return result
  }

  async idle(): Promise<void> {
    await Promise.all(this.#pending)
  }

  close(): void {
    this.#engine.close()
  }
}
