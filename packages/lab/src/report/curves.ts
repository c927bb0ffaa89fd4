// Learning curves as small multiples: one panel a network and density, accuracy beside loss, a dense network repeated
// in each as the yardstick. Curves are named at their ends, so no legend has to be matched by colour.

import type { EpochRecord } from 'dctps'
import { csvLink, formatCsv } from './csv.js'
import { describeCurves, endLabel, type Metric, type Panel } from './curve-plot.js'
import { formatDensity, formatPercent } from './format.js'
import { type Html, html } from './html.js'
import { drawPlot, labelWidth } from './plot.js'
import { groupBy, type ReportRun, shownRuns } from './records.js'

export function curvesSection(runs: readonly ReportRun[]): Html {
  const trained = runs.filter((run) => run.epochs.length > 0)
  const untrained = runs.filter((run) => run.epochs.length === 0)
  const metrics = chooseMetrics(trained)
  // One margin for all panels, so that their axes line up.
  const labelRoom = Math.max(0, ...shownRuns(trained).map((run) => labelWidth(endLabel(run))))
  return html`<section id="curves"><h2>Learning curves</h2>
${panels(trained).map(
  (panel) => html`<figure class="panel"><h3>${panel.title}</h3>
<div class="plots">${metrics.map((metric) => drawPlot(describeCurves(panel, metric, labelRoom)))}</div></figure>`,
)}
<p class="note">${notes(trained, metrics)} ${untrained.map((run) => `Without a finished epoch, so not drawn: ${run.label}. `)}Numbers: ${csvLink('epochs.csv', epochsCsv(runs))}</p></section>`
}

/** Every epoch of every run, in full precision. */
export function epochsCsv(runs: readonly ReportRun[]): string {
  const fields = [
    'epoch',
    'step',
    'learningRate',
    'trainLoss',
    'trainAccuracy',
    'validationLoss',
    'validationAccuracy',
    'seconds',
    'imagesPerSecond',
  ] as const
  return formatCsv(
    ['run', 'label', ...fields],
    runs.flatMap((run) =>
      run.epochs.map((record) => [run.id, run.label, ...fields.map((field) => record[field])]),
    ),
  )
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

/** On the validation split, or on the training images where no run has one. */
function chooseMetrics(runs: readonly ReportRun[]): Metric[] {
  const records = runs.flatMap((run) => run.epochs)
  const validated = records.some((record) => record.validationAccuracy !== null)
  const prefix = validated ? 'Validation' : 'Training'
  const accuracy = (record: EpochRecord) =>
    (validated ? record.validationAccuracy : record.trainAccuracy) ?? Number.NaN
  const loss = (record: EpochRecord) => (validated ? record.validationLoss : record.trainLoss) ?? Number.NaN
  const accuracies = records.map(accuracy).filter(Number.isFinite)
  // A loss that explodes must not flatten the others: the axis ends a little above where the runs began.
  const begins = runs
    .map((run) => run.epochs.map(loss).find(Number.isFinite))
    .filter((value) => value !== undefined)
  begins.sort((a, b) => a - b)
  const typicalBegin = begins[Math.floor(begins.length / 2)] ?? 1
  const highest = Math.max(0, ...records.map(loss).filter(Number.isFinite))
  return [
    {
      name: `${prefix} accuracy`,
      domain: [
        Math.max(0, Math.floor(10 * Math.min(1, ...accuracies) - 0.2) / 10),
        Math.min(1, Math.ceil(10 * Math.max(0.1, ...accuracies) + 0.2) / 10),
      ],
      tickFormat: (value) => formatPercent(value, 0),
      valueFormat: (value) => formatPercent(value),
      read: accuracy,
    },
    {
      name: `${prefix} loss`,
      domain: [0, Math.min(highest, 1.5 * typicalBegin) * 1.05 || 1],
      tickFormat: (value) => value.toFixed(1),
      valueFormat: (value) => value.toFixed(3),
      read: loss,
    },
  ]
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
