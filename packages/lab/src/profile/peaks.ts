// What this machine can do at most, measured on the spot on one thread: the yardstick for every kernel.

import type { Kernel } from 'dctps/internal/runtime/executor'

export interface MachinePeaks {
  /** Multiply-adds a second in vectors of four float32, all operands in registers. */
  readonly multiplyAddsPerSecond: number
  /** Bytes a second, read and written, of a copy that does not fit the caches. */
  readonly bytesPerSecond: number
}

/** Multiply-adds of one turn of the kernel `multiplyAddPeak`. */
const multiplyAddsPerTurn = 40
const turns = 1_000_000
/** Larger than the caches of a core, where the program's memory allows it. */
const copiedBytes = 128 * 2 ** 20
const attempts = 5

/** @param memory of a program that is not needed any more: it is overwritten */
export function measurePeaks(kernels: ReadonlyMap<string, Kernel>, memory: WebAssembly.Memory): MachinePeaks {
  const peak = kernels.get('multiplyAddPeak')!
  const copy = kernels.get('copyRows')!
  const half = Math.min(copiedBytes, Math.floor(memory.buffer.byteLength / 128) * 64 - 65536)
  const source = memory.buffer.byteLength - 2 * half
  return {
    multiplyAddsPerSecond: (multiplyAddsPerTurn * turns) / fastest(() => peak(turns)),
    bytesPerSecond: (2 * half) / fastest(() => copy(source, 0, source + half, 0, 1, half)),
  }
}

/** Seconds of the best of a few attempts: other work only ever slows down. */
function fastest(work: () => void): number {
  let best = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < attempts; attempt++) {
    const begin = performance.now()
    work()
    best = Math.min(best, (performance.now() - begin) / 1000)
  }
  return best
}
