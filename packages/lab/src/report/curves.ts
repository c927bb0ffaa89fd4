// Learning curves as small multiples: one panel a network and density, accuracy beside loss, a dense network repeated
// in each as the yardstick. Curves are named at their ends, so no legend has to be matched by colour.

import { csvLink } from './csv.js'
import { chooseMetrics, type Metric } from './curve-metrics.js'
import { type Curve, describeCurves } from './curve-plot.js'
import { epochsCsv } from './epochs-csv.js'
import { formatDensity } from './format.js'
import { type Html, html } from './html.js'
import { kindLooks } from './kind-look.js'
import { drawPlot, labelWidth } from './plot.js'
import { groupBy, type ReportRun, shownRuns } from './records.js'

const LONGEST_LABEL = 20

/** Runs that share a plot. */
interface Panel {
  readonly title: string
  readonly runs: readonly ReportRun[]
}

export function curvesSection(runs: readonly ReportRun[]): Html {
  const trained = runs.filter((run) => run.epochs.length > 0)
  const untrained = runs.filter((run) => run.epochs.length === 0)
  const metrics = chooseMetrics(trained)
  // One margin for all panels, so that their axes line up.
  const labelRoom = Math.max(0, ...shownRuns(trained).map((run) => labelWidth(endLabel(run))))
  return html`<section id="curves"><h2>Learning curves</h2>
${panels(trained).map(
  (panel) => html`<figure class="panel"><h3>${panel.title}</h3>
<div class="plots">${metrics.map((metric) => drawPlot(describeCurves(panel.title, curvesOf(panel.runs, metric), metric, labelRoom)))}</div></figure>`,
)}
<p class="note">${notes(trained, metrics)} ${untrained.map((run) => `Without a finished epoch, so not drawn: ${run.label}. `)}Numbers: ${csvLink('epochs.csv', curvesCsv(runs))}</p></section>`
}

/** Every epoch of every run. */
function curvesCsv(runs: readonly ReportRun[]): string {
  const epochs = runs.map(({ id, label, epochs }) => ({ names: [id, label], epochs }))
  return epochsCsv(['run', 'label'], epochs, true)
}

/** The shown runs bold and named, the others thin. */
function curvesOf(runs: readonly ReportRun[], metric: Metric): Curve[] {
  const shown = new Set(shownRuns(runs))
  return runs.map((run) => ({
    name: run.label,
    label: endLabel(run),
    look: kindLooks[run.kind],
    weight: shown.has(run) ? 'bold' : 'faint',
    failed: run.failed !== null,
    points: run.epochs.map((record) => ({ epoch: record.epoch, value: metric.read(record) })),
  }))
}

/** What a curve is called at its end; \u2715 says that its run failed. */
function endLabel({ label, failed }: ReportRun): string {
  const short = label.length <= LONGEST_LABEL ? label : `${label.slice(0, LONGEST_LABEL - 1)}\u2026`
  return failed === null ? short : `${short} \u2715`
}

function panels(runs: readonly ReportRun[]): Panel[] {
  return [...groupBy(runs, (run) => run.network)].flatMap(([network, ofNetwork]) => {
    const dense = ofNetwork.filter((run) => run.density === null)
    const sparse = groupBy(
      ofNetwork.filter((run) => run.density !== null),
      (run) => formatDensity(run.density!),
    )
    if (sparse.size === 0) return [{ title: network, runs: dense }]
    const descending = [...sparse].sort(([, a], [, b]) => b[0]!.density! - a[0]!.density!)
    return descending.map(([density, atDensity]) => ({
      title: `${network} at ${density} density`,
      runs: [...atDensity, ...dense],
    }))
  })
}

function notes(runs: readonly ReportRun[], metrics: readonly Metric[]): string {
  const records = runs.flatMap((run) => run.epochs)
  const cut = metrics.some(({ read, domain }) => records.some((record) => read(record) > domain[1]))
  return [
    shownRuns(runs).length < runs.length ? 'Thin lines: the other learning rates tried.' : '',
    runs.some((run) => run.failed !== null) ? '\u2715: the run failed there.' : '',
    cut ? 'A loss above the axis is cut off.' : '',
  ]
    .filter((note) => note !== '')
    .join(' ')
}
