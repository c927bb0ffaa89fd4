// Chooses the supports of a run by its method of pruning, and says what came of it: how many weights each layer has, and
// whether anything is cut off.

import {
  type ConnectionReport,
  connectionReport,
  type PruneTask,
  type PruneWatch,
  prune,
  type Supports,
} from 'dctps'
import type { PruneConfig, RunConfig } from '../config/index.js'
import { hugePagesPlatform } from '../huge-pages.js'

/** What `pruning.json` holds. */
export interface PruningRecord extends ConnectionReport {
  readonly method: string
  /** Null where the method has none. */
  readonly steps: number | null
  /** Wall-clock time. */
  readonly seconds: number
  /** GraSP: measured error of the Hessian-vector product, relative to its norm; null elsewhere. */
  readonly hessianError: number | null
}

export interface PrunedRun {
  readonly supports: Supports
  readonly record: PruningRecord
}

/** @throws DctpsError as `prune` of the core */
export async function pruneRun(
  config: PruneConfig & Pick<RunConfig, 'threads' | 'simd'>,
  task: Pick<PruneTask, 'network' | 'dataset' | 'options' | 'from'>,
  watch: PruneWatch,
): Promise<PrunedRun> {
  const { prune: method, density, pruneSteps: steps } = config
  const begin = performance.now()
  const platform = await hugePagesPlatform(config.threads, config.simd)
  const { supports, hessianError } = await prune({ ...task, density, steps }, method, platform, watch)
  const seconds = (performance.now() - begin) / 1000
  const report = connectionReport(task.network, supports)
  return { supports, record: { method, steps: steps ?? null, seconds, hessianError, ...report } }
}
