// Accuracy against density, one plot a network and data set.

import { csvLink } from '../report/csv.js'
import { type Html, html } from '../report/html.js'
import { drawPlot } from '../report/plot.js'
import { describeAccuracy } from './accuracy-plot.js'
import { runsCsv, summaryCsv } from './csv-files.js'
import { legend, type MethodLooks } from './looks.js'
import { measures } from './panels.js'
import { chosenRuns, type Results, sourceNote } from './record.js'

/** Null where no sparse network was measured. */
export function accuracySection(results: Results, looks: MethodLooks): Html | null {
  const figures = results.panels.flatMap((panel) => {
    const plot = describeAccuracy(panel, looks)
    if (plot === null) return []
    const missing = panel.cells.filter(({ chosen }) => chosen[panel.measure] === null)
    return html`<figure><h3>${panel.title}</h3>${drawPlot(plot)}
<figcaption class="note">${measures[panel.measure]}; ${sourceNote(chosenRuns(panel.cells))}. ${missing.map(({ method }) => `Not measured: ${method}. `)}</figcaption></figure>`
  })
  if (figures.length === 0) return null
  const methods = [...new Set(results.panels.flatMap(({ cells }) => cells.map(({ method }) => method)))]
  return html`<section id="accuracy"><h2>Accuracy against density</h2>
<p>Large markers: means over seeds. Bars: one sample standard deviation to each side. Small circles: single seeds. Level line: the dense network. The density axis is logarithmic; methods at the same density are moved apart sideways so that they can be told from each other.</p>
${legend(looks, methods)}
<div class="plots">${figures}</div>
<p class="note">Numbers: ${csvLink('summary.csv', summaryCsv(results))}, ${csvLink('results.csv', runsCsv(results))}</p></section>`
}
