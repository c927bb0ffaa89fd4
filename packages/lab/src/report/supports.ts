// Where each layer keeps its weights: a map a layer and run, and a table of the layers' densities.

import { patchPosition } from 'dctps/internal/shape/kernel'
import { csvLink, formatCsv } from './csv.js'
import { formatCount, formatDensity } from './format.js'
import { type Html, html } from './html.js'
import { kindMark } from './kind-look.js'
import { cellsPerMap, entries, layerMap } from './layer-map.js'
import { byNetwork, type ReportLayer, type ReportRun, shownRuns } from './records.js'
import { layerGeometry } from './support-map.js'

/** Stored weights that are listed in the page; more belong in the model file. */
const MOST_LISTED_WEIGHTS = 8_000

/** Null where no shown run has layers. */
export async function supportsSection(runs: readonly ReportRun[]): Promise<Html | null> {
  const shown = shownRuns(runs).filter((run) => run.layers.length > 0)
  if (shown.length === 0) return null
  const maps = shown.reduce((sum, run) => sum + run.layers.length, 0)
  const mostCells = cellsPerMap(maps)
  const figure = async (
    run: ReportRun,
  ) => html`<figure class="support"><h3>${kindMark(run.kind)} ${run.label}</h3>
<div class="maps">${await Promise.all(run.layers.map((layer) => layerMap(layer, mostCells)))}</div></figure>`
  const blocks = await Promise.all(
    byNetwork(shown).map(
      async ({ heading, runs: ofNetwork }) =>
        html`${heading === null ? null : html`<h3>${heading}</h3>`}${await Promise.all(ofNetwork.map(figure))}`,
    ),
  )
  const weights = supportCsv(shown)
  return html`<section id="supports"><h2>Where the stored weights are</h2>
<p>One map a layer: rows are output channels, columns the entries of the patch they read (kernel row, kernel column, input channel). Each dot is a stored weight, darker where its magnitude is larger, relative to the layer's largest; in a large layer a dot stands for a square of weights and shows the largest of them. Everything white costs nothing.</p>
${blocks}
<p class="note">${weights === null ? 'The stored weights are too many to list here; the model files hold them.' : html`Numbers: ${csvLink('weights.csv', weights)}`}</p>
<h3>Density of each layer</h3>
${byNetwork(shown).map(({ runs: ofNetwork }) => densityTable(ofNetwork))}
<p class="note">Numbers: ${csvLink('layers.csv', layersCsv(shown))}</p></section>`
}

/** One line a layer and run. */
export function layersCsv(runs: readonly ReportRun[]): string {
  return formatCsv(
    ['run', 'label', 'layer', 'shape', 'weights', 'stored', 'density'],
    runs.flatMap((run) =>
      run.layers.map((layer) => [
        run.id,
        run.label,
        layer.name,
        layer.shape.join('x'),
        entries(layer),
        layer.nonZeros,
        layer.nonZeros / entries(layer),
      ]),
    ),
  )
}

/** One line a stored weight of a sparse layer, by its place in the maps; null where there are too many. */
export function supportCsv(runs: readonly ReportRun[]): string | null {
  const layers = runs.flatMap((run) =>
    run.layers.flatMap((layer) =>
      layer.positions === null ? [] : [{ run, layer, positions: layer.positions }],
    ),
  )
  if (layers.reduce((sum, { positions }) => sum + positions.length, 0) > MOST_LISTED_WEIGHTS) return null
  return formatCsv(
    ['run', 'layer', 'row', 'column', 'value'],
    layers.flatMap(({ run, layer, positions }) =>
      Array.from(positions, (position, index) => {
        const { row, column } = patchPosition(layerGeometry(layer.shape), position)
        return [run.id, layer.name, row, column, layer.values?.[index] ?? null]
      }),
    ),
  )
}

/** @param runs of one network */
function densityTable(runs: readonly ReportRun[]): Html {
  const network = runs[0]?.network ?? ''
  // Runs of one network have the same layers, except that one may have failed before it had any.
  const layers = runs.map((run) => run.layers).reduce((a, b) => (b.length > a.length ? b : a))
  return html`<div class="scroll" role="region" aria-label="Density of each layer of ${network}" tabindex="0"><table class="layers">
<thead><tr><th scope="col">${network}</th><th scope="col">shape</th>${runs.map((run) => html`<th scope="col" class="number">${kindMark(run.kind)} ${run.label}</th>`)}</tr></thead>
<tbody>${layers.map(
    (layer) =>
      html`<tr><th scope="row">${layer.name}</th><td>${layer.shape.join('\u00d7')}</td>${runs.map((run) =>
        densityCell(run.layers.find((candidate) => candidate.name === layer.name)),
      )}</tr>`,
  )}</tbody>
<tfoot><tr><th scope="row">all</th><td></td>${runs.map(
    (run) =>
      html`<td class="number">${formatDensity(run.nonZeros / run.kernelEntries)} <span class="caption">${formatCount(run.nonZeros)}</span></td>`,
  )}</tr></tfoot></table></div>`
}

function densityCell(layer: ReportLayer | undefined): Html {
  if (layer === undefined) return html`<td></td>`
  if (layer.nonZeros === 0) return html`<td class="number empty">empty</td>`
  return html`<td class="number">${formatDensity(layer.nonZeros / entries(layer))} <span class="caption">${formatCount(layer.nonZeros)}</span></td>`
}
