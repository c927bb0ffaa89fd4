// Charts with logarithmic axes as a standalone SVG: points, lines, and each series' name at its end. For print and for
// colour-blind eyes: names, markers and dashes say what colours say. What is drawn is left to the caller.

import { spreadPositions } from '@dctps/lab'

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Series {
  readonly name: string
  readonly colour: string
  readonly symbol: 'circle' | 'triangle' | 'square' | 'diamond' | 'cross'
  readonly points: readonly Point[]
  /** A line of its own, e.g. a model; null joins the points. */
  readonly line: readonly Point[] | null
  /** SVG dash array; null is a solid line. */
  readonly dash: string | null
}

export interface LogChart {
  readonly title: string
  readonly xName: string
  readonly yName: string
  readonly xTicks: readonly number[]
  readonly formatY: (value: number) => string
  readonly series: readonly Series[]
  /** Thin lines to compare slopes with, named in the middle, above or below. */
  readonly guides: readonly {
    readonly name: string
    readonly points: readonly [Point, Point]
    readonly place: 'above' | 'below'
  }[]
}

const width = 440
const height = 380
const margin = { top: 44, right: 84, bottom: 48, left: 64 } as const
const fontSize = 13
const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom }
/** Room on each side of the data, as a share of an axis. */
const padding = 0.04

type Scale = (value: number) => number

/** Charts side by side. */
export function drawCharts(charts: readonly LogChart[], description: string): string {
  const total = width * charts.length
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${total}" height="${height}" viewBox="0 0 ${total} ${height}"`,
    ` role="img" font-family="Helvetica, Arial, sans-serif" font-size="${fontSize}" fill="#222">`,
    `<title>${escapeText(description)}</title><rect width="${total}" height="${height}" fill="#fff"/>`,
    ...charts.map((chart, index) => `<g transform="translate(${index * width} 0)">${drawChart(chart)}</g>`),
    '</svg>\n',
  ].join('\n')
}

function drawChart(chart: LogChart): string {
  const drawn = [
    ...chart.series.flatMap(({ points, line }) => [...points, ...(line ?? [])]),
    ...chart.guides.flatMap(({ points }) => points),
  ]
  const x = logScale(
    [...drawn.map((point) => point.x), ...chart.xTicks],
    margin.left,
    margin.left + inner.width,
  )
  const yValues = drawn.map((point) => point.y)
  const y = logScale(yValues, margin.top + inner.height, margin.top)
  const bottom = margin.top + inner.height
  return [
    text(margin.left - 52, 22, chart.title, 'font-weight="600"'),
    ...decades(yValues).map(
      (value) =>
        `<line x1="${margin.left}" x2="${margin.left + inner.width}" y1="${round(y(value))}" y2="${round(y(value))}" stroke="#ddd"/>` +
        text(margin.left - 6, y(value) + 4, chart.formatY(value), 'text-anchor="end"'),
    ),
    ...chart.xTicks.map(
      (value) =>
        `<line x1="${round(x(value))}" x2="${round(x(value))}" y1="${bottom}" y2="${bottom + 5}" stroke="#222"/>` +
        text(x(value), bottom + 19, String(value), 'text-anchor="middle"'),
    ),
    `<path d="M${margin.left} ${margin.top}V${bottom}H${margin.left + inner.width}" fill="none" stroke="#222"/>`,
    text(margin.left + inner.width / 2, height - 8, chart.xName, 'text-anchor="middle"'),
    text(margin.left - 52, 38, chart.yName),
    ...chart.guides.map((guide) => drawGuide(guide, x, y)),
    ...chart.series.map((series) => drawSeries(series, x, y)),
    ...drawNames(chart.series, x, y),
  ].join('\n')
}

function drawSeries({ points, line, colour, dash, symbol }: Series, x: Scale, y: Scale): string {
  const dashes = dash === null ? '' : ` stroke-dasharray="${dash}"`
  const marks = points.map((point) => mark(symbol, x(point.x), y(point.y))).join('')
  return (
    `<path d="${pathOf(line ?? points, x, y)}" fill="none" stroke="${colour}" stroke-width="1.6"${dashes}/>` +
    `<path d="${marks}" fill="${colour}" stroke="#fff" stroke-width="0.8"/>`
  )
}

function drawGuide({ name, points, place }: LogChart['guides'][number], x: Scale, y: Scale): string {
  const [from, to] = points
  const at = { x: (x(from.x) + x(to.x)) / 2, y: (y(from.y) + y(to.y)) / 2 }
  return (
    `<path d="${pathOf(points, x, y)}" fill="none" stroke="#888" stroke-width="1" stroke-dasharray="1 3"/>` +
    text(at.x, at.y + (place === 'above' ? -12 : 22), name, 'fill="#555" text-anchor="middle"')
  )
}

/** Beside the last point of each series, moved apart where they would cover each other. */
function drawNames(series: readonly Series[], x: Scale, y: Scale): string[] {
  const ends = series.flatMap(({ name, colour, points }) => {
    const last = points.at(-1)
    return last === undefined ? [] : [{ name, colour, x: x(last.x), y: y(last.y) }]
  })
  const places = spreadPositions(
    ends.map((end) => end.y),
    fontSize * 1.2,
    margin.top,
    margin.top + inner.height,
  )
  const left = margin.left + inner.width + 12
  return ends.map((end, index) => {
    const place = places[index]!
    const leader = `<path d="M${round(end.x + 5)} ${round(end.y)}L${left - 3} ${round(place)}" stroke="${end.colour}" stroke-opacity="0.5"/>`
    return leader + text(left, place + 4, end.name, `fill="${end.colour}" font-weight="600"`)
  })
}

function pathOf(points: readonly Point[], x: Scale, y: Scale): string {
  return points.map((point, i) => `${i === 0 ? 'M' : 'L'}${round(x(point.x))} ${round(y(point.y))}`).join('')
}

/** A closed path around a point. */
function mark(symbol: Series['symbol'], x: number, y: number): string {
  const corners = {
    square: [-4, -4, 4, -4, 4, 4, -4, 4],
    triangle: [0, -5.5, 5, 4, -5, 4],
    diamond: [0, -6, 5, 0, 0, 6, -5, 0],
    cross: [-5, -2, -2, -2, -2, -5, 2, -5, 2, -2, 5, -2, 5, 2, 2, 2, 2, 5, -2, 5, -2, 2, -5, 2],
  } as const
  if (symbol === 'circle') return `M${round(x - 4.5)} ${round(y)}a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0Z`
  const numbers = corners[symbol].map((offset, i) => round(offset + (i % 2 === 0 ? x : y)))
  return `M${numbers.join(' ')}Z`
}

function logScale(values: readonly number[], from: number, to: number): Scale {
  const low = Math.log(Math.min(...values))
  const high = Math.log(Math.max(...values))
  const pad = padding * (high - low || 1)
  return (value) => from + ((Math.log(value) - low + pad) / (high - low + 2 * pad)) * (to - from)
}

/** The powers of ten among the values. */
function decades(values: readonly number[]): number[] {
  const first = Math.ceil(Math.log10(Math.min(...values)))
  const last = Math.floor(Math.log10(Math.max(...values)))
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index))
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escapeText(content)}</text>`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escapeText(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
