// The report for programs (JSON) and for text (Markdown): the same numbers as on the page.

import type { Candidate, Cell } from './panels.js'
import { measures } from './panels.js'
import type { ResultRun } from './read-run.js'
import { chosenRuns, type Results, sourceNote } from './record.js'
import {
  bytesTable,
  estimateNote,
  multiplyAddsTable,
  problemsTable,
  type ResultTable,
  summaryTable,
} from './tables.js'

/** The contents of results.json. */
export function resultsDocument(results: Results) {
  const { experiment, panels, facts, findings, problems, timings } = results
  const { title, shows, hash, select, runs } = experiment
  const cellDocument = (cell: Cell) => ({
    method: cell.method,
    kind: cell.kind,
    density: cell.density,
    chosen: candidateDocument(cell.chosen),
    candidates: cell.candidates.map(candidateDocument),
    costEstimate: facts.get(cell)?.cost ?? null,
  })
  return {
    title,
    shows,
    hash,
    select,
    findings,
    panels: panels.map(({ network, data, measure, cells }) => ({
      network,
      data,
      measure,
      cells: cells.map(cellDocument),
    })),
    problems: problems.map(({ name, kind, reason }) => ({ name, kind, reason })),
    runs: runs.map((run) => runDocument(run, timings)),
  }
}

function candidateDocument({ label, runs, without, validation, testBest, testFinal }: Candidate) {
  return {
    setting: label,
    runs: runs.map(({ name }) => name),
    seeds: runs.map(({ config }) => config.seed),
    withoutResult: without.map(({ name }) => name),
    validation,
    testBest,
    testFinal,
  }
}

function runDocument({ name, hash, config, summary }: ResultRun, timings: boolean) {
  const { threads: _threads, saveEvery: _saveEvery, ...settings } = config
  const { seconds, imagesPerSecond, ...result } = summary
  return {
    name,
    configuration: hash,
    settings,
    result: { ...result, ...(timings && { seconds, imagesPerSecond }) },
  }
}

/** The contents of results.md. */
export function resultsMarkdown(results: Results): string {
  const { experiment, panels, facts, findings, problems } = results
  const costs = panels.filter(({ cells }) => cells.some((cell) => facts.has(cell)))
  const blocks = [
    `# ${experiment.title}`,
    ...(experiment.shows === null ? [] : [experiment.shows]),
    ...(findings.length === 0 ? [] : [findings.map((finding) => `- ${finding}`).join('\n')]),
    ...panels.flatMap((panel) => [
      `## ${panel.title}`,
      markdownTable(summaryTable(panel, results)),
      `Plots and findings: ${measures[panel.measure]}. ${sourceNote(chosenRuns(panel.cells))}.`,
    ]),
    ...(costs.length === 0 ? [] : ['## Cost', estimateNote]),
    ...costs.flatMap((panel) => [
      `### ${panel.title}`,
      markdownTable(bytesTable(panel, results)),
      markdownTable(multiplyAddsTable(panel, results)),
    ]),
    '## What failed or is missing',
    problems.length === 0 ? 'Nothing.' : markdownTable(problemsTable(results)),
  ]
  return `${blocks.join('\n\n')}\n`
}

function markdownTable({ columns, rows }: ResultTable): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replace(/[|\\]/g, '\\$&')).join(' | ')} |`
  return [
    line(columns.map(({ header }) => header)),
    line(columns.map(({ align }) => (align === 'right' ? '---:' : '---'))),
    ...rows.map(line),
  ].join('\n')
}
