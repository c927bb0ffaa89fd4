// The frame of plots of an accuracy against something that runs over powers of ten.

import * as Plot from '@observablehq/plot'
import { logTicks } from './axes.js'
import { formatPercent } from './format.js'

export interface AccuracyFrame {
  readonly height: number
  readonly margin: Readonly<Record<'top' | 'right' | 'bottom' | 'left', number>>
  readonly x: {
    readonly name: string
    readonly domain: readonly [number, number]
    /** Default: by the domain. */
    readonly ticks?: readonly number[]
    readonly format: (value: number) => string
  }
  readonly y: { readonly name: string; readonly domain: readonly [number, number] }
}

/** @param marks drawn over the grid and the axes */
export function accuracyOverLog(
  { height, margin, x, y }: AccuracyFrame,
  marks: readonly Plot.Markish[],
): Plot.PlotOptions {
  return {
    height,
    marginTop: margin.top,
    marginRight: margin.right,
    marginBottom: margin.bottom,
    marginLeft: margin.left,
    x: { type: 'log', domain: [...x.domain], label: null },
    y: { domain: [...y.domain], label: null },
    marks: [
      Plot.gridY({ ticks: 5, strokeOpacity: 0.12 }),
      Plot.axisY({ ticks: 5, tickSize: 0, tickFormat: (value: number) => formatPercent(value, 0) }),
      Plot.axisX({ ticks: [...(x.ticks ?? logTicks(...x.domain))], tickFormat: x.format, tickSize: 4 }),
      Plot.ruleY([y.domain[0]], { strokeOpacity: 0.5 }),
      Plot.text([y.name], { frameAnchor: 'top-left', dx: -margin.left + 4, dy: -26, fontWeight: 600 }),
      Plot.text([x.name], { frameAnchor: 'bottom-right', dy: 38, fontWeight: 600 }),
      ...marks,
    ],
  }
}
