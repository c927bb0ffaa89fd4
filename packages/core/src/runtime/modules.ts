// From a program to callable kernels: compiled modules, which threads share, and their instances, one set a thread.

import { DctpsError } from '../errors.js'
import { type Program, pageBytes, programBytes } from '../program/program.js'
import type { Kernel } from './executor.js'
import { kernelBinaries } from './kernel-binaries.js'

/** Compiled modules by transform key; the kernels' own module under {@link kernelsKey}. */
export type CompiledModules = ReadonlyMap<string, WebAssembly.Module>

const kernelsKey = 'kernels'

/** What a platform does to new memory. */
export type PrepareMemory = (memory: WebAssembly.Memory) => void

/** Compiles the kernels and all emitted transforms, in parallel where the engine can. */
export async function compileModules(program: Program): Promise<CompiledModules> {
  const kernels = decodeBase64(kernelBinaries[program.simd][program.sharedMemory ? 'shared' : 'unshared'])
  const sources: [string, Uint8Array<ArrayBuffer>][] = [[kernelsKey, kernels]]
  for (const [key, { bytes }] of program.modules) sources.push([key, bytes])
  return new Map(
    await Promise.all(
      sources.map(
        async ([key, bytes]): Promise<[string, WebAssembly.Module]> => [
          key,
          await WebAssembly.compile(bytes),
        ],
      ),
    ),
  )
}

/**
 * Memory for a program with a number of threads, its tables written.
 * @param prepare called before anything is written to it
 */
export function createMemory(
  program: Program,
  threads: number,
  prepare: PrepareMemory | null = null,
): WebAssembly.Memory {
  const pages = Math.ceil(programBytes(program.memory, threads) / pageBytes)
  let memory: WebAssembly.Memory
  try {
    memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: program.sharedMemory })
  } catch (error) {
    throw new DctpsError(
      'program',
      `${program.network.name} at batch ${program.batch} needs ${((pages * pageBytes) / 2 ** 20).toFixed(0)} MiB, which this machine did not give; use a smaller batch`,
      { cause: error },
    )
  }
  prepare?.(memory)
  for (const { address, data } of program.constants) {
    new Uint8Array(memory.buffer, address, data.byteLength).set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    )
  }
  return memory
}

/** The kernels of one thread: every AssemblyScript export by name, every emitted transform by key. */
export async function instantiate(
  modules: CompiledModules,
  memory: WebAssembly.Memory,
): Promise<ReadonlyMap<string, Kernel>> {
  const kernels = new Map<string, Kernel>()
  for (const [key, module] of modules) {
    const { exports } = await WebAssembly.instantiate(module, { env: { memory, abort } })
    for (const [name, value] of Object.entries(exports)) {
      if (isKernel(value)) kernels.set(key === kernelsKey ? name : key, value)
    }
  }
  const staticEnd = kernels.get('staticEnd')?.()
  if (typeof staticEnd !== 'number' || staticEnd > pageBytes) {
    throw new Error(
      `the kernels' static data ends at ${String(staticEnd)}, beyond the page that is reserved for it`,
    )
  }
  return kernels
}

function isKernel(value: unknown): value is Kernel {
  return typeof value === 'function'
}

function abort(): never {
  throw new Error('a kernel aborted')
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}
