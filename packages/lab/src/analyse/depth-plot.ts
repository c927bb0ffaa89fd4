// One plot of small multiples: a measure against depth (or singular values against their rank), a line a density, for one
// kind of kernel. Axes are shared by the kinds, so plots can be compared. What is exactly zero lies on a marked floor of
// the logarithmic axis.

import * as Plot from '@observablehq/plot'
import type { KernelKind } from 'dctps'
import { type KindLook, kindLooks } from '../report/kind-look.js'
import { nameLine } from '../report/name-line.js'
import { spreadPositions } from '../report/place-labels.js'
import { labelWidth, PLOT_FONT_SIZE, PLOT_WIDTH, type PlotDescription } from '../report/plot.js'
import { type Axis, tickText } from './axis.js'
import { formatSize, kindNames } from './labels.js'
import type { Spread } from './spread.js'

export interface Line {
  /** At the end of the line. */
  readonly label: string
  /** One for each place, from the first; null where there is nothing to measure. */
  readonly values: readonly (Spread | null)[]
}

export interface DepthPanel {
  readonly kind: KernelKind
  readonly lines: readonly Line[]
  readonly places: number
  /** Under the horizontal axis. */
  readonly placeTitle: string
  /** What a line does where there is nothing to measure. */
  readonly gaps: 'break' | 'bridge'
}

const HEIGHT = 270
const MARGIN = { top: 30, bottom: 40, left: 50 } as const
/** Between the last place and the names of lines. */
const LABEL_OFFSET = 16
/** Past this many places, markers stand at every so many only. */
const MOST_MARKED = 24
const symbols = ['circle', 'triangle', 'square', 'diamond', 'star', 'cross'] as const

/** @param labelRoom pixels that the longest name of any line takes, so that the panels' axes line up */
export function describeDepth(panel: DepthPanel, axis: Axis, labelRoom: number): PlotDescription {
  const ends = panel.lines.map(({ label, values }) => {
    const end = values.findLast((value) => value !== null)
    return `${label}: ${end ? formatSize(end.mean) : 'nothing'} at the end`
  })
  return {
    title: `${axis.title}, ${kindNames[panel.kind]}`,
    description: ends.join('; '),
    options: plotOptions(panel, axis, labelRoom),
  }
}

interface DrawnPoint {
  readonly place: number
  readonly value: number
  readonly least: number
  readonly most: number
  readonly isZero: boolean
  readonly title: string
}

function plotOptions(panel: DepthPanel, axis: Axis, labelRoom: number): Plot.PlotOptions {
  const { kind, places } = panel
  const [low, high] = axis.domain
  const marginRight = LABEL_OFFSET + labelRoom
  const innerHeight = HEIGHT - MARGIN.top - MARGIN.bottom
  const innerWidth = PLOT_WIDTH - MARGIN.left - marginRight
  const scale = (value: number) => (axis.type === 'log' ? Math.log10(value) : value)
  const toPixel = (value: number) => ((scale(high) - scale(value)) / (scale(high) - scale(low))) * innerHeight
  const toValue = (pixel: number) => {
    const at = scale(high) - (pixel / innerHeight) * (scale(high) - scale(low))
    return axis.type === 'log' ? 10 ** at : at
  }
  const drawn = panel.lines.map((line, index) => ({
    line,
    look: lineLook(kind, index, panel.lines.length),
    points: line.values.flatMap((value, i) => (value === null ? [] : [drawPoint(line, value, i, axis)])),
  }))
  const named = drawn.filter(({ points }) => points.length > 0)
  const labelY = spreadPositions(
    named.map(({ points }) => toPixel(points.at(-1)!.value)),
    PLOT_FONT_SIZE * 1.2,
    0,
    innerHeight,
  ).map(toValue)
  const lastPlace = Math.max(2, places)
  const labelX = lastPlace + ((LABEL_OFFSET - 4) / innerWidth) * (lastPlace - 1)
  return {
    height: HEIGHT,
    marginTop: MARGIN.top,
    marginBottom: MARGIN.bottom,
    marginLeft: MARGIN.left,
    marginRight,
    x: { domain: [1, lastPlace], label: null },
    y: { type: axis.type, domain: [low, high], label: null },
    marks: [
      Plot.ruleY(axis.ticks, { strokeOpacity: 0.12 }),
      Plot.axisY(axis.ticks, {
        tickSize: 0,
        // As a channel: a tick format leaves out all but powers of ten.
        text: (value: number) => tickText(value, axis),
      }),
      Plot.axisX(placeTicks(lastPlace), { tickFormat: (place: number) => String(place), tickSize: 4 }),
      Plot.ruleY(
        [low],
        axis.hasZeros ? { strokeOpacity: 0.6, strokeDasharray: '1 3' } : { strokeOpacity: 0.5 },
      ),
      Plot.text([kindNames[kind]], {
        frameAnchor: 'top-left',
        dx: -MARGIN.left + 4,
        dy: -22,
        fontWeight: 700,
        fill: kindLooks[kind].colour,
      }),
      Plot.text([panel.placeTitle], { frameAnchor: 'bottom-right', dy: 34 }),
      named.map(({ points, look }) =>
        Plot.areaY(points, { x: 'place', y1: 'least', y2: 'most', fill: look.colour, fillOpacity: 0.15 }),
      ),
      drawn.map(({ line, points, look }) => drawLine(line, points, look, panel.gaps)),
      drawn.map(({ points, look }) => drawMarkers(points, look, places)),
      named.map(({ line, points, look }, index) => {
        const { place, value } = points.at(-1)!
        return nameLine(line.label, look.colour, [place, value], [labelX, labelY[index]!])
      }),
    ],
  }
}

function drawPoint(
  { label }: Line,
  { mean, least, most }: Spread,
  i: number,
  { domain: [low], type }: Axis,
): DrawnPoint {
  const visible = (value: number) => (type === 'log' ? Math.max(value, low) : value)
  return {
    place: i + 1,
    value: visible(mean),
    least: visible(least),
    most: visible(most),
    isZero: mean === 0,
    title: `${label}, place ${i + 1}: ${formatSize(mean)} (${formatSize(least)} to ${formatSize(most)})`,
  }
}

type LineLook = Pick<KindLook, 'colour' | 'symbol' | 'dash'>

/** Shades of the kind's colour, dark where dense; dashes and markers say the same without colour. */
function lineLook(kind: KernelKind, index: number, count: number): LineLook {
  const look = kindLooks[kind]
  if (count === 1) return look
  const dashes = [null, '7 3', '2 3', '9 3 2 3', '4 2', '12 4']
  return {
    colour: darkened(look.colour, 0.55 * (1 - index / (count - 1))),
    symbol: symbols[index % symbols.length]!,
    dash: dashes[index % dashes.length]!,
  }
}

function darkened(colour: string, share: number): string {
  const channels = [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16))
  return `#${channels
    .map((value) =>
      Math.round(value * (1 - share))
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`
}

function drawLine(
  { values }: Line,
  points: readonly DrawnPoint[],
  { colour, dash }: LineLook,
  gaps: DepthPanel['gaps'],
) {
  const at = new Map(points.map((point) => [point.place, point.value]))
  const whole = values.map((_, i) => ({ place: i + 1, value: at.get(i + 1) ?? Number.NaN }))
  return Plot.line(gaps === 'bridge' ? points : whole, {
    x: 'place',
    y: 'value',
    stroke: colour,
    strokeWidth: 2,
    ...(dash === null ? {} : { strokeDasharray: dash }),
  })
}

/** Hollow where the value is exactly zero; hovering shows the number. */
function drawMarkers(points: readonly DrawnPoint[], { colour, symbol }: LineLook, places: number) {
  const every = Math.ceil(places / MOST_MARKED)
  return Plot.dot(
    points.filter(({ place }, i) => place % every === 0 || i === points.length - 1),
    {
      x: 'place',
      y: 'value',
      symbol,
      fill: ({ isZero }: DrawnPoint) => (isZero ? 'white' : colour),
      stroke: colour,
      r: 2.8,
      title: 'title',
    },
  )
}

/** Whole places, at most about six. */
function placeTicks(places: number): number[] {
  const step = [1, 2, 5, 10, 20, 50, 100].find((size) => places / size <= 6) ?? 200
  const ticks = Array.from({ length: Math.floor(places / step) }, (_, i) => (i + 1) * step)
  return step === 1 ? ticks : [1, ...ticks]
}

/** Pixels that the longest name of any line takes. */
export function roomForLabels(panels: readonly DepthPanel[]): number {
  return Math.max(30, ...panels.flatMap(({ lines }) => lines.map(({ label }) => labelWidth(label))))
}
