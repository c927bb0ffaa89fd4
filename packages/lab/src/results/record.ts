// All that a report shows, put together once: what was read, how it is compared, and what follows from it. Pages, tables and
// files are made from this alone.

import type { TransformCache } from 'dctps'
import { type Experiment, readExperiment } from './experiment.js'
import { findingsOf } from './findings.js'
import { type ModelFacts, readModelFacts } from './model-facts.js'
import { type Cell, type Panel, panelsOf } from './panels.js'
import type { Problem, ResultRun } from './read-run.js'
import { shortHash } from './run-files.js'
import { countOf } from './statistics.js'

export interface Results {
  readonly experiment: Experiment
  readonly panels: readonly Panel[]
  readonly facts: ModelFacts['cells']
  readonly findings: readonly string[]
  readonly problems: readonly Problem[]
  /** Whether seconds, images a second and dates are told: they are all that differs when the same runs are made again. */
  readonly timings: boolean
}

export interface ResultsOptions {
  readonly timings: boolean
  readonly transforms: TransformCache
  readonly onProgress?: (text: string) => void
}

/** @throws DctpsError as {@link readExperiment} */
export async function readResults(
  folder: string,
  { timings, transforms, onProgress = () => {} }: ResultsOptions,
): Promise<Results> {
  const experiment = await readExperiment(folder, (name, index, count) =>
    onProgress(`reading run ${index + 1}/${count} ${name}`),
  )
  const panels = panelsOf(experiment)
  const { cells: facts, problems } = await readModelFacts(panels, transforms, (index, count) =>
    onProgress(`reading model ${index + 1}/${count}`),
  )
  return {
    experiment,
    panels,
    facts,
    findings: findingsOf(panels),
    problems: [...experiment.problems, ...problems],
    timings,
  }
}

/** The runs that stand for cells. */
export function chosenRuns(cells: readonly Cell[]): ResultRun[] {
  return cells.flatMap(({ chosen }) => chosen.runs)
}

/** What a figure is made of: `6 runs, seeds 0, 1, 2, configuration hash a1b2c3`. The hash of several runs is that of theirs. */
export function sourceNote(runs: readonly ResultRun[]): string {
  const seeds = [...new Set(runs.map(({ config }) => config.seed))].sort((a, b) => a - b)
  const hashes = runs.map((run) => run.hash).sort()
  const hash = hashes.length === 1 ? hashes[0] : shortHash(hashes.join('\n'))
  return `${countOf(runs.length, 'run')}, ${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}, configuration hash ${hash}`
}
