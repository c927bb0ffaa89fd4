// Node's edge: worker threads. Everything else is portable and comes from `dctps`.

import { availableParallelism } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import { emitterVersion, transformFolder } from './file/node-cache-folder.js'
import { TransformFolder } from './file/node-transforms.js'
import type { Program } from './program/program.js'
import { TransformCache } from './program/transform-cache.js'
import type { PrepareMemory } from './runtime/modules.js'
import { createRunner, type Runner, type SpawnWorker } from './runtime/runner.js'
import type { TrainPlatform } from './train/setup.js'
import { hasRelaxedSimd, type SimdFlavour } from './transform/index.js'

const spawnWorker: SpawnWorker = (start, onMessage, onExit) => {
  const worker = new Worker(new URL('./node-worker.js', import.meta.url), { workerData: start })
  worker.on('message', onMessage)
  worker.on('error', (error) => onExit(error.message))
  worker.on('exit', (code) => onExit(`exit code ${code}`))
  return {
    terminate() {
      worker.removeAllListeners()
      void worker.terminate()
    },
  }
}

/** Cores that this process may use. */
export function defaultThreads(): number {
  return availableParallelism()
}

/**
 * Runs a program on worker threads; `threads` 1 runs in the calling thread.
 * @param prepareMemory called with the program's memory before anything is written to it
 */
export function createNodeRunner(
  program: Program,
  threads = defaultThreads(),
  prepareMemory: PrepareMemory | null = null,
): Promise<Runner> {
  return createRunner(program, threads, spawnWorker, prepareMemory)
}

/** The fastest flavour that this machine has; `plain` has the same bits on every machine. */
export function fastestSimd(): SimdFlavour {
  return enableRelaxedSimd() ? 'relaxed' : 'plain'
}

/** Node as a place to train and to classify: `threads` worker threads, all cores by default. */
export function nodePlatform(
  threads = defaultThreads(),
  simd = fastestSimd(),
  prepareMemory: PrepareMemory | null = null,
): TrainPlatform {
  return { createRunner: (program) => createNodeRunner(program, threads, prepareMemory), simd }
}

/**
 * Switches relaxed SIMD on where it needs a flag (Node 20), for the whole process.
 * @returns whether this machine has it
 */
export function enableRelaxedSimd(): boolean {
  if (!hasRelaxedSimd()) setFlagsFromString('--experimental-wasm-relaxed-simd')
  return hasRelaxedSimd()
}

/**
 * Emitted transforms that outlast the process, for `TrainPlatform.transforms` and `compileProgram`: they are kept in the
 * user's cache folder, or where the environment variable DCTPS_TRANSFORM_CACHE says; `off` keeps none. A folder that
 * cannot be used is no error.
 */
export function cachedTransforms(): TransformCache {
  try {
    const folder = transformFolder()
    if (folder === null) return new TransformCache()
    const version = emitterVersion(new URL('./transform/', import.meta.url))
    return new TransformCache(new TransformFolder({ folder, version }))
  } catch {
    // No home folder, or a bundle that has no files of the emitting code.
    return new TransformCache()
  }
}

export { readFileChecked, writeFileAtomic } from './file/node.js'
export type { PrepareMemory } from './runtime/modules.js'
