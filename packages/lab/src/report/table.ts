// A plain-text table for the terminal: aligned columns, no colour. Widths are counted in terminal cells, so names in
// any script line up.

export interface TableColumn {
  readonly header: string
  readonly align: 'left' | 'right'
}

/** Space between two columns. */
const GAP = '  '

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** Scripts and symbols that a terminal draws two cells wide (Unicode Standard Annex 11, wide and fullwidth). */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u

/** Terminal cells that a text without control characters takes. */
export function displayWidth(text: string): number {
  let width = 0
  for (const { segment } of graphemes.segment(text)) {
    width += wide.test(segment) ? 2 : /^\p{Mark}*$/u.test(segment) ? 0 : 1
  }
  return width
}

/**
 * Header, rule and rows, each line without trailing space and without a final line end. Control characters (colour
 * codes, line breaks) become spaces. Missing cells are empty.
 */
export function formatTable(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): string {
  const lines = [columns.map((column) => column.header), ...rows].map((cells) =>
    columns.map((_, index) => (cells[index] ?? '').replace(/\p{Control}+/gu, ' ')),
  )
  const widths = columns.map((_, index) => Math.max(...lines.map((cells) => displayWidth(cells[index]!))))
  const [header, ...body] = lines.map((cells) =>
    cells
      .map((cell, index) => alignCell(cell, widths[index]!, columns[index]!.align))
      .join(GAP)
      .trimEnd(),
  )
  const rule = widths.map((width) => '\u2500'.repeat(width)).join(GAP)
  return [header, rule, ...body].join('\n')
}

function alignCell(cell: string, width: number, align: TableColumn['align']): string {
  const space = ' '.repeat(width - displayWidth(cell))
  return align === 'left' ? cell + space : space + cell
}
