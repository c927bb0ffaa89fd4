// The summary of an analysis as cells of a table, the same in the terminal and on the page.

import { formatShare, formatSize, formatSpread } from './labels.js'
import type { Analysis, Series } from './run-analysis.js'
import { lastHidden, summarise } from './summary.js'

/** Of the columns of numbers. */
export const summaryHeadings = [
  'signal',
  'gradient',
  'correlation',
  'dead units',
  'largest s.v.',
  'median s.v.',
  'condition',
] as const

/** One row a series: its name and a cell for each heading. */
export function summaryRows(analysis: Analysis): { readonly series: Series; readonly cells: string[] }[] {
  return analysis.series.map((series) => {
    const summary = summarise(analysis, series)
    return {
      series,
      cells: [
        formatSpread(summary.signal),
        formatSpread(summary.gradient),
        formatSpread(summary.correlation),
        formatShare(summary.dead),
        formatSpread(summary.largest),
        formatSpread(summary.median),
        formatSize(summary.condition ?? Number.POSITIVE_INFINITY),
      ],
    }
  })
}

/** What the headings mean. */
export function summaryNote(analysis: Analysis): string {
  const last = analysis.points[lastHidden(analysis)]!.name
  const first = analysis.points[0]!.name
  return `Signal: at ${last}, the last layer before the logits, relative to that at ${first}. Gradient: norm of a logit's gradient at ${first}. Correlation: of two images at ${last}. Dead units: share of ReLU outputs that are zero on every image, mean over layers. S.v.: singular values of the Jacobian of the logits; condition: largest through smallest, median over images and seeds.`
}
