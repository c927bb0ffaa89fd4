// The numbers behind each plot as comma-separated files inside the report itself: nothing to fetch, nothing lost.

import { type Html, html } from './html.js'

export type CsvCell = string | number | null

/** RFC 4180: a header line, CRLF line ends, quotes where needed. Numbers in full precision, null as an empty cell. */
export function formatCsv(header: readonly string[], rows: readonly (readonly CsvCell[])[]): string {
  return [header, ...rows].map((cells) => `${cells.map(formatCell).join(',')}\r\n`).join('')
}

/** A link that saves `csv` under `name`. */
export function csvLink(name: string, csv: string): Html {
  const uri = `data:text/csv;charset=utf-8;base64,${Buffer.from(csv).toString('base64')}`
  return html`<a class="download" download="${name}" href="${uri}">${name}</a>`
}

function formatCell(cell: CsvCell): string {
  const text = cell === null ? '' : String(cell)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
