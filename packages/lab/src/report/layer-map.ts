// The map of one layer's support with its caption: a small picture that the page holds.

import { formatCount } from './format.js'
import { type Html, html } from './html.js'
import { greyDataUri } from './image.js'
import type { ReportLayer } from './records.js'
import { drawSupportMap, type SupportMap } from './support-map.js'

/** Cells of all maps together, about 400 kB of page at worst, shared out evenly when there are many layers. */
const MOST_CELLS = 600_000
/** A very tall layer is binned further than its width asks for. */
const MOST_CELLS_PER_MAP = 8_000

/** A map is shown enlarged to about this width, but a weight never larger than {@link LARGEST_CELL} pixels. */
const MAP_WIDTH = 180
const LARGEST_CELL = 8

/** Cells that each of so many maps may have. */
export function cellsPerMap(maps: number): number {
  return Math.min(MOST_CELLS_PER_MAP, Math.floor(MOST_CELLS / maps))
}

export async function layerMap(layer: ReportLayer, mostCells: number): Promise<Html> {
  const map = drawSupportMap(layer, mostCells)
  const count = `${formatCount(layer.nonZeros)} of ${formatCount(entries(layer))}`
  return html`<div class="map">${map === null ? html`<p class="note">no map</p>` : await mapImage(layer, map)}
<p><strong>${layer.name}</strong><span class="caption">${layer.shape.join('\u00d7')}</span><span class="caption">${count}</span>${map !== null && map.bin > 1 ? html`<span class="caption">dot = ${map.bin}\u00d7${map.bin}</span>` : null}</p></div>`
}

async function mapImage(layer: ReportLayer, map: SupportMap): Promise<Html> {
  const uri = await greyDataUri(map.grey, map.columns, map.rows)
  const cell = Math.max(1, Math.min(LARGEST_CELL, Math.floor(MAP_WIDTH / map.columns)))
  const alt = `Support of ${layer.name}: ${layer.nonZeros} of ${entries(layer)} weights stored`
  return html`<img src="${uri}" alt="${alt}" width="${map.columns * cell}" height="${map.rows * cell}">`
}

/** Weights of the dense layer. */
export function entries(layer: ReportLayer): number {
  return layer.shape.reduce((product, size) => product * size, 1)
}
