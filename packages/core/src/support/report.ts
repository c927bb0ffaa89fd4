// What an allocation amounts to, layer by layer, as data and as a plain-text table.

import { DctpsError } from '../errors.js'
import { type KernelShape, weightEntries } from './kernel-shape.js'

export interface SupportReportRow {
  readonly name: string
  /** `[Cout, Cg, K, K]` or `[out, in]`. */
  readonly shape: readonly number[]
  /** Weights of the dense kernel. */
  readonly entries: number
  readonly nnz: number
  readonly density: number
}

export interface SupportReport {
  readonly layers: readonly SupportReportRow[]
  readonly total: { readonly entries: number; readonly nnz: number; readonly density: number }
  /** Names of the layers without any non-zero. */
  readonly empty: readonly string[]
}

/**
 * @param counts non-zeros of each kernel, in the kernels' order
 * @throws DctpsError `usage` when the numbers of kernels and counts differ
 */
export function supportReport(kernels: readonly KernelShape[], counts: readonly number[]): SupportReport {
  if (counts.length !== kernels.length) {
    throw new DctpsError('usage', `${kernels.length} kernels need as many counts, received ${counts.length}`)
  }
  const layers = kernels.map((kernel, l) => {
    const entries = weightEntries(kernel)
    const nnz = counts[l]!
    return { name: kernel.name, shape: kernel.shape, entries, nnz, density: nnz / entries }
  })
  const entries = layers.reduce((sum, layer) => sum + layer.entries, 0)
  const nnz = layers.reduce((sum, layer) => sum + layer.nnz, 0)
  return {
    layers,
    total: { entries, nnz, density: nnz / entries },
    empty: layers.filter((layer) => layer.nnz === 0).map((layer) => layer.name),
  }
}

/** `0.5%`, three significant digits. */
export function formatDensity(density: number): string {
  return `${Number((density * 100).toPrecision(3))}%`
}

/** One line a layer and one for the total, columns aligned; empty layers are named below. */
export function formatSupportReport(report: SupportReport): string {
  const rows = [
    ['layer', 'shape', 'weights', 'non-zeros', 'density'],
    ...report.layers.map((row) => [row.name, row.shape.join('x'), ...figures(row)]),
    ['total', '', ...figures(report.total)],
  ]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  // Names and shapes read from the left, numbers from the right.
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  '),
  )
  if (report.empty.length > 0) {
    lines.push(
      `${report.empty.length} of ${report.layers.length} layers are empty: ${report.empty.join(', ')}`,
    )
  }
  return lines.join('\n')
}

function figures(row: { entries: number; nnz: number; density: number }): string[] {
  return [row.entries.toString(), row.nnz.toString(), formatDensity(row.density)]
}
