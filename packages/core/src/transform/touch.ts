// Brings tiles into the cache. Straight-line code visits rows in an order that no hardware prefetcher foresees: on tiles
// that come from memory it waits for nearly every line. Reading one word of every line in order beforehand makes a
// transform of 64 channels up to three times as fast, and costs a few percent where the tile is in the cache already. It is
// done for several positions at once, inputs before outputs: a longer run of memory arrives faster. (To read the next tile while this one
// is computed, a few lines at a time, was slower: the processor waits for each of them.)

import { PART } from './driver.js'
import { FunctionBody } from './function-body.js'

/** Smallest line of the caches of current processors. */
const LINE = 64
/** Lines that one turn of the loop touches. */
const LINES_PER_TURN = 8
/** What is brought in at once: it has to be in the second-level cache still when it is used. */
const BYTES_AT_ONCE = 1 << 18

/** Bytes `start .. end-1` from a tile pointer. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** The spans that rows of `rowBytes` at the given offsets cover, in order. */
export function spansOf(offsets: Int32Array, rowBytes: number): Span[] {
  const spans: { start: number; end: number }[] = []
  for (const offset of offsets.slice().sort()) {
    const last = spans.at(-1)
    if (last !== undefined && offset <= last.end) last.end = Math.max(last.end, offset + rowBytes)
    else spans.push({ start: offset, end: offset + rowBytes })
  }
  return spans
}

/** Positions whose tiles are touched before they are computed. */
export function positionsAtOnce(spans: readonly Span[]): number {
  const bytes = spans.reduce((sum, { start, end }) => sum + end - start, 0)
  return Math.max(1, Math.floor(BYTES_AT_ONCE / bytes))
}

/** A part, in the sense of `PART`, that touches the spans of a tile. */
export function emitTouch(pointer: typeof PART.x | typeof PART.y, spans: readonly Span[]): FunctionBody {
  const body = new FunctionBody(PART.count)
  const address = body.newI32()
  for (const { start, end } of spans) {
    const lines = Math.ceil((end - start) / LINE)
    const turns = Math.floor(lines / LINES_PER_TURN)
    body.get(pointer)
    body.set(address)
    if (turns > 0) {
      body.repeat(turns, () => {
        for (let line = 0; line < LINES_PER_TURN; line++) body.touch(address, start + line * LINE)
        body.advance(address, LINES_PER_TURN * LINE)
      })
    }
    for (let line = 0; line < lines % LINES_PER_TURN; line++) body.touch(address, start + line * LINE)
  }
  return body
}
