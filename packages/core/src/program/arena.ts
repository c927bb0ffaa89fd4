// The arena plan: every buffer of a block gets an offset by liveness. Two buffers may share memory when no step needs
// both; the plan is made once, before anything is allocated, and can be printed.

import { alignUp } from './slot.js'

/** A piece of a block's memory while it is planned. */
export interface BlockBuffer {
  readonly id: number
  readonly name: string
  readonly bytes: number
}

/** First and last step (indices into one step list) that touch a buffer. */
export interface Lifetime {
  readonly first: number
  readonly last: number
}

export interface PlannedBuffer extends BlockBuffer, Lifetime {
  readonly offset: number
}

/** Cache lines apart, so that two threads never write to one line and vectors are aligned. */
const alignment = 64

/**
 * Gives each buffer the lowest offset where it overlaps no buffer alive at the same time, largest first (greedy by
 * size, Pisarchyk & Lee 2020).
 */
export function planArena(
  buffers: readonly BlockBuffer[],
  lifetimes: ReadonlyMap<number, Lifetime>,
): { planned: PlannedBuffer[]; bytes: number } {
  const used = buffers.filter((buffer) => lifetimes.has(buffer.id))
  const order = [...used].sort((a, b) => b.bytes - a.bytes || a.id - b.id)
  const placed: PlannedBuffer[] = []
  let total = 0
  for (const buffer of order) {
    const { first, last } = lifetimes.get(buffer.id)!
    const rivals = placed
      .filter((other) => other.first <= last && first <= other.last)
      .sort((a, b) => a.offset - b.offset)
    let offset = 0
    for (const other of rivals) {
      if (offset + buffer.bytes <= other.offset) break
      offset = Math.max(offset, alignUp(other.offset + other.bytes, alignment))
    }
    placed.push({ ...buffer, first, last, offset })
    total = Math.max(total, alignUp(offset + buffer.bytes, alignment))
  }
  return { planned: placed.sort((a, b) => a.id - b.id), bytes: total }
}
