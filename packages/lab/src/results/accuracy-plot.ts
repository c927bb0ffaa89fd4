// Accuracy against density for one panel: mean and deviation of each method, single seeds beside them, and the dense network
// as a level line.

import * as Plot from '@observablehq/plot'
import { accuracyOverLog } from '../report/accuracy-frame.js'
import { accuracyDomain, logTicks } from '../report/axes.js'
import { formatDensity } from '../report/format.js'
import { PLOT_WIDTH, type PlotDescription } from '../report/plot.js'
import { groupBy } from '../report/records.js'
import { lookOf, type MethodLooks } from './looks.js'
import { type Cell, measures, type Panel } from './panels.js'
import { formatSpread, type Spread } from './statistics.js'

const HEIGHT = 320
const MARGIN = { top: 34, right: 20, bottom: 46, left: 46 } as const

/** Methods at one density stand so far apart that their deviations can be told from each other, as a factor of the density. */
const STEP_APART = 1.05
/** Half the width of the line at the ends of a deviation, as a factor too. */
const CAP = 1.025

interface Entry {
  readonly method: string
  readonly density: number
  /** Where it is drawn. */
  readonly x: number
  readonly spread: Spread
  readonly low: number
  readonly high: number
}

/** Null where no sparse network was measured. */
export function describeAccuracy(panel: Panel, looks: MethodLooks): PlotDescription | null {
  const measured = panel.cells.flatMap((cell) => {
    const spread = cell.chosen[panel.measure]
    return spread === null ? [] : [{ cell, spread }]
  })
  if (measured.every(({ cell }) => cell.density === null)) return null
  const methods = [
    ...new Set(measured.filter(({ cell }) => cell.density !== null).map(({ cell }) => cell.method)),
  ]
  const entries = measured.flatMap(({ cell: { method, density }, spread }): Entry[] => {
    if (density === null) return []
    const place = methods.indexOf(method) - (methods.length - 1) / 2
    const deviation = spread.deviation ?? 0
    const [low, high] = [spread.mean - deviation, spread.mean + deviation]
    return [{ method, density, x: density * STEP_APART ** place, spread, low, high }]
  })
  const levels = measured.filter(({ cell }) => cell.density === null)
  return {
    title: `${measures[panel.measure]} against density, ${panel.title}`,
    description: measured.map(({ cell, spread }) => `${nameOf(cell)}: ${formatSpread(spread)}`).join('; '),
    options: plotOptions(entries, levels, looks),
  }
}

function nameOf({ method, density }: Cell): string {
  return density === null ? method : `${method} at ${formatDensity(density)}`
}

function plotOptions(
  entries: readonly Entry[],
  levels: readonly { readonly cell: Cell; readonly spread: Spread }[],
  looks: MethodLooks,
): Plot.PlotOptions {
  const spreads = [...entries, ...levels].map(({ spread }) => spread)
  const [low, high] = accuracyDomain(
    spreads.flatMap(({ mean, deviation, values }) => [
      mean - (deviation ?? 0),
      mean + (deviation ?? 0),
      ...values,
    ]),
  )
  const [left, right] = densityDomain(entries)
  return accuracyOverLog(
    {
      height: HEIGHT,
      margin: MARGIN,
      x: {
        name: 'density',
        domain: [left, right],
        ticks: densityTicks(entries, left, right),
        format: formatDensity,
      },
      y: { name: 'Accuracy', domain: [low, high] },
    },
    [
      levels.map(({ cell, spread }) => drawLevel(cell, spread, looks, [left, right])),
      [...groupBy(entries, ({ method }) => method)].map(([method, own]) => drawMethod(method, own, looks)),
      levels.map(({ cell, spread }) => nameLevel(cell, spread, looks, left)),
    ],
  )
}

function drawLevel({ method }: Cell, spread: Spread, looks: MethodLooks, [left, right]: [number, number]) {
  const { colour, dash } = lookOf(looks, method)
  const deviation = spread.deviation ?? 0
  return [
    Plot.rect([spread], {
      x1: left,
      x2: right,
      y1: spread.mean - deviation,
      y2: spread.mean + deviation,
      fill: colour,
      fillOpacity: 0.1,
    }),
    Plot.ruleY([spread.mean], {
      stroke: colour,
      strokeWidth: 1.6,
      ...(dash === null ? {} : { strokeDasharray: dash }),
      title: () => `${method}: ${formatSpread(spread)}`,
    }),
  ]
}

/** Above everything else: points must not hide the name. */
function nameLevel({ method }: Cell, spread: Spread, looks: MethodLooks, left: number) {
  return Plot.text([method], {
    x: [left],
    y: [spread.mean],
    dx: 4,
    dy: -8,
    textAnchor: 'start',
    fill: lookOf(looks, method).colour,
    stroke: 'white',
    strokeWidth: 4,
    fontWeight: 600,
  })
}

function drawMethod(method: string, entries: readonly Entry[], looks: MethodLooks) {
  const { colour, dash, symbol } = lookOf(looks, method)
  const place = { x: 'x', stroke: colour } as const
  const seeds = entries.flatMap(({ x, spread }) => spread.values.map((value) => ({ x, value })))
  return [
    Plot.line(
      entries.toSorted((a, b) => a.density - b.density),
      {
        ...place,
        y: (entry: Entry) => entry.spread.mean,
        strokeWidth: 1.6,
        ...(dash === null ? {} : { strokeDasharray: dash }),
      },
    ),
    Plot.ruleX(entries, { ...place, y1: 'low', y2: 'high', strokeWidth: 2.2 }),
    ['low', 'high'].map((end) =>
      Plot.ruleY(
        entries.filter(({ spread }) => spread.deviation !== null),
        {
          stroke: colour,
          x1: ({ x }: Entry) => x / CAP,
          x2: ({ x }: Entry) => x * CAP,
          y: end,
          strokeWidth: 1.4,
        },
      ),
    ),
    Plot.dot(seeds, { ...place, y: 'value', r: 2.4, strokeWidth: 1, fill: 'white', fillOpacity: 0.7 }),
    Plot.dot(entries, {
      x: 'x',
      y: (entry: Entry) => entry.spread.mean,
      symbol,
      fill: colour,
      stroke: 'white',
      strokeWidth: 0.8,
      r: 5,
      title: ({ density, spread }: Entry) =>
        `${method} at ${formatDensity(density)}: ${formatSpread(spread)}`,
    }),
  ]
}

/** Room beside the outermost densities, and a whole factor of ten at least, so that slopes are comparable. */
function densityDomain(entries: readonly Entry[]): [number, number] {
  const least = Math.min(...entries.map(({ x }) => x))
  const most = Math.max(...entries.map(({ x }) => x))
  const margin = Math.max(1.5, Math.sqrt(10 / (most / least)))
  return [least / margin, most * margin]
}

/** The densities themselves where their names fit beside each other, else round ones. */
function densityTicks(entries: readonly Entry[], left: number, right: number): number[] {
  const densities = [...new Set(entries.map(({ density }) => density))].sort((a, b) => a - b)
  const width = PLOT_WIDTH - MARGIN.left - MARGIN.right
  const place = (density: number) => (Math.log(density / left) / Math.log(right / left)) * width
  const apart = densities.every(
    (density, index) => index === 0 || place(density) - place(densities[index - 1]!) > 46,
  )
  return apart ? densities : logTicks(left, right)
}
