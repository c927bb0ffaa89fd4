// The results as tables for a terminal.

import { formatTable } from '@dctps/lab'
import type { LayerRow, PeerRow, StepCase, StepRow, TransformRow } from './results.js'

/** A table whose first `names` columns stand to the left, figures to the right. */
export function formatColumns(
  headers: readonly string[],
  names: number,
  rows: readonly (readonly string[])[],
): string {
  const columns = headers.map((header, index) => ({
    header,
    align: index < names ? ('left' as const) : ('right' as const),
  }))
  return formatTable(columns, rows)
}

/** Three significant digits, without an exponent. */
export function digits(value: number): string {
  return value >= 100 ? Math.round(value).toString() : value.toPrecision(3)
}

export const times = (value: number) => `${digits(value)}x`
export const percent = (share: number) => `${digits(share * 100)}%`

export function transformTable(rows: readonly TransformRow[]): string {
  return formatColumns(
    ['layer', 'direction', 'ns/pixel', 'dense', 'ratio', 'reference', 'ratio', 'build ms', 'code KB'],
    2,
    rows.map((row) => [
      row.layer,
      row.direction,
      digits(row.nanoseconds),
      digits(row.denseNanoseconds),
      times(row.denseNanoseconds / row.nanoseconds),
      row.referenceNanoseconds === null ? '-' : digits(row.referenceNanoseconds),
      row.referenceNanoseconds === null ? '-' : times(row.referenceNanoseconds / row.nanoseconds),
      digits(row.buildMilliseconds),
      digits(row.codeBytes / 1000),
    ]),
  )
}

export function layerTable(rows: readonly LayerRow[]): string {
  return formatColumns(
    ['layer', 'kind', 'density', 'forward images/s', 'of dense', 'backward images/s', 'of dense'],
    2,
    rows.map((row) => {
      const dense = rows.find((other) => other.layer === row.layer && other.kind === 'dense')!
      return [
        row.layer,
        row.kind,
        percent(row.density),
        digits(row.forwardImagesPerSecond),
        times(row.forwardImagesPerSecond / dense.forwardImagesPerSecond),
        digits(row.backwardImagesPerSecond),
        times(row.backwardImagesPerSecond / dense.backwardImagesPerSecond),
      ]
    }),
  )
}

export function stepTable(steps: readonly StepRow[], peers: readonly PeerRow[]): string {
  const cells = (row: StepRow, name: string, ratio: string) => [
    row.network,
    row.kind,
    name,
    percent(row.density),
    row.batch.toString(),
    row.threads.toString(),
    digits(row.imagesPerSecond),
    ratio,
    digits(row.peakMegabytes),
    digits(row.startSeconds),
    percent(row.otherLoad),
  ]
  return formatColumns(
    [
      'network',
      'kind',
      'by',
      'density',
      'batch',
      'threads',
      'images/s',
      'ratio',
      'peak MB',
      'start s',
      'cold s',
      'other load',
    ],
    3,
    steps.flatMap((step) => {
      const single = steps.find((other) => sameCase(other, { ...step, threads: 1 }))
      const scaling =
        step.threads === 1 || single === undefined
          ? ''
          : `${times(step.imagesPerSecond / single.imagesPerSecond)} of 1 thread`
      return [
        cells(step, 'dctps', scaling),
        ...peers
          .filter((peer) => sameCase(peer, step))
          .map((peer) => cells(peer, `${peer.peer}, ${peer.approach}`, `ours ${times(peer.speedup)}`)),
      ]
    }),
  )
}

function sameCase(a: StepCase, b: StepCase): boolean {
  const { network, kind, density, batch, threads } = a
  return (
    network === b.network &&
    kind === b.kind &&
    density === b.density &&
    batch === b.batch &&
    threads === b.threads
  )
}
