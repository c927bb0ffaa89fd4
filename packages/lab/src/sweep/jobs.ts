// How many runs are trained at once, and on how many threads each.

import { defaultThreads } from 'dctps/node'
import type { SweepRun } from './expand.js'

export interface Parallelism {
  readonly jobs: number
  /** For runs that the experiment gives no number of threads. */
  readonly threads: number
}

/**
 * One thread a run wastes nothing, so as many runs as there are cores; where there are fewer runs, they share the cores.
 * @param jobs as asked for; undefined: as many as the cores allow
 * @param runs those still to be trained
 */
export function chooseParallelism(
  jobs: number | undefined,
  runs: readonly SweepRun[],
  cores = defaultThreads(),
): Parallelism {
  const asked = Math.max(0, ...runs.map(({ threads }) => threads ?? 0))
  const most = jobs ?? Math.max(1, Math.floor(cores / Math.max(1, asked)))
  const used = Math.max(1, Math.min(most, runs.length))
  return { jobs: used, threads: asked > 0 ? asked : Math.max(1, Math.floor(cores / used)) }
}
