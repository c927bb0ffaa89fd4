// The name of a line of a plot, beside its end.

import * as Plot from '@observablehq/plot'

/** A point in the units of the axes. */
export type PlotPoint = readonly [x: number, y: number]

/** The name at a place of its own, joined to the last point of the line. */
export function nameLine(
  name: string,
  colour: string,
  [endX, endY]: PlotPoint,
  [x, y]: PlotPoint,
): Plot.Markish[] {
  return [
    Plot.link([0], {
      x1: [endX],
      y1: [endY],
      x2: [x],
      y2: [y],
      stroke: colour,
      strokeOpacity: 0.45,
      strokeWidth: 1,
    }),
    Plot.text([name], { x: [x], y: [y], dx: 4, textAnchor: 'start', fill: colour, fontWeight: 600 }),
  ]
}
