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
  count: 11,
} as const

/** `run` for the functions of the given indices, called in this order for each of `strips` strips of a tile. */
export function emitRun(parts: readonly number[], strips: number, stripBytes: number): FunctionBody {
  const body = new FunctionBody(RUN.count)
  const [x, y, column] = [body.newI32(), body.newI32(), body.newI32()]
  const [xStrip, yStrip] = [body.newI32(), body.newI32()]
  const copy = (from: number, to: number) => {
    body.get(from)
    body.set(to)
  }
  body.returnIfZero(RUN.rows)
  body.returnIfZero(RUN.columns)
  body.countDown(RUN.rows, () => {
    copy(RUN.x, x)
    copy(RUN.y, y)
    copy(RUN.columns, column)
    body.countDown(column, () => {
      copy(x, xStrip)
      copy(y, yStrip)
      body.repeat(strips, () => {
        for (const part of parts) {
          for (const argument of [xStrip, yStrip, RUN.scratch, RUN.scales, RUN.constants]) body.get(argument)
          body.call(part)
        }
        body.advance(xStrip, stripBytes)
        body.advance(yStrip, stripBytes)
      })
      body.advanceBy(x, RUN.xStep)
      body.advanceBy(y, RUN.yStep)
    })
    body.advanceBy(RUN.x, RUN.xRowStep)
    body.advanceBy(RUN.y, RUN.yRowStep)
  })
  return body
}
