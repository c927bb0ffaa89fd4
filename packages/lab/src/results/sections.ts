// The sections of a report that are mostly tables and text: results, costs, all runs, what is missing, how it was made.

import { formatDuration } from '../report/format.js'
import { type Html, html } from '../report/html.js'
import type { ReportFact } from '../report/records.js'
import { lookOf, type MethodLooks, methodMark } from './looks.js'
import { measures, type Panel } from './panels.js'
import { chosenRuns, type Results, sourceNote } from './record.js'
import {
  bytesTable,
  estimateNote,
  htmlTable,
  multiplyAddsTable,
  problemsTable,
  runsTable,
  summaryTable,
} from './tables.js'

export function resultsSection(results: Results, looks: MethodLooks): Html {
  const { panels } = results
  const anyMissing = panels.some(({ cells }) => cells.some(({ chosen }) => chosen.without.length > 0))
  const several = panels.some(({ cells }) => cells.some(({ candidates }) => candidates.length > 1))
  return html`<section id="results"><h2>Results</h2>
${panels.map(
  (panel) => html`<h3>${panel.title}</h3>
${htmlTable(summaryTable(panel, results), `Results of ${panel.title}`, markOf(looks))}
<p class="note">${sourceNote(chosenRuns(panel.cells))}.</p>`,
)}
<p class="note">Mean and sample standard deviation over seeds; a single seed has no deviation. Plots and findings use the ${[...new Set(panels.map(({ measure }) => measures[measure]))].join('; ')}. ${several ? 'Where several settings were tried, the one with the best mean validation accuracy stands for its method; the test set played no part. ' : ''}${anyMissing ? 'Seeds such as \u201c2 of 3\u201d: the others have no result, see below. ' : ''}</p></section>`
}

export function costSection(results: Results, looks: MethodLooks): Html | null {
  const panels = results.panels.filter(({ cells }) => cells.some((cell) => results.facts.has(cell)))
  if (panels.length === 0) return null
  return html`<section id="cost"><h2>What it costs</h2>
<p>${estimateNote} \u201cOf dense\u201d compares with the same network with all its weights.</p>
<p class="note">Bytes: values as float32 and positions as uint32; in training with the optimiser\u2019s vectors; activations and gradients are not counted. Methods that score weights before training need all of them at initialisation. The dense model file is compared as its float32 values.</p>
<p class="note">Multiply-adds: the transform D as this engine executes it, S by its non-zeros times positions, dense kernels by all their weights, other layers alike for all. Training is forward and backward.</p>
${panels.map((panel) => panelCosts(panel, results, looks))}</section>`
}

function panelCosts(panel: Panel, results: Results, looks: MethodLooks): Html {
  const models = panel.cells.flatMap((cell) => results.facts.get(cell)?.run ?? [])
  return html`<h3>${panel.title}</h3>
${htmlTable(bytesTable(panel, results), `Stored bytes of ${panel.title}`, markOf(looks))}
${htmlTable(multiplyAddsTable(panel, results), `Multiply-adds of ${panel.title}`, markOf(looks))}
<p class="note">${results.timings ? `Speeds are means over the runs, ${machines(panel)}. ` : ''}Supports of ${sourceNote(models)}.</p>`
}

/** Where and when the speeds were measured. */
function machines({ cells }: Panel): string {
  const sessions = chosenRuns(cells).flatMap((run) => run.sessions)
  const places = [...new Set(sessions.map(({ cpu, threads }) => `${cpu} with ${threads} threads`))].sort()
  const days = sessions.map(({ startedAt }) => startedAt.slice(0, 10)).sort()
  if (sessions.length === 0) return 'on a machine that the run folders do not name'
  const when = days[0] === days.at(-1) ? `on ${days[0]}` : `from ${days[0]} to ${days.at(-1)}`
  return `on ${places.join('; ')}, begun ${when}`
}

export function runsSection(results: Results, looks: MethodLooks): Html {
  const count = results.experiment.runs.length
  return html`<section id="runs"><h2>Every run</h2>
<details><summary>${count} finished runs</summary>
${results.panels.map(
  (panel) => html`<h3>${panel.title}</h3>
${htmlTable(runsTable(panel, results), `Runs of ${panel.title}`, (row) => markOf(looks)(row.slice(1)))}`,
)}</details></section>`
}

export function problemsSection(results: Results): Html {
  const { problems } = results
  const content =
    problems.length === 0
      ? html`<p>Nothing: every run that was found or expected is finished and counted.</p>`
      : html`<p>These runs are in no figure unless the reason says so. Their folders were left as they are.</p>${htmlTable(problemsTable(results), 'Runs that are not counted')}`
  return html`<section id="missing"><h2>What failed or is missing</h2>
${content}</section>`
}

/** How the runs were made: settings that all share, and those in which they differ. */
export function factsOf({ experiment, timings }: Results): ReportFact[] {
  const { runs, hash, select } = experiment
  const all = [...new Set(runs.flatMap(({ config }) => Object.keys(config)))]
  // Threads change no result: they belong to the machine.
  const settings = all.filter((name) => name !== 'threads' && name !== 'saveEvery')
  const valuesOf = (name: string) => [
    ...new Set(runs.flatMap(({ config }) => (Object.hasOwn(config, name) ? [valueText(config[name])] : []))),
  ]
  const shared = settings.filter((name) => valuesOf(name).length === 1)
  const varied = settings.filter((name) => valuesOf(name).length > 1)
  const seconds = runs.reduce((sum, { summary }) => sum + summary.seconds, 0)
  return [
    ...varied.map((name) => ({ label: `${name} (differs)`, value: valuesOf(name).join(', ') })),
    { label: 'the same in all runs', value: shared.map((name) => `${name} ${valuesOf(name)[0]}`).join(', ') },
    { label: 'chosen by validation', value: select.join(', ') },
    ...(hash === null ? [] : [{ label: 'hash of the sweep', value: hash }]),
    { label: 'all runs', value: sourceNote(runs) },
    ...(timings ? [{ label: 'training time of all runs', value: formatDuration(seconds) }] : []),
  ]
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function markOf(looks: MethodLooks): (row: readonly string[]) => Html {
  return ([method = '']) => methodMark(lookOf(looks, method))
}
