// How cost grows, as two charts: one layer by its size, with the fitted models as lines, and a network by its width.

import { dctpsSeconds } from './growth-model.js'
import { drawCharts, type LogChart, type Point, type Series } from './log-chart.js'
import type { GrowthResults, LayerGrowth, NetworkGrowthRow } from './results.js'

/** Points of a model's line. */
const lineSteps = 40

/** Colours: Okabe & Ito, "Color Universal Design" (2008). The sparser, the lower in the charts. */
const looks: readonly Pick<Series, 'colour' | 'symbol' | 'dash'>[] = [
  { colour: '#0072b2', symbol: 'circle', dash: null },
  { colour: '#009e73', symbol: 'diamond', dash: '9 3' },
  { colour: '#b8860b', symbol: 'cross', dash: '4 2' },
  { colour: '#d55e00', symbol: 'triangle', dash: '6 2 1 2' },
]
const denseLook = { colour: '#333333', symbol: 'square', dash: '2 2' } as const

/** @returns SVG */
export function drawGrowth({ layers, networks }: GrowthResults): string {
  const charts = [layerChart(layers), ...(networks.length > 0 ? [networkChart(networks)] : [])]
  return drawCharts(
    charts,
    charts.map(({ title, yName, xName }) => `${title}: ${yName} by ${xName}`).join('. '),
  )
}

function layerChart({ rows, model }: LayerGrowth): LogChart {
  const sizes = [...new Set(rows.map(({ d }) => d))]
  const dctps = {
    perTransformStep: model.nanosecondsPerTransformStep,
    perNonZero: model.nanosecondsPerNonZero,
  }
  const modelled = (kind: 'dctps' | 'dense', density: number) => (d: number) =>
    kind === 'dense' ? model.nanosecondsPerDenseWeight * d ** 2 : dctpsSeconds(dctps, d, density * d ** 2)
  return {
    title: 'One layer, d inputs and d outputs',
    xName: 'd (lines: a d log d + b nnz; dense: c d\u00b2)',
    yName: 'DCTpS by density: time for one image, both directions',
    xTicks: sizes,
    formatY: (nanoseconds) => formatTime(nanoseconds * 1e-9),
    series: seriesOf(
      rows,
      ({ d, microseconds }) => ({ x: d, y: microseconds * 1000 }),
      (kind, density) => curve(sizes, modelled(kind, density)),
    ),
    guides: [],
  }
}

function networkChart(rows: readonly NetworkGrowthRow[]): LogChart {
  const widths = [...new Set(rows.map(({ width }) => width))]
  const pointOf = ({ width, imagesPerSecond }: NetworkGrowthRow) => ({ x: width, y: 1 / imagesPerSecond })
  const cheapest = rows.filter(({ kind }) => kind === 'dctps').map(pointOf)[0]
  const dense = rows.filter(({ kind }) => kind === 'dense').map(pointOf)[0]
  const guide = (name: string, start: Point | undefined, exponent: number, place: 'above' | 'below') => {
    if (start === undefined) return []
    const shift = place === 'above' ? 1.3 : 0.8
    const end = widths.at(-1)!
    const points = [
      { x: start.x, y: shift * start.y },
      { x: end, y: shift * start.y * (end / start.x) ** exponent },
    ] as const
    return [{ name, points, place }]
  }
  return {
    title: 'ResNet-18 by the width of its first stage',
    xName: 'width',
    yName: 'DCTpS by density: time for one image of a training step',
    xTicks: widths,
    formatY: formatTime,
    series: seriesOf(rows, pointOf, () => null),
    guides: [
      ...guide('\u221d width', cheapest, 1, 'below'),
      ...guide('\u221d width\u00b2', dense, 2, 'above'),
    ],
  }
}

interface KindRow {
  readonly kind: string
  readonly density: number
}

/** One series for each density of DCTpS kernels, and one for dense ones. */
function seriesOf<R extends KindRow>(
  rows: readonly R[],
  pointOf: (row: R) => Point,
  lineOf: (kind: 'dctps' | 'dense', density: number) => readonly Point[] | null,
): Series[] {
  const pointsOf = (wanted: KindRow) =>
    rows
      .filter(({ kind, density }) => kind === wanted.kind && density === wanted.density)
      .map((row) => pointOf(row))
  const densities = new Set(rows.filter(({ kind }) => kind === 'dctps').map(({ density }) => density))
  const dctps = [...densities].map((density, index) => ({
    name: `${Number((100 * density).toPrecision(3))}%`,
    ...looks[index % looks.length]!,
    points: pointsOf({ kind: 'dctps', density }),
    line: lineOf('dctps', density),
  }))
  const dense = { name: 'dense', ...denseLook, points: pointsOf({ kind: 'dense', density: 1 }) }
  return [...dctps, { ...dense, line: lineOf('dense', 1) }]
}

function curve(sizes: readonly number[], nanoseconds: (d: number) => number): Point[] {
  const first = sizes[0]!
  const ratio = sizes.at(-1)! / first
  return Array.from({ length: lineSteps + 1 }, (_, step) => {
    const d = first * ratio ** (step / lineSteps)
    return { x: d, y: nanoseconds(d) }
  })
}

function formatTime(seconds: number): string {
  const units = [
    { unit: 's', size: 1 },
    { unit: 'ms', size: 1e-3 },
    { unit: '\u00b5s', size: 1e-6 },
    { unit: 'ns', size: 1e-9 },
  ]
  const { unit, size } = units.find((candidate) => seconds >= 0.999 * candidate.size) ?? units.at(-1)!
  return `${Number((seconds / size).toPrecision(3))} ${unit}`
}
