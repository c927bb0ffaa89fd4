// A profile as tables: by kernel and by layer, the largest first, each beside what the machine could do.

import { formatBytes, formatCount, formatPercent } from '../report/format.js'
import { formatTable, type TableColumn } from '../report/table.js'
import type { CallProfile, LayerProfile, StepProfile } from './profile.js'

const left = (header: string): TableColumn => ({ header, align: 'left' })
const right = (header: string): TableColumn => ({ header, align: 'right' })

/** Shares below this are summed up in one last line. */
const smallShare = 0.005

export function kernelTable({ calls, seconds, peaks }: StepProfile): string {
  const groups = new Map<string, { seconds: number; bytes: number }>()
  for (const { kernel, ...call } of calls) {
    const sum = groups.get(kernel) ?? { seconds: 0, bytes: 0 }
    groups.set(kernel, { seconds: sum.seconds + call.seconds, bytes: sum.bytes + call.bytes })
  }
  const rows = [...groups].sort(([, a], [, b]) => b.seconds - a.seconds)
  const large = rows.filter(([, row]) => row.seconds >= smallShare * seconds)
  const rest = rows.slice(large.length)
  const cells = (name: string, row: { seconds: number; bytes: number }) => [
    name,
    milliseconds(row.seconds),
    formatPercent(row.seconds / seconds),
    formatBytes(row.bytes),
    rate(row.bytes, row.seconds, 1e9),
    formatPercent(row.bytes / row.seconds / peaks.bytesPerSecond, 0),
  ]
  return formatTable(
    [left('kernel'), right('ms'), right('share'), right('activations'), right('GB/s'), right('of bandwidth')],
    [
      ...large.map(([name, row]) => cells(name, row)),
      ...(rest.length === 0 ? [] : [cells(`${rest.length} others`, sumOf(rest.map(([, row]) => row)))]),
    ],
  )
}

function sumOf(rows: readonly { seconds: number; bytes: number }[]) {
  return rows.reduce((a, b) => ({ seconds: a.seconds + b.seconds, bytes: a.bytes + b.bytes }), {
    seconds: 0,
    bytes: 0,
  })
}

/** @param most layers that are shown */
export function layerTable({ layers, seconds, peaks, batch }: StepProfile, most: number): string {
  const time = (layer: LayerProfile) => layer.forwardSeconds + layer.backwardSeconds
  const rows = [...layers].sort((a, b) => time(b) - time(a)).slice(0, most)
  return formatTable(
    [
      left('layer'),
      right('forward ms'),
      right('backward ms'),
      right('share'),
      right('multiply-adds an image'),
      right('G/s'),
      right('of SIMD peak'),
      right('bytes an image'),
      right('of bandwidth'),
    ],
    rows.map((layer) => [
      layer.layer,
      milliseconds(layer.forwardSeconds),
      milliseconds(layer.backwardSeconds),
      formatPercent(time(layer) / seconds),
      formatCount(layer.multiplyAdds / batch),
      rate(layer.multiplyAdds, time(layer), 1e9),
      formatPercent(layer.multiplyAdds / time(layer) / peaks.multiplyAddsPerSecond, 0),
      formatBytes(layer.bytes / batch),
      formatPercent(layer.bytes / time(layer) / peaks.bytesPerSecond, 0),
    ]),
  )
}

/** Seconds of one pass over all layers. */
export function passSeconds(calls: readonly CallProfile[], pass: CallProfile['pass']): number {
  return calls.filter((call) => call.pass === pass).reduce((sum, { seconds }) => sum + seconds, 0)
}

function milliseconds(seconds: number): string {
  return (seconds * 1000).toFixed(2)
}

function rate(amount: number, seconds: number, unit: number): string {
  return amount === 0 ? '' : (amount / seconds / unit).toFixed(1)
}
