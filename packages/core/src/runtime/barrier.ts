// How threads in lockstep meet: a counter and a generation in shared memory. Waiting spins briefly, since most steps
// end within microseconds of each other, then sleeps.

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

/** About 20 microseconds: longer than the threads of a balanced step are apart. */
const spins = 2000

/** Spins, then sleeps, until `fields[index]` is no longer `value`. */
export function waitWhile(fields: Int32Array, index: number, value: number): void {
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

export class SharedBarrier implements Barrier {
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
      waitWhile(fields, control.generation, generation)
    }
    if (Atomics.load(fields, control.stop) !== 0)
      throw new DctpsError('cancelled', 'the workers were stopped')
  }
}
