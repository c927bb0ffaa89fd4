// The tables of a report as plain rows of text: the page, the Markdown file and the terminal show the same ones.

import { formatBytes, formatCount, formatDensity } from '../report/format.js'
import { type Html, type HtmlValue, html } from '../report/html.js'
import type { TableColumn } from '../report/table.js'
import type { Candidate, Cell, Panel } from './panels.js'
import type { Results } from './record.js'
import { formatSpread, type Spread, spreadOf } from './statistics.js'

export interface ResultTable {
  readonly columns: readonly TableColumn[]
  readonly rows: readonly (readonly string[])[]
}

const left = (header: string): TableColumn => ({ header, align: 'left' })
const right = (header: string): TableColumn => ({ header, align: 'right' })

/** One row a method and density: the chosen runs. */
export function summaryTable({ cells }: Panel, { facts, timings }: Results): ResultTable {
  const selected = cells.some(({ candidates }) => candidates.length > 1)
  return {
    columns: [
      left('method'),
      right('density'),
      right('test, best weights'),
      right('test, last weights'),
      right('validation'),
      right('seeds'),
      right('weights'),
      right('model file'),
      ...(selected ? [left('chosen')] : []),
      ...(timings ? [right('images/s')] : []),
    ],
    rows: cells.map((cell) => {
      const { chosen } = cell
      const mean = (read: (run: Candidate['runs'][number]) => number) =>
        spreadOf(chosen.runs.map(read))?.mean ?? 0
      const layers = facts.get(cell)?.layers
      return [
        cell.method,
        densityText(cell),
        spreadText(chosen.testBest),
        spreadText(chosen.testFinal),
        spreadText(chosen.validation),
        seedsText(chosen),
        formatCount(mean(({ summary }) => summary.nonZeros)) +
          (layers?.some(({ nonZeros }) => nonZeros === 0) ? ' (layers empty)' : ''),
        formatBytes(mean(({ summary }) => summary.modelBytes)),
        ...(selected ? [choiceText(cell)] : []),
        ...(timings ? [formatCount(mean(({ summary }) => summary.imagesPerSecond))] : []),
      ]
    }),
  }
}

/** `1%`, or what is kept of a dense network. */
export function densityText({ density }: Pick<Cell, 'density'>): string {
  return density === null ? 'all' : formatDensity(density)
}

/** Above both tables of costs. */
export const estimateNote =
  'Everything but model files and measured speeds is an estimate, computed from supports and the compiled program.'

/** Bytes that are stored. */
export function bytesTable({ cells }: Panel, { facts }: Results): ResultTable {
  return {
    columns: [
      left('method'),
      right('density'),
      right('at initialisation (estimate)'),
      right('of dense'),
      right('in training (estimate)'),
      right('of dense'),
      right('model file (measured)'),
      right('of dense'),
    ],
    rows: cells.flatMap((cell) => {
      const cost = facts.get(cell)?.cost
      if (cost === undefined) return []
      const stages = (['initial', 'training', 'final'] as const).flatMap((stage) => [
        formatBytes(cost.bytes[stage]),
        formatDensity(cost.bytes[stage] / cost.denseBytes[stage]),
      ])
      return [[cell.method, densityText(cell), ...stages]]
    }),
  }
}

/** Multiply-adds for one image, and in all where the support is chosen. */
export function multiplyAddsTable({ cells }: Panel, { facts, timings }: Results): ResultTable {
  return {
    columns: [
      left('method'),
      right('density'),
      right('choosing the support, in all (estimate)'),
      right('as dense training images'),
      right('training, an image (estimate)'),
      right('of dense'),
      right('in use, an image (estimate)'),
      right('of dense'),
      ...(timings ? [right('measured training images/s'), right('of dense')] : []),
    ],
    rows: cells.flatMap((cell) => {
      const cost = facts.get(cell)?.cost
      if (cost === undefined) return []
      const { multiplyAdds, denseMultiplyAdds, choice } = cost
      return [
        [
          cell.method,
          densityText(cell),
          formatMultiplyAdds(choice),
          choice === 0 ? '0' : formatCount(choice / denseMultiplyAdds.training),
          ...(['training', 'use'] as const).flatMap((pass) => [
            formatMultiplyAdds(multiplyAdds[pass]),
            formatDensity(multiplyAdds[pass] / denseMultiplyAdds[pass]),
          ]),
          ...(timings ? speedCells(cell, cells) : []),
        ],
      ]
    }),
  }
}

/** Every run that is counted, the chosen ones marked. */
export function runsTable({ cells }: Panel, { timings }: Results): ResultTable {
  return {
    columns: [
      left('run'),
      left('method'),
      right('density'),
      left('chosen of'),
      right('seed'),
      right('epochs'),
      right('validation'),
      right('test, best weights'),
      right('test, last weights'),
      left('configuration'),
      ...(timings ? [right('seconds'), right('images/s')] : []),
    ],
    rows: cells.flatMap((cell) =>
      cell.candidates.flatMap((candidate) =>
        candidate.runs.map(({ name, config, hash, summary }) => [
          name,
          cell.method,
          densityText(cell),
          candidate.label === '' ? '' : `${candidate === cell.chosen ? '\u2713 ' : ''}${candidate.label}`,
          String(config.seed),
          String(summary.epochs),
          accuracyText(summary.best?.validationAccuracy),
          accuracyText(summary.test?.best?.accuracy),
          accuracyText(summary.test?.final.accuracy),
          hash,
          ...(timings ? [summary.seconds.toFixed(1), formatCount(summary.imagesPerSecond)] : []),
        ]),
      ),
    ),
  }
}

/** Runs that are not counted. */
export function problemsTable({ problems }: Results): ResultTable {
  return {
    columns: [left('run'), left('what'), left('why')],
    rows: problems.map(({ name, kind, reason }) => [name, kind, reason]),
  }
}

/**
 * A table of the page, which scrolls sideways where it is wider; first cells are headings of their rows.
 * @param mark what stands before the heading of a row
 */
export function htmlTable(
  { columns, rows }: ResultTable,
  label: string,
  mark: (row: readonly string[]) => HtmlValue = () => null,
): Html {
  const numeric = (index: number) => (columns[index]?.align === 'right' ? 'number' : '')
  const row = (cells: readonly string[]) =>
    html`<tr>${cells.map((cell, index) =>
      index === 0
        ? html`<th scope="row">${mark(cells)} ${cell}</th>`
        : html`<td class="${numeric(index)}">${cell}</td>`,
    )}</tr>`
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table class="results">
<thead><tr>${columns.map(({ header }, index) => html`<th scope="col" class="${numeric(index)}">${header}</th>`)}</tr></thead>
<tbody>${rows.map(row)}</tbody></table></div>`
}

function spreadText(spread: Spread | null): string {
  return spread === null ? '\u2013' : formatSpread(spread)
}

function accuracyText(accuracy: number | undefined): string {
  return spreadText(accuracy === undefined ? null : spreadOf([accuracy]))
}

/** `3`, or `2 of 3` where runs of it have no result. */
function seedsText({ runs, without }: Candidate): string {
  return without.length === 0 ? String(runs.length) : `${runs.length} of ${runs.length + without.length}`
}

/** `lr 0.01, best of 2`. */
function choiceText({ chosen, candidates }: Cell): string {
  return candidates.length === 1 ? '' : `${chosen.label}, best of ${candidates.length}`
}

function speedCells({ chosen }: Cell, cells: readonly Cell[]): [string, string] {
  const speedOf = ({ runs }: Candidate) =>
    spreadOf(runs.map(({ summary }) => summary.imagesPerSecond))?.mean ?? 0
  const dense = cells.find(({ kind }) => kind === 'dense')
  const speed = speedOf(chosen)
  return [formatCount(speed), dense === undefined ? '\u2013' : formatDensity(speed / speedOf(dense.chosen))]
}

const units = ['', ' k', ' M', ' G', ' T', ' P'] as const

/** `417 k`, `1.22 M`: three digits. */
function formatMultiplyAdds(count: number): string {
  const unit = Math.max(
    0,
    units.findLastIndex((_, index) => count >= 1000 ** index),
  )
  const value = count / 1000 ** unit
  return `${unit === 0 ? Math.round(value) : value.toPrecision(Math.max(3, Math.ceil(Math.log10(value))))}${units[unit]}`
}
