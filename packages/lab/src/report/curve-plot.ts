// One plot of learning curves: lines, a marker an epoch, and each curve's name at its end. Which runs share a plot and
// what is measured is left to curves.ts.

import * as Plot from '@observablehq/plot'
import type { EpochRecord } from 'dctps'
import { kindLooks } from './kind-look.js'
import { spreadPositions } from './place-labels.js'
import { PLOT_FONT_SIZE, PLOT_WIDTH, type PlotDescription } from './plot.js'
import { type ReportRun, shownRuns } from './records.js'

/** What is drawn against the epoch. */
export interface Metric {
  readonly name: string
  /** Where the axis may run, from what the panels show. */
  readonly domain: readonly [number, number]
  readonly tickFormat: (value: number) => string
  readonly valueFormat: (value: number) => string
  readonly read: (record: EpochRecord) => number
}

/** Runs that share a plot. */
export interface Panel {
  readonly title: string
  readonly runs: readonly ReportRun[]
}

const HEIGHT = 260
const MARGIN = { top: 30, bottom: 38, left: 46 } as const
/** Room between a curve's last point and its name. */
const LABEL_OFFSET = 18
const LONGEST_LABEL = 20
/** Past this many epochs, markers at every point would merge into a thick line. */
const MOST_MARKED_EPOCHS = 40

interface Curve {
  readonly run: ReportRun
  readonly points: readonly { readonly epoch: number; readonly value: number }[]
  /** The last point with a value. */
  readonly end: { readonly epoch: number; readonly value: number }
}

function toCurves(runs: readonly ReportRun[], metric: Metric): Curve[] {
  return runs.flatMap((run) => {
    const points = run.epochs.map((record) => ({ epoch: record.epoch, value: metric.read(record) }))
    const end = points.findLast((point) => Number.isFinite(point.value))
    return end ? [{ run, points, end }] : []
  })
}

/**
 * One panel's plot of one metric: the shown runs bold and named, the others thin.
 * @param labelRoom pixels that the longest name of any panel takes, so that the panels' axes line up
 */
export function describeCurves(panel: Panel, metric: Metric, labelRoom: number): PlotDescription {
  const shown = new Set(shownRuns(panel.runs))
  const curves = toCurves(panel.runs, metric)
  const named = curves.filter((curve) => shown.has(curve.run))
  const ends = named.map(
    ({ run, end }) => `${run.label}: ${metric.valueFormat(end.value)} after ${end.epoch} epochs`,
  )
  return {
    title: `${metric.name} of ${panel.title}`,
    description: ends.join('; '),
    options: plotOptions(curves, named, metric, labelRoom),
  }
}

function plotOptions(
  curves: readonly Curve[],
  named: readonly Curve[],
  metric: Metric,
  labelRoom: number,
): Plot.PlotOptions {
  const lastEpoch = Math.max(2, ...curves.map((curve) => curve.points.at(-1)!.epoch))
  const marginRight = LABEL_OFFSET + Math.max(30, labelRoom)
  const [low, high] = metric.domain
  const innerWidth = PLOT_WIDTH - MARGIN.left - marginRight
  const innerHeight = HEIGHT - MARGIN.top - MARGIN.bottom
  const toPixel = (value: number) => ((high - Math.min(value, high)) / (high - low)) * innerHeight
  const toValue = (pixel: number) => high - (pixel / innerHeight) * (high - low)
  const labelY = spreadPositions(
    named.map((curve) => toPixel(curve.end.value)),
    PLOT_FONT_SIZE * 1.25,
    0,
    innerHeight,
  ).map(toValue)
  const labelX = lastEpoch + ((LABEL_OFFSET - 4) / innerWidth) * (lastEpoch - 1)
  const finishes = named.map((curve, index) => ({
    ...curve.end,
    value: Math.min(curve.end.value, high),
    label: endLabel(curve.run),
    labelY: labelY[index]!,
    look: kindLooks[curve.run.kind],
    failed: curve.run.failed !== null,
  }))
  return {
    height: HEIGHT,
    marginTop: MARGIN.top,
    marginBottom: MARGIN.bottom,
    marginLeft: MARGIN.left,
    marginRight,
    x: { domain: [1, lastEpoch], label: null },
    y: { domain: [low, high], label: null },
    marks: [
      Plot.gridY({ ticks: 5, strokeOpacity: 0.12 }),
      Plot.axisY({ ticks: 5, tickSize: 0, tickFormat: metric.tickFormat }),
      Plot.axisX({ ticks: epochTicks(lastEpoch), tickFormat: (epoch: number) => String(epoch), tickSize: 4 }),
      Plot.text([metric.name], { frameAnchor: 'top-left', dx: -MARGIN.left + 4, dy: -22, fontWeight: 600 }),
      Plot.text(['epoch'], { frameAnchor: 'bottom-right', dy: 32 }),
      Plot.ruleY([low], { strokeOpacity: 0.5 }),
      curves.filter((curve) => !named.includes(curve)).map((curve) => drawLine(curve, 'faint')),
      named.map((curve) => drawLine(curve, 'bold')),
      named.map((curve) => drawMarkers(curve, metric)),
      Plot.dot(
        finishes.filter(({ failed }) => failed),
        {
          x: 'epoch',
          y: 'value',
          symbol: 'times',
          r: 6,
          strokeWidth: 2.5,
          stroke: ({ look }) => look.colour,
        },
      ),
      finishes.map(({ epoch, value, label, labelY: at, look }) => [
        Plot.link([0], {
          x1: [epoch],
          y1: [value],
          x2: [labelX],
          y2: [at],
          stroke: look.colour,
          strokeOpacity: 0.45,
          strokeWidth: 1,
        }),
        Plot.text([label], {
          x: [labelX],
          y: [at],
          dx: 4,
          textAnchor: 'start',
          fill: look.colour,
          fontWeight: 600,
        }),
      ]),
    ],
  }
}

function drawLine({ run, points }: Curve, weight: 'bold' | 'faint') {
  const { colour, dash } = kindLooks[run.kind]
  return Plot.line(points, {
    x: 'epoch',
    y: 'value',
    stroke: colour,
    clip: true,
    ...(dash === null ? {} : { strokeDasharray: dash }),
    ...(weight === 'bold' ? { strokeWidth: 2.2 } : { strokeWidth: 1, strokeOpacity: 0.5 }),
  })
}

/** A marker at each epoch, or only at the last where there are too many; hovering shows the number. */
function drawMarkers({ run, points, end }: Curve, metric: Metric) {
  const { colour, symbol } = kindLooks[run.kind]
  const marked = (points.length <= MOST_MARKED_EPOCHS ? points : [end]).filter(
    ({ value }) => value <= metric.domain[1],
  )
  return Plot.dot(marked, {
    x: 'epoch',
    y: 'value',
    symbol,
    fill: colour,
    r: 2.6,
    title: ({ epoch, value }) => `${run.label}, epoch ${epoch}: ${metric.valueFormat(value)}`,
  })
}

/** Whole epochs, at most about seven. */
function epochTicks(lastEpoch: number): number[] {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((size) => lastEpoch / size <= 7) ?? 1000
  const ticks = Array.from({ length: Math.floor(lastEpoch / step) }, (_, index) => (index + 1) * step)
  return step === 1 ? ticks : [1, ...ticks]
}

/** What a curve is called at its end; ✕ says that its run failed. */
export function endLabel({ label, failed }: ReportRun): string {
  const short = label.length <= LONGEST_LABEL ? label : `${label.slice(0, LONGEST_LABEL - 1)}\u2026`
  return failed === null ? short : `${short} \u2715`
}
