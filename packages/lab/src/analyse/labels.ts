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

/** A few significant digits, two by default: `0.80`, `14`, `2.1e-7`; 0 is exactly nothing. */
export function formatSize(value: number, digits = 2): string {
  if (value === 0) return '0'
  if (!Number.isFinite(value)) return '\u221e'
  if (Math.abs(value) >= 0.01 && Math.abs(value) < 9995) {
    const text = value.toPrecision(digits)
    return text.includes('e') ? String(Number(text)) : text
  }
  return value.toExponential(digits - 1)
}

/** `0.802 \u00b1 0.021`, `(2.10 \u00b1 0.40)e-7`, without the deviation of a single value; a dash for nothing. */
export function formatSpread(spread: Spread | null): string {
  if (spread === null) return '\u2013'
  const { mean, deviation } = spread
  const size = formatSize(mean, 3)
  if (deviation === null || mean === 0 || !Number.isFinite(mean)) return size
  const [digits, exponent] = size.split('e')
  const decimals = digits!.split('.')[1]?.length ?? 0
  const scaled = exponent === undefined ? deviation : deviation / Number(`1e${exponent}`)
  const text = `${digits} \u00b1 ${scaled.toFixed(decimals)}`
  return exponent === undefined ? text : `(${text})e${exponent}`
}

/** Shares as whole percentages: `20 \u00b1 4%`. */
export function formatShare(spread: Spread | null): string {
  if (spread === null) return '\u2013'
  const { mean, deviation } = spread
  const percent = (share: number) => (100 * share).toFixed(0)
  return deviation === null ? `${percent(mean)}%` : `${percent(mean)} \u00b1 ${percent(deviation)}%`
}
