// The exported function of every transform module: it walks over the positions of an image and over strips of lanes, and
// calls the functions that do the work.

import { FunctionBody } from './function-body.js'

/** Parameters of the functions that do the work: addresses, of which x, y and scratch are those of a strip. */
export const PART = { x: 0, y: 1, scratch: 2, scales: 3, constants: 4, count: 5 } as const

const RUN = {
  x: 0,
  y: 1,
  scratch: 2,
  scales: 3,
  constants: 4,
  rows: 5,
  xRowStep: 6,
  yRowStep: 7,
  columns: 8,
  xStep: 9,
  yStep: 10,
  inCache: 11,
  count: 12,
} as const

/** Bits of the last operand of `run`: what is not touched beforehand, since it lies in the cache. */
export const IN_CACHE = { x: 1, y: 2 } as const

/** Functions of a module by index. */
export interface RunFunctions {
  /** Touch what a position reads, and what it writes: for a run of up to `columns` positions before anything else is done with them. */
  readonly touch: { readonly x: number; readonly y: number } | null
  readonly columns: number
  /** Called in this order for each strip of each position. */
  readonly parts: readonly number[]
}

/** `run` for a module's functions, on tiles of `strips` strips. */
export function emitRun(functions: RunFunctions, strips: number, stripBytes: number): FunctionBody {
  const body = new FunctionBody(RUN.count)
  const [x, y, column] = [body.newI32(), body.newI32(), body.newI32()]
  const [remaining, run, xRun, yRun] = [body.newI32(), body.newI32(), body.newI32(), body.newI32()]
  const [xStrip, yStrip] = [body.newI32(), body.newI32()]
  const copy = (from: number, to: number) => {
    body.get(from)
    body.set(to)
  }
  const call = (index: number, xTile: number, yTile: number) => {
    for (const argument of [xTile, yTile, RUN.scratch, RUN.scales, RUN.constants]) body.get(argument)
    body.call(index)
  }
  const eachPosition = (visit: () => void) => {
    copy(xRun, x)
    copy(yRun, y)
    copy(run, column)
    body.countDown(column, () => {
      visit()
      body.advanceBy(x, RUN.xStep)
      body.advanceBy(y, RUN.yStep)
    })
  }
  body.returnIfZero(RUN.rows)
  body.returnIfZero(RUN.columns)
  body.countDown(RUN.rows, () => {
    copy(RUN.x, xRun)
    copy(RUN.y, yRun)
    copy(RUN.columns, remaining)
    body.countDownBy(remaining, run, functions.columns, () => {
      for (const side of ['x', 'y'] as const) {
        const touch = functions.touch?.[side]
        if (touch !== undefined)
          body.unlessBit(RUN.inCache, IN_CACHE[side], () => eachPosition(() => call(touch, x, y)))
      }
      eachPosition(() => {
        copy(x, xStrip)
        copy(y, yStrip)
        body.repeat(strips, () => {
          for (const part of functions.parts) call(part, xStrip, yStrip)
          body.advance(xStrip, stripBytes)
          body.advance(yStrip, stripBytes)
        })
      })
      copy(x, xRun)
      copy(y, yRun)
    })
    body.advanceBy(RUN.x, RUN.xRowStep)
    body.advanceBy(RUN.y, RUN.yRowStep)
  })
  return body
}
