// What series are called, and numbers of any size as people read them.

import type { KernelKind } from 'dctps'
import { formatDensity } from '../report/format.js'
import type { SeriesPlan } from './plan.js'
import type { Spread } from './spread.js'

export const kindNames: Readonly<Record<KernelKind, string>> = {
  dctps: 'DCTpS',
  sparse: 'sparse',
  dense: 'dense',
}

/** `sparse 0.1%`, `DCTpS, any density`, `dense`. */
export function seriesLabel({ kind, densities }: SeriesPlan): string {
  const share = densityLabel({ kind, densities })
  return share === '' ? kindNames[kind] : `${kindNames[kind]}${kind === 'dctps' ? ', ' : ' '}${share}`
}

/** `0.1%`, `any density`, and nothing for dense kernels. */
export function densityLabel({ kind, densities }: SeriesPlan): string {
  if (kind === 'dctps') return 'any density'
  return densities.map(formatDensity).join(', ')
}

/** Two significant digits: `0.80`, `14`, `2.1e-7`; 0 is exactly nothing. */
export function formatSize(value: number): string {
  if (value === 0) return '0'
  if (!Number.isFinite(value)) return '\u221e'
  if (Math.abs(value) >= 0.01 && Math.abs(value) < 9995) {
    const digits = value.toPrecision(2)
    return digits.includes('e') ? String(Number(digits)) : digits
  }
  return value.toExponential(1)
}

/** `0.80 \u00b1 0.02`, without the deviation of a single value; a dash for nothing. */
export function formatSpread(spread: Spread | null, format: (value: number) => string = formatSize): string {
  if (spread === null) return '\u2013'
  const { mean, deviation } = spread
  return deviation === null || (mean === 0 && deviation === 0)
    ? format(mean)
    : `${format(mean)} \u00b1 ${format(deviation)}`
}
