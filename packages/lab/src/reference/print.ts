// The reference run for people and for machines.

import { formatTable, type TableColumn } from '../report/table.js'
import { allPassed, badness, exceeds, type FileReport, statusOf, worstOfEachKind } from './comparison.js'
import type { ReferenceRun } from './run.js'

const columns: readonly TableColumn[] = [
  { header: 'what', align: 'left' },
  { header: 'compared', align: 'right' },
  { header: 'worst at', align: 'left' },
  { header: 'error', align: 'right' },
  { header: 'tolerance', align: 'right' },
  { header: 'share', align: 'right' },
  { header: 'result', align: 'left' },
]

/** A title, the table of the worst error of each kind, and what went wrong. */
export function formatFile(report: FileReport): string {
  const { file, comparisons, problems, skipped } = report
  const lines = [`${file}: ${statusOf(report)}`]
  if (comparisons.length > 0) {
    const rows = worstOfEachKind(comparisons).map(({ count, worst }) => [
      worst.kind,
      String(count),
      worst.name,
      formatNumber(worst.error),
      formatNumber(worst.tolerance),
      formatShare(badness(worst)),
      exceeds(worst) ? 'exceeded' : 'ok',
    ])
    lines.push(formatTable(columns, rows).replace(/^/gm, '  '))
  }
  if (skipped.length > 0) lines.push(`  no such network yet: ${skipped.join(', ')}`)
  for (const problem of problems) lines.push(`  problem: ${problem}`)
  return lines.join('\n')
}

/** The last line. */
export function formatSummary({ folder, files, others }: ReferenceRun): string {
  const count = (status: string) => files.filter((file) => statusOf(file) === status).length
  const ignored = others.length > 0 ? `; not fixtures: ${others.join(', ')}` : ''
  const tally = `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped${ignored}`
  if (files.length === 0) return `nothing was run: ${folder} holds no fixture${ignored}`
  if (count('passed') + count('failed') === 0) return `nothing was run: ${tally}`
  return tally
}

/** The whole run as JSON; an error that is not a number is null. */
export function formatJson(run: ReferenceRun): string {
  const files = run.files.map((report) => ({
    file: report.file,
    status: statusOf(report),
    kinds: worstOfEachKind(report.comparisons).map(({ count, worst }) => ({
      kind: worst.kind,
      compared: count,
      worst: worst.name,
      error: worst.error,
      tolerance: worst.tolerance,
      exceeded: exceeds(worst),
    })),
    problems: report.problems,
    skipped: report.skipped,
  }))
  return JSON.stringify(
    { folder: run.folder, passed: allPassed(run.files), files, others: run.others },
    null,
    2,
  )
}

function formatNumber(value: number): string {
  return value === 0 ? '0' : value.toExponential(1)
}

/** Error in percent of the tolerance. */
function formatShare(share: number): string {
  return Number.isFinite(share) ? `${Math.round(share * 100)}%` : '>>'
}
