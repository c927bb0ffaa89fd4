// The page's edge: web workers where memory can be shared (cross-origin isolation), one thread elsewhere.

import type { Program } from './program/program.js'
import { createRunner, type Runner, type SpawnWorker } from './runtime/runner.js'
import type { TrainPlatform } from './train/setup.js'
import { hasRelaxedSimd, type SimdFlavour } from './transform/index.js'

/** Whether this page may share memory with workers; programs must be compiled with the same `sharedMemory`. */
export function canShareMemory(): boolean {
  return globalThis.crossOriginIsolated === true
}

const spawnWorker: SpawnWorker = (start, onMessage, onExit) => {
  const worker = new Worker(new URL('./browser-worker.js', import.meta.url), { type: 'module' })
  worker.addEventListener('message', (event) => onMessage(event.data))
  worker.addEventListener('error', (event) => onExit(event.message))
  worker.postMessage(start)
  return { terminate: () => worker.terminate() }
}

/** Runs a program on web workers, or in the calling thread where memory cannot be shared. */
export function createBrowserRunner(
  program: Program,
  threads = navigator.hardwareConcurrency,
): Promise<Runner> {
  return createRunner(program, threads, canShareMemory() ? spawnWorker : null)
}

/** The fastest flavour that this browser has; `plain` has the same bits in every one. */
export function fastestSimd(): SimdFlavour {
  return hasRelaxedSimd() ? 'relaxed' : 'plain'
}

/** The page as a place to train and to classify. */
export function browserPlatform(
  threads = navigator.hardwareConcurrency,
  simd = fastestSimd(),
): TrainPlatform {
  return {
    createRunner: (program) => createBrowserRunner(program, threads),
    sharedMemory: canShareMemory(),
    simd,
  }
}
