// What a worker does, on any platform: instantiate the kernels, then run batch after batch until it is stopped.

import type { ExecutableProgram } from '../program/program.js'
import { control, SharedBarrier, waitWhile } from './barrier.js'
import { Executor } from './executor.js'
import { type CompiledModules, instantiate } from './modules.js'

/** Everything a worker needs, as one message. */
export interface WorkerStart {
  readonly program: ExecutableProgram
  readonly modules: CompiledModules
  readonly memory: WebAssembly.Memory
  readonly control: Int32Array
  readonly thread: number
  readonly threads: number
}

/** From worker to host. Only thread 0 says `done`, after all threads have finished the batch. */
export type WorkerMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly ticket: number }
  | { readonly type: 'failed'; readonly message: string }

/** Runs until the host stops the workers. Never rejects: failures are posted. */
export async function runWorker(start: WorkerStart, post: (message: WorkerMessage) => void): Promise<void> {
  const { program, modules, memory, control: fields, thread, threads } = start
  try {
    const kernels = await instantiate(modules, memory)
    const executor = new Executor(
      program,
      kernels,
      memory,
      new SharedBarrier(fields, threads),
      thread,
      threads,
    )
    post({ type: 'ready' })
    for (let ticket = 0; ; ticket++) {
      waitWhile(fields, control.submitted, ticket)
      if (Atomics.load(fields, control.stop) !== 0) return
      executor.run(ticket % program.memory.slots)
      if (thread === 0) post({ type: 'done', ticket })
    }
  } catch (error) {
    if (Atomics.load(fields, control.stop) === 0) {
      post({ type: 'failed', message: error instanceof Error ? error.message : String(error) })
    }
  }
}
