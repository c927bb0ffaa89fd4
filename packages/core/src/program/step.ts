// The instruction set of a program: steps of kernel calls whose operands are linear forms of a few indices. A program
// is plain data: it can be printed, sent to a worker, and run by a loop that knows nothing of layers.

import type { LayerId } from '../network/layer.js'

/**
 * One argument of a kernel call: `constant + perBlock * block + perRow * row + perColumn * column + perTurn * turn +
 * perSlot * slot + perThread * thread + perThreads * threads`. Addresses are bytes in the one memory.
 */
export interface Operand {
  readonly constant: number
  readonly perBlock: number
  readonly perRow: number
  readonly perColumn: number
  /** A turn is once through the calls: 0 for the first of a block, wherever that is in the image. */
  readonly perTurn: number
  readonly perSlot: number
  readonly perThread: number
  readonly perThreads: number
}

export interface Call {
  /** Name of an AssemblyScript kernel, or the key of an emitted transform. */
  readonly kernel: string
  readonly operands: readonly Operand[]
  /** Address of an int32 without which the call is left out: where it is 0. Null: the call is always made. */
  readonly when: number | null
  /** The call is made in rows `first <= row < end` of the step. */
  readonly first: number
  readonly end: number
  /** Bytes of the block buffers that it touches in all its rows, each once, for one block: the least that it moves. */
  readonly bytes: number
}

/**
 * Who runs a step:
 * - `blocks`: for each block of images, the thread that owns the block
 * - `slices`: every thread once, each on its slice of the elements
 * - `slicesOverBlocks`: every thread on its slice, once for each block in order
 * - `once`: the first thread
 * - `everyThread`: every thread for itself, into its own memory: what all blocks are asked for and little work, so that threads need
 *   not meet again before they use it
 */
export type Scope = 'blocks' | 'slices' | 'slicesOverBlocks' | 'once' | 'everyThread'

export interface Step {
  readonly name: string
  readonly layer: LayerId | null
  readonly scope: Scope
  /** The calls are made for each row, `0 <= row < rows`. */
  readonly rows: number
  /** And, in each row, for every `chunk`-th column, `0 <= column < columns`. */
  readonly columns: number
  readonly chunk: number
  /** Whether rows and blocks are taken from the last to the first. */
  readonly descending: boolean
  readonly calls: readonly Call[]
  /** Whether all threads meet before the step. */
  readonly barrier: boolean
  /** Multiply-adds for one image (steps over blocks) or for one batch. */
  readonly multiplyAdds: number
}

/** Consecutive steps need no barrier while each thread stays with its own blocks and its own memory. */
export function needsBarrier(previous: Scope, next: Scope): boolean {
  if (previous === 'everyThread') return next !== 'blocks' && next !== 'everyThread'
  return !(previous === next && (next === 'blocks' || next === 'once'))
}
