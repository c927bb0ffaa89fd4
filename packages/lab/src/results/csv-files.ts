// The numbers of a report as CSV files: every run, every method and density, every epoch, every layer, every cost. Numbers in
// full precision; timings only where they are asked for.

import { type CsvCell, formatCsv } from '../report/csv.js'
import { epochsCsv } from '../report/epochs-csv.js'
import { entries } from '../report/layer-map.js'
import type { Candidate, Cell, Panel } from './panels.js'
import type { ResultRun } from './read-run.js'
import type { Results } from './record.js'
import { type Spread, spreadOf } from './statistics.js'

/** A column: its name, and how it is read from a row. */
type Column<Row> = readonly [name: string, read: (row: Row) => CsvCell]

interface CellRow {
  readonly panel: Panel
  readonly cell: Cell
}

interface RunRow extends CellRow {
  readonly candidate: Candidate
  readonly run: ResultRun
}

const cellColumns: readonly Column<CellRow>[] = [
  ['network', ({ panel }) => panel.network],
  ['data', ({ panel }) => panel.data],
  ['method', ({ cell }) => cell.method],
  ['density', ({ cell }) => cell.density],
]

/** results.csv: a row a run, with the settings that are not spoken for by the method. */
export function runsCsv({ panels, timings }: Results): string {
  const timed: readonly Column<RunRow>[] = [
    ['imagesPerSecond', ({ run }) => run.summary.imagesPerSecond],
    ['seconds', ({ run }) => run.summary.seconds],
  ]
  const columns: readonly Column<RunRow>[] = [
    ['run', ({ run }) => run.name],
    ...cellColumns,
    ['setting', ({ candidate }) => candidate.label],
    ['chosen', ({ candidate, cell }) => String(candidate === cell.chosen)],
    ['seed', ({ run }) => run.config.seed],
    ['learningRate', ({ run }) => run.config.lr],
    ['configuration', ({ run }) => run.hash],
    ['epochs', ({ run }) => run.summary.epochs],
    ['ended', ({ run }) => run.summary.ended],
    ['bestEpoch', ({ run }) => run.summary.best?.epoch ?? null],
    ['validationAccuracy', ({ run }) => run.summary.best?.validationAccuracy ?? null],
    ['testAccuracyBest', ({ run }) => run.summary.test?.best?.accuracy ?? null],
    ['testAccuracyFinal', ({ run }) => run.summary.test?.final.accuracy ?? null],
    ['kernelWeights', ({ run }) => run.summary.kernelWeights],
    ['nonZeros', ({ run }) => run.summary.nonZeros],
    ['storedNumbers', ({ run }) => run.summary.storedNumbers],
    ['modelBytes', ({ run }) => run.summary.modelBytes],
    ...(timings ? timed : []),
  ]
  const rows = panels.flatMap((panel) =>
    panel.cells.flatMap((cell) =>
      cell.candidates.flatMap((candidate) => candidate.runs.map((run) => ({ panel, cell, candidate, run }))),
    ),
  )
  return csvOf(columns, rows)
}

/** summary.csv: a row a method and density, of the chosen runs. */
export function summaryCsv({ panels, timings, facts }: Results): string {
  const chosen = (read: (candidate: Candidate) => CsvCell) => (row: CellRow) => read(row.cell.chosen)
  const spread = (name: string, read: (candidate: Candidate) => Spread | null): Column<CellRow>[] => [
    [`${name}Mean`, chosen((candidate) => read(candidate)?.mean ?? null)],
    [`${name}Deviation`, chosen((candidate) => read(candidate)?.deviation ?? null)],
  ]
  const mean = (read: (run: ResultRun) => number) =>
    chosen(({ runs }) => spreadOf(runs.map(read))?.mean ?? null)
  const cost =
    (read: (of: NonNullable<ReturnType<typeof facts.get>>['cost']) => number) => (row: CellRow) => {
      const own = facts.get(row.cell)
      return own === undefined ? null : read(own.cost)
    }
  const timed: readonly Column<CellRow>[] = [
    ['imagesPerSecond', mean(({ summary }) => summary.imagesPerSecond)],
    ['seconds', mean(({ summary }) => summary.seconds)],
  ]
  const columns: readonly Column<CellRow>[] = [
    ...cellColumns,
    ['setting', chosen(({ label }) => label)],
    ['settingsTried', ({ cell }) => cell.candidates.length],
    ['seeds', chosen(({ runs }) => runs.map(({ config }) => config.seed).join(' '))],
    ['runsWithoutResult', chosen(({ without }) => without.length)],
    ...spread('testAccuracyBest', ({ testBest }) => testBest),
    ...spread('testAccuracyFinal', ({ testFinal }) => testFinal),
    ...spread('validationAccuracy', ({ validation }) => validation),
    ['nonZeros', mean(({ summary }) => summary.nonZeros)],
    ['kernelWeights', mean(({ summary }) => summary.kernelWeights)],
    ['modelBytes', mean(({ summary }) => summary.modelBytes)],
    ['bytesInitialEstimate', cost(({ bytes }) => bytes.initial)],
    ['bytesTrainingEstimate', cost(({ bytes }) => bytes.training)],
    ['denseBytesInitialEstimate', cost(({ denseBytes }) => denseBytes.initial)],
    ['denseBytesTrainingEstimate', cost(({ denseBytes }) => denseBytes.training)],
    ['choiceMultiplyAddsEstimate', cost(({ choice }) => choice)],
    ['trainingMultiplyAddsEstimate', cost(({ multiplyAdds }) => multiplyAdds.training)],
    ['useMultiplyAddsEstimate', cost(({ multiplyAdds }) => multiplyAdds.use)],
    ['denseTrainingMultiplyAddsEstimate', cost(({ denseMultiplyAdds }) => denseMultiplyAdds.training)],
    ['denseUseMultiplyAddsEstimate', cost(({ denseMultiplyAdds }) => denseMultiplyAdds.use)],
    ...(timings ? timed : []),
  ]
  return csvOf(
    columns,
    panels.flatMap((panel) => panel.cells.map((cell) => ({ panel, cell }))),
  )
}

/** curves.csv: a row an epoch of a run. */
export function curvesCsv({ panels, timings }: Results): string {
  const runs = panels.flatMap(({ cells }) =>
    cells.flatMap(({ method, candidates }) =>
      candidates.flatMap((candidate) =>
        candidate.runs.map(({ name, epochs }) => ({ names: [name, method], epochs })),
      ),
    ),
  )
  return epochsCsv(['run', 'method'], runs, timings)
}

/** layers.csv: a row a layer of the model that stands for a method and density. */
export function layersCsv({ panels, facts }: Results): string {
  const rows = panels.flatMap((panel) =>
    panel.cells.flatMap((cell) => {
      const own = facts.get(cell)
      if (own === undefined) return []
      return own.layers.map((layer, index) => ({ panel, cell, run: own.run, layer, index }))
    }),
  )
  const columns: readonly Column<(typeof rows)[number]>[] = [
    ['run', ({ run }) => run.name],
    ...cellColumns,
    ['index', ({ index }) => index + 1],
    ['layer', ({ layer }) => layer.name],
    ['shape', ({ layer }) => layer.shape.join('x')],
    ['weights', ({ layer }) => entries(layer)],
    ['stored', ({ layer }) => layer.nonZeros],
    ['layerDensity', ({ layer }) => layer.nonZeros / entries(layer)],
  ]
  return csvOf(columns, rows)
}

function csvOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  return formatCsv(
    columns.map(([name]) => name),
    rows.map((row) => columns.map(([, read]) => read(row))),
  )
}
