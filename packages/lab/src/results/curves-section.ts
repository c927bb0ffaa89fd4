// Learning curves: means over seeds in bold, single runs thin, one pair of plots a network, data set and density, with the
// dense network in each as the yardstick.

import type { EpochRecord } from 'dctps'
import { csvLink } from '../report/csv.js'
import { chooseMetrics, type Metric } from '../report/curve-metrics.js'
import { type Curve, describeCurves } from '../report/curve-plot.js'
import { formatDensity } from '../report/format.js'
import { type Html, html } from '../report/html.js'
import { drawPlot } from '../report/plot.js'
import { groupBy } from '../report/records.js'
import { curvesCsv } from './csv-files.js'
import { legend, lookOf, type MethodLooks } from './looks.js'
import type { Cell, Panel } from './panels.js'
import { chosenRuns, type Results, sourceNote } from './record.js'
import { spreadOf } from './statistics.js'

/** More bytes of numbers than this stay beside the page: a browser should open it at once. */
const MOST_EMBEDDED = 4_000_000

/** Null where no run has an epoch on record. */
export function curvesSection(results: Results, looks: MethodLooks): Html | null {
  const figures = results.panels.flatMap((panel) => {
    const drawn = chosenRuns(panel.cells).filter(({ epochs }) => epochs.length > 0)
    if (drawn.length === 0) return []
    const metrics = chooseMetrics(drawn)
    return figuresOf(panel).map(({ title, cells }) => {
      const plots = metrics.map((metric) =>
        drawPlot(describeCurves(title, curvesOf(cells, metric, looks), metric, 0)),
      )
      const methods = cells.map(({ method }) => method)
      return html`<figure class="panel"><h3>${title}</h3>${legend(looks, methods)}
<div class="plots">${plots}</div>
<figcaption class="note">${sourceNote(chosenRuns(cells))}.</figcaption></figure>`
    })
  })
  if (figures.length === 0) return null
  const csv = curvesCsv(results)
  return html`<section id="curves"><h2>Learning curves</h2>
<p>Bold: the mean over seeds, as far as all seeds were trained. Thin: single runs. A loss above the axis is cut off.</p>
${figures}
<p class="note">Numbers: ${csv.length > MOST_EMBEDDED ? 'curves.csv, beside this page' : csvLink('curves.csv', csv)}</p></section>`
}

function figuresOf({ title, cells }: Panel): { title: string; cells: Cell[] }[] {
  const dense = cells.filter(({ density }) => density === null)
  const sparse = cells.filter(({ density }) => density !== null)
  if (sparse.length === 0) return [{ title, cells: dense }]
  return [...groupBy(sparse, ({ density }) => String(density)).values()]
    .sort((a, b) => b[0]!.density! - a[0]!.density!)
    .map((own) => ({
      title: `${title}, ${formatDensity(own[0]!.density!)}`,
      cells: [...own, ...dense],
    }))
}

function curvesOf(cells: readonly Cell[], metric: Metric, looks: MethodLooks): Curve[] {
  return cells.flatMap(({ method, chosen: { runs } }) => {
    const shared = { label: null, look: lookOf(looks, method), failed: false }
    const single = runs.map(
      (run): Curve => ({
        ...shared,
        name: `${method}, seed ${run.config.seed}`,
        weight: 'faint',
        points: run.epochs.map((record) => ({ epoch: record.epoch, value: metric.read(record) })),
      }),
    )
    const mean: Curve = {
      ...shared,
      name: method,
      weight: 'bold',
      points: meanCurve(
        runs.map(({ epochs }) => epochs),
        metric,
      ),
    }
    return runs.length > 1 ? [...single, mean] : [mean]
  })
}

/** The mean over runs at each epoch that all of them have. */
export function meanCurve(
  runs: readonly (readonly EpochRecord[])[],
  { read }: Pick<Metric, 'read'>,
): Curve['points'] {
  const byEpoch = groupBy(runs.flat(), ({ epoch }) => String(epoch))
  return [...byEpoch.values()]
    .filter((records) => records.length === runs.length)
    .map((records) => ({
      epoch: records[0]!.epoch,
      value: spreadOf(records.map(read))?.mean ?? Number.NaN,
    }))
}
