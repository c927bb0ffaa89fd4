// All numbers of an analysis as rows: one for each seed, measure and place. The files and the downloads of the page are
// made from them.

import { formatCsv } from '../report/csv.js'
import type { NetworkSignals, PointSignals } from './analyse-network.js'
import { densityLabel } from './labels.js'
import type { Analysis } from './run-analysis.js'

/** What is measured at every point, in the order of the page. */
export const pointMeasures = [
  'signal',
  'gradient',
  'correlation',
  'cosine',
  'dead',
] as const satisfies readonly (keyof PointSignals)[]

export type PointMeasure = (typeof pointMeasures)[number]

const header = ['kind', 'density', 'seed', 'measure', 'place', 'layer', 'image', 'value']

/** One measure at every point, of every series and seed; an empty value where there is nothing to measure. */
export function pointsCsv(analysis: Analysis, measures: readonly PointMeasure[]): string {
  return formatCsv(header, pointRows(analysis, measures))
}

/** Every singular value of every image. */
export function singularValuesCsv(analysis: Analysis): string {
  return formatCsv(header, singularRows(analysis))
}

/** Everything. */
export function analysisCsv(analysis: Analysis): string {
  return formatCsv(header, [...pointRows(analysis, pointMeasures), ...singularRows(analysis)])
}

type Row = (string | number | null)[]

function pointRows(analysis: Analysis, measures: readonly PointMeasure[]): Row[] {
  return rowsOf(analysis, (start, { points }) =>
    measures.flatMap((measure) =>
      points.map((point, i) => [...start, measure, i + 1, analysis.points[i]!.name, null, point[measure]]),
    ),
  )
}

function singularRows(analysis: Analysis): Row[] {
  return rowsOf(analysis, (start, { singularValues }) =>
    singularValues.flatMap((values, image) =>
      values.map((value, i) => [...start, 'singular value', i + 1, null, image, value]),
    ),
  )
}

function rowsOf({ series }: Analysis, rows: (start: Row, signals: NetworkSignals) => Row[]): Row[] {
  return series.flatMap(({ kind, densities, seeds }) => {
    const density = kind === 'sparse' ? densities[0]! : densityLabel({ kind, densities }) || null
    return seeds.flatMap((signals, seed) => rows([kind, density, seed], signals))
  })
}
