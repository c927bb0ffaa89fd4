// A program taken apart: any of its steps can be run alone, in this thread, by the engine's own executor. For timing
// parts; whole steps are timed through a runner, as training runs them.

import { setFlagsFromString } from 'node:v8'
import { hugePages, still } from '@dctps/lab'
import type { Program } from 'dctps'
import type { Step } from 'dctps/internal/program/step'
import { noBarrier } from 'dctps/internal/runtime/barrier'
import { BatchSlot } from 'dctps/internal/runtime/batch'
import { Executor, type Kernel } from 'dctps/internal/runtime/executor'
import { compileModules, createMemory, instantiate } from 'dctps/internal/runtime/modules'
import { ParameterStore } from 'dctps/internal/runtime/parameter-store'

/**
 * Makes the engine compile WebAssembly with its optimising compiler at once. Otherwise code runs up to ten times slower
 * at first, and large transforms do so for a second: parts would be measured before they are what training runs.
 */
export function useOptimisedCode(): void {
  for (const flag of ['--no-liftoff', '--no-wasm-lazy-compilation']) setFlagsFromString(flag)
}

export class BenchProgram {
  readonly program: Program
  readonly parameters: ParameterStore
  readonly #memory: WebAssembly.Memory
  readonly #kernels: ReadonlyMap<string, Kernel>

  private constructor(program: Program, memory: WebAssembly.Memory, kernels: ReadonlyMap<string, Kernel>) {
    this.program = program
    this.parameters = new ParameterStore(program, memory)
    this.#memory = memory
    this.#kernels = kernels
    const slot = new BatchSlot(program, memory, 0)
    const { normalisationTable, network } = program
    fillPattern(new Float32Array(memory.buffer, normalisationTable, network.input.channels * 256))
    if (program.input.type === 'floats') fillPattern(slot.floats)
    else for (let i = 0; i < slot.pixels.length; i++) slot.pixels[i] = i % 256
    fillPattern(slot.upstream)
    slot.prepare(program.batch, 'evaluate', still)
  }

  /** A program for one thread, its batch full of images. */
  static async create(program: Program): Promise<BenchProgram> {
    const memory = createMemory(program, 1, await hugePages())
    return new BenchProgram(program, memory, await instantiate(await compileModules(program), memory))
  }

  /** Gives every kernel plain numbers, which are all that timing needs, without drawing millions of random ones. */
  fillKernels(): void {
    for (const { role, address, size } of this.program.layout.parameters) {
      const values = new Float32Array(this.#memory.buffer, address, size)
      if (role === 'kernel') fillPattern(values)
      else if (role === 'alpha') values.fill(1)
    }
  }

  /** A function that runs these steps on the whole batch. */
  runs(steps: readonly Step[]): () => void {
    const { memory } = this.program
    const parts = { memory, evaluate: { steps, buffers: [] }, gradient: null, update: null, growth: null }
    const executor = new Executor(parts, this.#kernels, this.#memory, noBarrier, 0, 1)
    return () => executor.run(0)
  }
}

/** Small numbers of both signs, none of them zero (an untouched page of zeros is faster to read than memory is). */
function fillPattern(values: Float32Array): void {
  for (let i = 0; i < values.length; i++) values[i] = ((i % 7) - 2.5) / 16
}
