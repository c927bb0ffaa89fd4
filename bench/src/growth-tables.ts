// How cost grows, as tables for a terminal.

import { growthExponent } from './growth-model.js'
import type { LayerGrowth, NetworkGrowthRow } from './results.js'
import { digits, formatColumns, percent, times } from './tables.js'

/** Times by size and kind, how they grow, and the models with what they miss. */
export function layerGrowthTable({ rows, model }: LayerGrowth): string {
  const dense = (d: number) => rows.find((row) => row.d === d && row.kind === 'dense')
  const table = formatColumns(
    ['d', 'kind', 'density', 'non-zeros', 'us/image', 'by the model', 'dense takes'],
    2,
    rows.map((row) => [
      row.d.toString(),
      row.kind,
      percent(row.density),
      row.nonZeros.toString(),
      digits(row.microseconds),
      digits(row.modelMicroseconds),
      row.kind === 'dense' ? '' : times((dense(row.d)?.microseconds ?? Number.NaN) / row.microseconds),
    ]),
  )
  const exponents = exponentsBy(rows, ({ d, microseconds }) => ({ d, seconds: microseconds }))
  const { nanosecondsPerTransformStep, nanosecondsPerNonZero, nanosecondsPerDenseWeight } = model
  return [
    table,
    '',
    `DCTpS: ${digits(nanosecondsPerTransformStep)} ns * d log2 d + ${digits(nanosecondsPerNonZero)} ns * non-zeros; dense: ${digits(nanosecondsPerDenseWeight)} ns * d^2.`,
    `Exponents of d: ${exponents.join(', ')}.`,
  ].join('\n')
}

export function networkGrowthTable(rows: readonly NetworkGrowthRow[]): string {
  const dense = (width: number) => rows.find((row) => row.width === width && row.kind === 'dense')
  const table = formatColumns(
    ['width', 'kind', 'density', 'weights', 'images/s', 'of dense', 'peak MB', 'cold s', 'other load'],
    2,
    rows.map((row) => [
      row.width.toString(),
      row.kind,
      percent(row.density),
      row.storedWeights.toString(),
      digits(row.imagesPerSecond),
      row.kind === 'dense'
        ? ''
        : times(row.imagesPerSecond / (dense(row.width)?.imagesPerSecond ?? Number.NaN)),
      digits(row.peakMegabytes),
      row.coldStartSeconds === null ? '' : digits(row.coldStartSeconds),
      percent(row.otherLoad),
    ]),
  )
  const exponents = exponentsBy(rows, ({ width, imagesPerSecond }) => ({
    d: width,
    seconds: 1 / imagesPerSecond,
  }))
  return `${table}\n\nExponents of the width: ${exponents.join(', ')}.`
}

function exponentsBy<R extends { readonly kind: string; readonly density: number }>(
  rows: readonly R[],
  timeOf: (row: R) => { readonly d: number; readonly seconds: number },
): string[] {
  const names = new Map(rows.map(({ kind, density }) => [`${kind} ${percent(density)}`, { kind, density }]))
  return [...names].map(([name, { kind, density }]) => {
    const own = rows.filter((row) => row.kind === kind && row.density === density)
    return `${name} ${growthExponent(own.map(timeOf)).toFixed(2)}`
  })
}
