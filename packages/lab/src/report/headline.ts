// The tables of results: the chosen run of each kind at the top, every run that was tried folded away below it.

import { csvLink, formatCsv } from './csv.js'
import { formatBytes, formatCount, formatDensity, formatPercent } from './format.js'
import { type Html, html } from './html.js'
import { kindMark } from './kind-look.js'
import { bestValidationAccuracy, type ReportRun, shownRuns } from './records.js'

export function headlineSection(runs: readonly ReportRun[]): Html {
  const shown = shownRuns(runs)
  const networks = new Set(runs.map((run) => run.network)).size
  const tested = shown.some((run) => run.testAccuracy !== null)
  return html`<section id="results"><h2>Results</h2>
<div class="scroll" role="region" aria-label="Results" tabindex="0"><table class="headline">
<thead><tr><th scope="col">${networks > 1 ? 'kernels, network' : 'kernels'}</th><th scope="col">${tested ? 'test' : 'validation'} accuracy</th><th scope="col" class="number">density</th><th scope="col" class="number">stored weights</th><th scope="col" class="number">model file</th><th scope="col" class="number">training images/s</th><th scope="col" class="number">learning rate</th></tr></thead>
<tbody>${shown.map((run) => headlineRow(run, runs, networks > 1))}</tbody></table></div>
<p class="note">${tested ? 'Accuracy on the test set, with the weights of the best validation epoch. ' : ''}Stored weights: kernel weights kept, of all that the dense network has.</p>
<details><summary>All ${runs.length} runs</summary>
<div class="scroll" role="region" aria-label="All runs" tabindex="0"><table class="runs">
<thead><tr><th scope="col">run</th><th scope="col" class="number">learning rate</th><th scope="col">chosen</th><th scope="col" class="number">best validation</th><th scope="col" class="number">test, best weights</th><th scope="col" class="number">test, last weights</th><th scope="col" class="number">epochs</th><th scope="col" class="number">seed</th><th scope="col">outcome</th></tr></thead>
<tbody>${runs.map(detailRow)}</tbody></table></div>
<p class="note">${shown.length < runs.length ? 'Learning rates were chosen by validation accuracy; the test set played no part. ' : ''}Numbers: ${csvLink('runs.csv', runsCsv(runs))}</p></details></section>`
}

/** One line a run, in full precision. */
export function runsCsv(runs: readonly ReportRun[]): string {
  return formatCsv(
    [
      'run',
      'label',
      'network',
      'kind',
      'rule',
      'density',
      'learningRate',
      'seed',
      'kernelEntries',
      'nonZeros',
      'storedBytes',
      'epochs',
      'bestValidationAccuracy',
      'testAccuracyBest',
      'testAccuracyFinal',
      'imagesPerSecond',
      'selected',
      'failed',
    ],
    runs.map((run) => [
      run.id,
      run.label,
      run.network,
      run.kind,
      run.rule,
      run.density,
      run.learningRate,
      run.seed,
      run.kernelEntries,
      run.nonZeros,
      run.storedBytes,
      run.epochs.length,
      bestValidationAccuracy(run),
      run.testAccuracy?.best ?? null,
      run.testAccuracy?.final ?? null,
      run.imagesPerSecond,
      String(run.selected),
      run.failed,
    ]),
  )
}

function headlineRow(run: ReportRun, runs: readonly ReportRun[], nameNetwork: boolean): Html {
  return html`<tr><th scope="row">${kindMark(run.kind)} ${run.label}${nameNetwork ? html` <span class="caption">${run.network}</span>` : null}</th>
<td>${accuracyBar(run)}</td>
<td class="number">${formatDensity(run.nonZeros / run.kernelEntries)}</td>
<td class="number">${formatCount(run.nonZeros)} <span class="caption">of ${formatCount(run.kernelEntries)}</span></td>
<td class="number">${formatBytes(run.storedBytes)}</td>
<td class="number">${formatCount(run.imagesPerSecond)}</td>
<td class="number">${run.learningRate}${triedNote(run, runs)}</td></tr>`
}

function accuracyBar(run: ReportRun): Html {
  if (run.failed !== null) return html`<span class="failure">\u2715 ${run.failed}</span>`
  const accuracy = run.testAccuracy?.best ?? bestValidationAccuracy(run)
  if (accuracy === null) return html`<span class="caption">not measured</span>`
  const percent = formatPercent(accuracy)
  return html`<span class="measure"><strong>${percent}</strong><span class="bar ${run.kind}" style="--fill: ${percent}"></span></span>`
}

/** How many learning rates were tried for what this run stands for. */
function triedNote(run: ReportRun, runs: readonly ReportRun[]): Html | null {
  const tried = new Set(
    runs
      .filter(
        (other) =>
          other.network === run.network &&
          other.kind === run.kind &&
          other.rule === run.rule &&
          other.density === run.density,
      )
      .map((other) => other.learningRate),
  ).size
  return tried > 1 ? html` <span class="caption">best of ${tried}</span>` : null
}

function detailRow(run: ReportRun): Html {
  const optional = (accuracy: number | null | undefined) =>
    accuracy === null || accuracy === undefined ? '\u2013' : formatPercent(accuracy)
  return html`<tr class="${run.selected ? 'chosen' : ''}"><th scope="row">${kindMark(run.kind)} ${run.label}</th>
<td class="number">${run.learningRate}</td><td>${run.selected ? '\u2713 chosen' : ''}</td>
<td class="number">${optional(bestValidationAccuracy(run))}</td><td class="number">${optional(run.testAccuracy?.best)}</td><td class="number">${optional(run.testAccuracy?.final)}</td>
<td class="number">${run.epochs.length}</td><td class="number">${run.seed}</td><td>${run.failed === null ? 'finished' : html`<span class="failure">\u2715 ${run.failed}</span>`}</td></tr>`
}
