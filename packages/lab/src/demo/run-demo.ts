// Runs everything that the main job compares, one run after the other, each in its own folder below one. What is finished
// is kept: a demo that was stopped goes on where it stopped.

import { basename, join } from 'node:path'
import { DctpsError, type EpochRecord, type TransformCache } from 'dctps'
import { cachedTransforms } from 'dctps/node'
import type { RunConfig } from '../config/index.js'
import type { OpenedDataset } from '../data/index.js'
import { readMetrics } from '../log/metrics.js'
import {
  defaultRunFolder,
  folderState,
  type RunEvent,
  type RunPaths,
  type RunSummary,
  runPaths,
  startRun,
} from '../run/index.js'
import type { Contender } from './grid.js'

export interface DemoRun {
  readonly contender: Contender
  readonly config: RunConfig
  readonly paths: RunPaths
  readonly epochs: readonly EpochRecord[]
  /** What came out, or why nothing did (a loss that was not finite). */
  readonly outcome: RunSummary | { readonly failed: string }
}

export interface DemoOptions {
  readonly folder: string
  readonly data: OpenedDataset
  readonly signal: AbortSignal
  /** `index` counts the runs from 0. */
  onStart(contender: Contender, config: RunConfig, index: number): void
  onEvent(event: RunEvent): void
  onEnd(run: DemoRun): void
}

/**
 * Trains and tests all contenders.
 * @throws DctpsError as {@link startRun}, but a diverged run is a result, not an error
 */
export async function runDemo(contenders: readonly Contender[], options: DemoOptions): Promise<DemoRun[]> {
  const transforms = cachedTransforms()
  const runs: DemoRun[] = []
  for (const contender of contenders) {
    for (const config of contender.configs) {
      options.onStart(contender, config, runs.length)
      const paths = runPaths(join(options.folder, basename(defaultRunFolder(config))))
      const outcome = await runOnce(config, paths, transforms, options)
      const run = { contender, config, paths, epochs: await readMetrics(paths.metrics), outcome }
      runs.push(run)
      options.onEnd(run)
    }
  }
  return runs
}

async function runOnce(
  config: RunConfig,
  paths: RunPaths,
  transforms: TransformCache,
  { data, signal, onEvent }: DemoOptions,
): Promise<DemoRun['outcome']> {
  const resume = (await folderState(paths)) !== 'free'
  try {
    const { summary } = await startRun(config, {
      folder: paths.folder,
      resume,
      data,
      signal,
      transforms,
      onEvent,
    })
    return summary
  } catch (error) {
    if (error instanceof DctpsError && error.code === 'numeric') return { failed: error.message }
    throw error
  }
}

/** The run of each contender that stands for it: the best validation accuracy; of equals, the first. */
export function selectRuns(runs: readonly DemoRun[]): Set<DemoRun> {
  const selected = new Map<Contender, DemoRun>()
  for (const run of runs) {
    const best = selected.get(run.contender)
    if (best === undefined || validation(run) > validation(best)) selected.set(run.contender, run)
  }
  return new Set(selected.values())
}

function validation({ outcome }: DemoRun): number {
  return 'failed' in outcome ? -1 : (outcome.best?.validationAccuracy ?? 0)
}
