// An analysis in a few numbers a series: what the table, the findings and the page speak of.

import type { Analysis, Series } from './run-analysis.js'
import { medianOf, type Spread, spreadOf } from './spread.js'

/** Over seeds, those of singular values over images and seeds. */
export interface SeriesSummary {
  /** Signal at the last hidden layer relative to that at the first layer. */
  readonly signal: Spread
  /** Gradient at the first layer. */
  readonly gradient: Spread
  /** At the last hidden layer; null where no signal arrives. */
  readonly correlation: Spread | null
  /** Share of dead units, mean over the layers that have a ReLU; null where none has. */
  readonly dead: Spread | null
  readonly largest: Spread
  /** The one in the middle. */
  readonly median: Spread
  /** Largest through smallest singular value, median over images and seeds; null: infinite. */
  readonly condition: number | null
  /** Singular values that are not 0, mean over images and seeds. */
  readonly rank: number
  /** Index of the first point from which on no signal is left, for each seed; null where the logits have one. */
  readonly silentFrom: readonly (number | null)[]
}

/** Index of the point that the last layer reads. */
export function lastHidden({ points }: Pick<Analysis, 'points'>): number {
  return Math.max(0, points.length - 2)
}

export function summarise(analysis: Analysis, { seeds }: Series): SeriesSummary {
  const last = lastHidden(analysis)
  const jacobians = seeds.flatMap(({ singularValues }) => singularValues)
  const spread = (values: readonly number[]) => spreadOf(values)!
  const conditions = jacobians.map((values) => condition(values[0]!, values.at(-1)!))
  const medianCondition = medianOf(conditions)
  return {
    signal: spread(seeds.map(({ points }) => quotient(points[last]!.signal, points[0]!.signal))),
    gradient: spread(seeds.map(({ points }) => points[0]!.gradient)),
    correlation: spreadOf(seeds.map(({ points }) => points[last]!.correlation)),
    dead: spreadOf(seeds.map(({ points }) => spreadOf(points.map(({ dead }) => dead))?.mean ?? null)),
    largest: spread(jacobians.map((values) => values[0]!)),
    median: spread(jacobians.map(medianOf)),
    condition: Number.isFinite(medianCondition) ? medianCondition : null,
    rank:
      jacobians.reduce((sum, values) => sum + values.filter((value) => value > 0).length, 0) /
      jacobians.length,
    // A branch can fall silent where its shortcut goes on.
    silentFrom: seeds.map(({ points }) => {
      const first = points.findLastIndex(({ signal }) => signal > 0) + 1
      return first === points.length ? null : first
    }),
  }
}

function condition(largest: number, smallest: number): number {
  return smallest === 0 ? Number.POSITIVE_INFINITY : largest / smallest
}

function quotient(value: number, reference: number): number {
  return reference === 0 ? 0 : value / reference
}
