// One plot of learning curves: lines, a marker an epoch, and, where wanted, each curve's name at its end. Which curves share
// a plot, how they look and what is measured is left to those who draw them.

import * as Plot from '@observablehq/plot'
import type { Metric } from './curve-metrics.js'
import type { KindLook } from './kind-look.js'
import { nameLine } from './name-line.js'
import { spreadPositions } from './place-labels.js'
import { PLOT_FONT_SIZE, PLOT_WIDTH, type PlotDescription } from './plot.js'

/** One curve as it is to be drawn. */
export interface Curve {
  readonly name: string
  /** What stands at its end; null where a legend names the curves. */
  readonly label: string | null
  readonly look: KindLook
  /** Bold curves have markers. */
  readonly weight: 'bold' | 'faint'
  /** Whether its run failed where it ends. */
  readonly failed: boolean
  readonly points: readonly { readonly epoch: number; readonly value: number }[]
}

const HEIGHT = 260
const MARGIN = { top: 30, bottom: 38, left: 46 } as const
/** Room between a curve's last point and its name. */
const LABEL_OFFSET = 18
/** Right of the last epoch where curves have no names there. */
const BARE_MARGIN = 16
/** Past this many epochs, markers at every point would merge into a thick line. */
const MOST_MARKED_EPOCHS = 40
const FEW_MARKERS = 8

/** A curve with the last of its points that has a value. */
interface EndingCurve extends Curve {
  readonly end: Curve['points'][number]
}

/**
 * One plot of one metric; curves without a value are left out.
 * @param labelRoom pixels that the longest label of any plot takes, so that the plots' axes line up
 */
export function describeCurves(
  title: string,
  curves: readonly Curve[],
  metric: Metric,
  labelRoom: number,
): PlotDescription {
  const drawn = curves.flatMap((curve): EndingCurve[] => {
    const end = curve.points.findLast((point) => Number.isFinite(point.value))
    return end ? [{ ...curve, end }] : []
  })
  const bold = drawn.filter(({ weight }) => weight === 'bold')
  const ends = bold.map(
    ({ name, end }) => `${name}: ${metric.valueFormat(end.value)} after ${end.epoch} epochs`,
  )
  return {
    title: `${metric.name} of ${title}`,
    description: ends.join('; '),
    options: plotOptions(drawn, bold, metric, labelRoom),
  }
}

function plotOptions(
  curves: readonly EndingCurve[],
  bold: readonly EndingCurve[],
  metric: Metric,
  labelRoom: number,
): Plot.PlotOptions {
  const named = bold.filter(({ label }) => label !== null)
  const lastEpoch = Math.max(2, ...curves.map((curve) => curve.points.at(-1)!.epoch))
  const marginRight = named.length === 0 ? BARE_MARGIN : LABEL_OFFSET + Math.max(30, labelRoom)
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
  const finishes = bold.map(({ end, look, failed, label }) => ({
    ...end,
    value: Math.min(end.value, high),
    look,
    failed,
    label,
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
      curves.filter(({ weight }) => weight === 'faint').map(drawLine),
      bold.map(drawLine),
      bold.map((curve) => drawMarkers(curve, metric)),
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
      finishes
        .filter(({ label }) => label !== null)
        .map(({ epoch, value, label, look }, index) =>
          nameLine(label ?? '', look.colour, [epoch, value], [labelX, labelY[index]!]),
        ),
    ],
  }
}

function drawLine({ look: { colour, dash }, weight, points }: Curve) {
  return Plot.line(points, {
    x: 'epoch',
    y: 'value',
    stroke: colour,
    clip: true,
    ...(dash === null ? {} : { strokeDasharray: dash }),
    ...(weight === 'bold' ? { strokeWidth: 2.2 } : { strokeWidth: 1, strokeOpacity: 0.5 }),
  })
}

/** A marker at each epoch, or at a few of many, the last among them; hovering shows the number. */
function drawMarkers({ name, look: { colour, symbol }, points }: EndingCurve, metric: Metric) {
  const step = points.length <= MOST_MARKED_EPOCHS ? 1 : Math.ceil(points.length / FEW_MARKERS)
  const marked = points.filter(
    ({ value }, index) => value <= metric.domain[1] && (points.length - 1 - index) % step === 0,
  )
  return Plot.dot(marked, {
    x: 'epoch',
    y: 'value',
    symbol,
    fill: colour,
    r: 2.6,
    title: ({ epoch, value }) => `${name}, epoch ${epoch}: ${metric.valueFormat(value)}`,
  })
}

/** Whole epochs, at most about seven. */
function epochTicks(lastEpoch: number): number[] {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((size) => lastEpoch / size <= 7) ?? 1000
  const ticks = Array.from({ length: Math.floor(lastEpoch / step) }, (_, index) => (index + 1) * step)
  return step === 1 ? ticks : [1, ...ticks]
}
