// Mean and deviation of a few repeated measurements, and how they are written.

import { formatPercent } from '../report/format.js'

export interface Spread {
  readonly mean: number
  /** Sample standard deviation (n - 1); null for a single value. */
  readonly deviation: number | null
  readonly values: readonly number[]
}

/** Null without a value. */
export function spreadOf(values: readonly number[]): Spread | null {
  const count = values.length
  if (count === 0) return null
  // Shifted by the first value, so that equal values have no deviation at all.
  const first = values[0]!
  const mean = first + values.reduce((sum, value) => sum + (value - first), 0) / count
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, deviation: count === 1 ? null : Math.sqrt(squares / (count - 1)), values }
}

/** `73.1 ± 0.4%`, or `73.1%` for a single value. */
export function formatSpread({ mean, deviation }: Spread): string {
  if (deviation === null) return formatPercent(mean)
  return `${(100 * mean).toFixed(1)} \u00b1 ${formatPercent(deviation)}`
}

/** `3 seeds`. */
export function countOf(count: number, singular: string): string {
  return `${count} ${singular}${count === 1 ? '' : 's'}`
}

/**
 * Whether two means lie further apart than their deviations together; null where a single value on either side leaves that
 * open.
 */
export function differs(a: Spread, b: Spread): boolean | null {
  if (a.deviation === null || b.deviation === null) return null
  return Math.abs(a.mean - b.mean) > a.deviation + b.deviation
}
