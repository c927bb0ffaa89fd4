// Runs that are compared with each other: a panel a network and data set, in it a cell a method and density, in it a
// candidate a value of the settings that are chosen by validation, in it a run a seed.

import type { KernelKind } from 'dctps'
import { groupBy } from '../report/records.js'
import type { Experiment } from './experiment.js'
import { dataName, methodName, networkName, settingsText, variedSettings } from './method.js'
import type { Problem, ResultRun } from './read-run.js'
import type { ReadConfig } from './run-files.js'
import { type Spread, spreadOf } from './statistics.js'

/** Runs that differ in their seed alone. */
export interface Candidate {
  /** `lr 0.01`; empty where nothing was chosen. */
  readonly label: string
  /** In the order of their seeds. */
  readonly runs: readonly ResultRun[]
  /** Runs that belong here and have no result. */
  readonly without: readonly Problem[]
  /** Best of all epochs. */
  readonly validation: Spread | null
  /** On the test images, with the weights of the best validation epoch, and with the last ones. */
  readonly testBest: Spread | null
  readonly testFinal: Spread | null
}

export interface Cell {
  readonly method: string
  readonly kind: KernelKind
  /** Null for dense networks. */
  readonly density: number | null
  /** The best by mean validation accuracy stands for the cell; without validation, by training accuracy. */
  readonly chosen: Candidate
  readonly candidates: readonly Candidate[]
}

/** The accuracy that is shown: the first of these that all chosen runs of a panel have. */
export const measures = {
  testBest: 'test accuracy, weights of the best validation epoch',
  testFinal: 'test accuracy, last weights',
  validation: 'best validation accuracy',
} as const

export type Measure = keyof typeof measures

/** The same in a sentence, where weights of the best epoch are the rule. */
export const briefMeasures: Readonly<Record<Measure, string>> = {
  testBest: 'test accuracy',
  testFinal: 'test accuracy of the last weights',
  validation: 'validation accuracy',
}

export interface Panel {
  /** `lenet5 on fashion-mnist-12k` */
  readonly title: string
  readonly network: string
  readonly data: string
  readonly measure: Measure
  /** Methods in one order everywhere, densities falling. */
  readonly cells: readonly Cell[]
}

/** One network, data set and method, with whatever its runs differ in. */
interface Entry {
  readonly config: ReadConfig
  readonly item: ResultRun | Problem
}

export function panelsOf({ runs, problems, select }: Experiment): Panel[] {
  const expected = problems.filter(({ kind }) => kind !== 'left out')
  const entries = [...runs, ...expected].flatMap((item): Entry[] =>
    item.config === null ? [] : [{ config: item.config, item }],
  )
  const groups = groupBy(entries, ({ config }) =>
    JSON.stringify([networkName(config), config.data, dataName(config)]),
  )
  const panels = [...groups.values()].flatMap((group) => {
    const cells = cellsOf(group, select)
    if (cells.length === 0) return []
    const { config } = group[0]!
    const [network, data] = [networkName(config), dataName(config)]
    return [{ title: `${network} on ${data}`, network, data, measure: measureOf(cells), cells }]
  })
  return panels.sort((a, b) => compareText(a.title, b.title))
}

function cellsOf(group: readonly Entry[], select: readonly string[]): Cell[] {
  const methods = groupBy(group, ({ config, item }) => methodName(config, item.label))
  const cells = [...methods].flatMap(([method, ofMethod]) => {
    const varied = variedSettings(
      ofMethod.map(({ config }) => config),
      select,
    )
    const variants = groupBy(ofMethod, ({ config }) => settingsText(config, varied))
    return [...variants].flatMap(([variant, ofVariant]) => {
      const name = variant === '' ? method : `${method}, ${variant}`
      const densities = groupBy(ofVariant, ({ config }) => String(densityOf(config)))
      return [...densities.values()].flatMap((ofDensity) => cellOf(name, ofDensity, select) ?? [])
    })
  })
  return cells.sort(
    (a, b) =>
      methodRank(a) - methodRank(b) || compareText(a.method, b.method) || (b.density ?? 1) - (a.density ?? 1),
  )
}

function densityOf({ kind, density }: ReadConfig): number | null {
  return kind === 'dense' ? null : (density ?? null)
}

/** Null where no run is finished. */
function cellOf(method: string, entries: readonly Entry[], select: readonly string[]): Cell | null {
  const differing = select.filter(
    (setting) => new Set(entries.map(({ config }) => JSON.stringify(config[setting]))).size > 1,
  )
  const ordered = entries.toSorted((a, b) => compareSettings(a.config, b.config, differing))
  const candidates = [...groupBy(ordered, ({ config }) => settingsText(config, differing))]
    .map(([label, own]) =>
      candidateOf(
        label,
        own.map(({ item }) => item),
      ),
    )
    .filter(({ runs }) => runs.length > 0)
  const [first] = candidates
  if (first === undefined) return null
  const { config } = entries[0]!
  const chosen = candidates.reduce((best, other) => (merit(other) > merit(best) ? other : best))
  return { method, kind: config.kind, density: densityOf(config), chosen, candidates }
}

function candidateOf(label: string, items: readonly (ResultRun | Problem)[]): Candidate {
  const runs = items
    .filter((item) => 'summary' in item)
    .sort((a, b) => a.config.seed - b.config.seed || compareText(a.name, b.name))
  const spread = (read: (run: ResultRun) => number | null | undefined) => {
    const values = runs.map(read).filter((value) => value !== null && value !== undefined)
    return values.length === runs.length ? spreadOf(values) : null
  }
  return {
    label,
    runs,
    without: items.filter((item) => 'reason' in item),
    validation: spread(({ summary }) => summary.best?.validationAccuracy),
    testBest: spread(({ summary }) => summary.test?.best?.accuracy),
    testFinal: spread(({ summary }) => summary.test?.final.accuracy),
  }
}

function merit({ validation, runs }: Candidate): number {
  return validation?.mean ?? spreadOf(runs.map(({ epochs }) => epochs.at(-1)?.trainAccuracy ?? 0))?.mean ?? 0
}

function measureOf(cells: readonly Cell[]): Measure {
  const order = ['testBest', 'testFinal', 'validation'] as const
  const has = (measure: Measure) => (cell: Cell) => cell.chosen[measure] !== null
  return (
    order.find((measure) => cells.every(has(measure))) ??
    order.find((measure) => cells.some(has(measure))) ??
    'validation'
  )
}

/** What the paper proposes first, random supports, then pruned ones, the yardstick last. */
function methodRank({ kind, chosen }: Cell): number {
  if (kind === 'sparse') return chosen.runs[0]?.config.prune ? 2 : 1
  return kind === 'dctps' ? 0 : 3
}

/** Numbers by size, all else by its letters. */
function compareSettings(a: ReadConfig, b: ReadConfig, settings: readonly string[]): number {
  for (const setting of settings) {
    const [left, right] = [a[setting], b[setting]]
    const order =
      typeof left === 'number' && typeof right === 'number'
        ? left - right
        : compareText(JSON.stringify(left) ?? '', JSON.stringify(right) ?? '')
    if (order !== 0) return order
  }
  return 0
}

/** By code units: the same everywhere. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
