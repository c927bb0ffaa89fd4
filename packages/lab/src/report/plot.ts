// Observable Plot on the server: one self-contained SVG string a plot, with the text sizes and margins that all
// plots of the report share. What is drawn comes from the caller.

import { createHash } from 'node:crypto'
import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { type Html, trustedHtml } from './html.js'

/** Drawn for a phone, where it is shown a little smaller; the stylesheet lets it grow a little on a desk. */
export const PLOT_WIDTH = 380
export const PLOT_FONT_SIZE = 13

/** Mean advance of a bold character relative to its size, by the widest of the usual system fonts. */
const CHARACTER_ASPECT = 0.68

/** Estimated width of a plot label in pixels; the exact font is known only to the reader's machine. */
export function labelWidth(text: string): number {
  return text.length * PLOT_FONT_SIZE * CHARACTER_ASPECT
}

export interface PlotDescription {
  readonly title: string
  /** What a reader who cannot see the plot is told. */
  readonly description: string
  readonly options: Plot.PlotOptions
}

/** The plot as inline SVG with an accessible name and description. */
export function drawPlot({ title, description, options }: PlotDescription): Html {
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  const svg = Plot.plot({
    width: PLOT_WIDTH,
    style: { fontSize: `${PLOT_FONT_SIZE}px` },
    className: 'plot',
    ...options,
    document,
  })
  svg.querySelector('style')?.remove()
  svg.setAttribute('role', 'img')
  svg.setAttribute('aria-label', `${title}. ${description}`)
  return trustedHtml(withOwnIds(svg.outerHTML))
}

/**
 * Plot counts the ids of its clip paths over the whole process. Named by what the plot shows instead, they are the same
 * whenever the plot is drawn, and belong to one plot of a page.
 */
function withOwnIds(markup: string): string {
  const numbers = new Map<string, number>()
  const renumbered = markup.replace(/\bplot-clip-(\d+)/g, (_, id: string) => {
    numbers.set(id, numbers.get(id) ?? numbers.size)
    return `plot-clip-${numbers.get(id)}`
  })
  if (numbers.size === 0) return markup
  const name = createHash('sha256').update(renumbered).digest('hex').slice(0, 8)
  return renumbered.replace(/\bplot-clip-/g, `clip-${name}-`)
}
