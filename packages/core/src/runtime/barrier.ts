// How threads in lockstep meet: a counter and a generation in shared memory. Waiting spins, since most steps end within
// microseconds of each other and to be woken takes longer, then sleeps.

import { DctpsError } from '../errors.js'

/** Where threads meet between steps. */
export interface Barrier {
  wait(): void
}

/** A single thread never waits. */
export const noBarrier: Barrier = { wait() {} }

/** Int32 fields of the control block that host and workers share. */
export const control = {
  /** Batches handed over so far; workers sleep on it. */
  submitted: 0,
  arrived: 1,
  generation: 2,
  /** Not 0: every worker leaves its loop. */
  stop: 3,
  length: 16,
} as const

/** About 20 microseconds. */
export const fewSpins = 2000
/** About a millisecond. */
export const manySpins = 100_000

/** Spins, then sleeps, until `fields[index]` is no longer `value`. */
export function waitWhile(fields: Int32Array, index: number, value: number, spins = fewSpins): void {
  for (let i = 0; i < spins; i++) if (Atomics.load(fields, index) !== value) return
  while (Atomics.load(fields, index) === value) Atomics.wait(fields, index, value)
}

/** Makes every worker leave its loop, wherever it waits. */
export function stopWorkers(fields: Int32Array): void {
  Atomics.store(fields, control.stop, 1)
  for (const index of [control.submitted, control.generation]) {
    Atomics.add(fields, index, 1)
    Atomics.notify(fields, index)
  }
}

/**
 * How long one thread spins for the others. On processors of their own threads are rarely a millisecond apart, and to spin so long saves a
 * few percent of a step. Where something else runs there it takes processors away for longer, every few meetings, and who spins keeps
 * them from the thread that is waited for: then sleep comes early.
 */
export class Patience {
  /** Milliseconds after which a thread that is waited for must have lost its processor. */
  static readonly longWait = 1
  /** Of the last waits, those that were long; older ones count less. */
  #longWaits = 0

  /** Spins before the next sleep. */
  get spins(): number {
    return this.#longWaits < 8 ? manySpins : fewSpins
  }

  /** Says how long the last wait took. */
  waited(milliseconds: number): void {
    this.#longWaits *= 1 - 1 / 64
    if (milliseconds > Patience.longWait) this.#longWaits++
  }
}

export class SharedBarrier implements Barrier {
  readonly #patience = new Patience()
  readonly #fields: Int32Array
  readonly #threads: number

  constructor(fields: Int32Array, threads: number) {
    this.#fields = fields
    this.#threads = threads
  }

  /** @throws DctpsError `cancelled` when another thread has failed or the host stopped the workers */
  wait(): void {
    const fields = this.#fields
    const generation = Atomics.load(fields, control.generation)
    if (Atomics.add(fields, control.arrived, 1) === this.#threads - 1) {
      Atomics.store(fields, control.arrived, 0)
      Atomics.add(fields, control.generation, 1)
      Atomics.notify(fields, control.generation)
    } else {
      const begin = performance.now()
      waitWhile(fields, control.generation, generation, this.#patience.spins)
      this.#patience.waited(performance.now() - begin)
    }
    if (Atomics.load(fields, control.stop) !== 0)
      throw new DctpsError('cancelled', 'the workers were stopped')
  }
}
