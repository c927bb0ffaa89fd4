// How each method shares its weights among the layers, and where in some layers they are.

import * as Plot from '@observablehq/plot'
import { logTicks } from '../report/axes.js'
import { csvLink } from '../report/csv.js'
import { formatDensity } from '../report/format.js'
import { type Html, html } from '../report/html.js'
import { cellsPerMap, entries, layerMap } from '../report/layer-map.js'
import { drawPlot, type PlotDescription } from '../report/plot.js'
import { groupBy, type ReportLayer } from '../report/records.js'
import { layersCsv } from './csv-files.js'
import { legend, lookOf, type MethodLooks, methodMark } from './looks.js'
import { mappedCells } from './model-facts.js'
import type { Cell, Panel } from './panels.js'
import { type Results, sourceNote } from './record.js'

const HEIGHT = 260
/** A curve under others that are equal to it is wider for each of them, so that all can be seen; but not by more than this. */
const HALO = 3
const MOST_HALO = 9
const MARGIN = { top: 30, right: 16, bottom: 38, left: 60 } as const

/** Null where no sparse model could be read. */
export function layersSection(results: Results, looks: MethodLooks): Html | null {
  const figures = results.panels.flatMap((panel) => panelFigures(panel, results, looks))
  if (figures.length === 0) return null
  const methods = [
    ...new Set(
      [...results.facts.keys()].filter(({ density }) => density !== null).map(({ method }) => method),
    ),
  ]
  return html`<section id="layers"><h2>Density of each layer</h2>
<p>Layers in the order of the network, from the input on. The rule or method decides how many weights a layer keeps; the axis is logarithmic, and a cross at the bottom is a layer that is left without any. Equal curves lie above each other, the lower ones wider.</p>
${legend(looks, methods)}
<div class="plots">${figures}</div>
<p class="note">Numbers: ${csvLink('layers.csv', layersCsv(results))}</p></section>`
}

function panelFigures({ title, cells }: Panel, { facts }: Results, looks: MethodLooks): Html[] {
  const known = cells.filter((cell) => cell.density !== null && facts.has(cell))
  const densities = [...groupBy(known, ({ density }) => String(density)).values()].sort(
    (a, b) => b[0]!.density! - a[0]!.density!,
  )
  return densities.map((own) => {
    const name = `${title}, ${formatDensity(own[0]!.density!)}`
    const curves = own.map((cell) => ({ cell, layers: facts.get(cell)?.layers ?? [] }))
    const runs = own.flatMap((cell) => facts.get(cell)?.run ?? [])
    return html`<figure><h3>${name}</h3>${drawPlot(describeLayers(name, curves, looks))}
<figcaption class="note">Supports of ${sourceNote(runs)}.</figcaption></figure>`
  })
}

function describeLayers(
  title: string,
  curves: readonly { readonly cell: Cell; readonly layers: readonly ReportLayer[] }[],
  looks: MethodLooks,
): PlotDescription {
  const points = curves.map(({ cell, layers }) =>
    layers.map((layer, index) => ({
      method: cell.method,
      name: layer.name,
      index: index + 1,
      density: layer.nonZeros / entries(layer),
    })),
  )
  const stored = points.flat().filter(({ density }) => density > 0)
  const least = Math.min(1, ...stored.map(({ density }) => density))
  const low = least / 2
  const count = Math.max(2, ...points.map(({ length }) => length))
  return {
    title: `Density of each layer, ${title}`,
    description: points
      .map((own) => `${own[0]?.method ?? ''}: ${own.map(({ density }) => formatDensity(density)).join(', ')}`)
      .join('; '),
    options: {
      height: HEIGHT,
      marginTop: MARGIN.top,
      marginRight: MARGIN.right,
      marginBottom: MARGIN.bottom,
      marginLeft: MARGIN.left,
      x: { domain: [1, count], label: null },
      y: { type: 'log', domain: [low, 1.1], label: null },
      marks: [
        Plot.gridY({ ticks: logTicks(low, 1), strokeOpacity: 0.12 }),
        Plot.axisY({ ticks: logTicks(low, 1), tickSize: 0, tickFormat: formatDensity }),
        Plot.axisX({ ticks: layerTicks(count), tickFormat: (index: number) => String(index), tickSize: 4 }),
        Plot.text(['Density'], { frameAnchor: 'top-left', dx: -MARGIN.left + 4, dy: -22, fontWeight: 600 }),
        Plot.text(['layer'], { frameAnchor: 'bottom-right', dy: 32 }),
        Plot.ruleY([low], { strokeOpacity: 0.5 }),
        points.map((own, index) => {
          const { colour, dash, symbol } = lookOf(looks, own[0]?.method ?? '')
          const margin = Math.min(HALO, MOST_HALO / points.length) * equalAfter(points, index)
          const kept = own.filter(({ density }) => density > 0)
          const empty = own.filter(({ density }) => density === 0)
          return [
            Plot.line(kept, {
              x: 'index',
              y: 'density',
              stroke: colour,
              strokeWidth: 1.8 + margin,
              ...(dash === null ? {} : { strokeDasharray: dash }),
            }),
            Plot.dot(kept, {
              x: 'index',
              y: 'density',
              symbol,
              fill: colour,
              r: (own.length > 30 ? 2.4 : 3.6) + margin / 2,
              title: ({ method, name, density }) => `${method}, ${name}: ${formatDensity(density)}`,
            }),
            Plot.dot(empty, {
              x: 'index',
              y: () => low,
              symbol: 'times',
              stroke: colour,
              strokeWidth: 2.5,
              r: 5,
              title: ({ method, name }) => `${method}, ${name}: empty`,
            }),
          ]
        }),
      ],
    },
  }
}

/** How many of the curves that are drawn above one run just where it does. */
function equalAfter(curves: readonly (readonly { readonly density: number }[])[], index: number): number {
  const keyOf = (curve: (typeof curves)[number]) => curve.map(({ density }) => density).join()
  return curves.slice(index + 1).filter((curve) => keyOf(curve) === keyOf(curves[index]!)).length
}

/** Whole numbers, at most about eight. */
function layerTicks(count: number): number[] {
  const step = [1, 2, 5, 10, 20, 50].find((size) => count / size <= 8) ?? 100
  const ticks = Array.from({ length: Math.floor(count / step) }, (_, index) => (index + 1) * step)
  return step === 1 ? ticks : [1, ...ticks]
}

/** Maps of some layers at one density a panel; null where no sparse model could be read. */
export async function mapsSection({ panels, facts }: Results, looks: MethodLooks): Promise<Html | null> {
  const figures = panels.flatMap((panel) =>
    mappedCells(panel).flatMap((cell) => {
      const own = facts.get(cell)
      const layers = (own?.layers ?? []).filter(({ positions }) => positions !== null)
      return own === undefined || layers.length === 0 ? [] : [{ panel, cell, run: own.run, layers }]
    }),
  )
  if (figures.length === 0) return null
  const mostCells = cellsPerMap(figures.reduce((sum, { layers }) => sum + layers.length, 0))
  const blocks = await Promise.all(
    figures.map(
      async ({
        panel,
        cell,
        run,
        layers,
      }) => html`<figure class="support"><h3>${methodMark(lookOf(looks, cell.method))} ${cell.method}, ${formatDensity(cell.density!)}, ${panel.title}</h3>
<div class="maps">${await Promise.all(layers.map((layer) => layerMap(layer, mostCells)))}</div>
<figcaption class="note">${sourceNote([run])}: ${run.name}</figcaption></figure>`,
    ),
  )
  return html`<section id="supports"><h2>Where the stored weights are</h2>
<p>Some layers of each method. Rows are output channels, columns the entries of the patch they read (kernel row, kernel column, input channel). Each dot is a stored weight, darker where its magnitude is larger, relative to the layer\u2019s largest; in a large layer a dot stands for a square of weights and shows the largest of them. The numbers are in the model files.</p>
${blocks}</section>`
}
