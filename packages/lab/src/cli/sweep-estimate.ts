// `dctps sweep --dry-run`: how many runs, how much memory, how long.

import { totalmem } from 'node:os'
import { formatBytes, formatDensity, formatDuration } from '../report/format.js'
import { formatTable } from '../report/table.js'
import {
  chooseParallelism,
  type Experiment,
  estimateRuns,
  expandExperiment,
  type RunEstimate,
  type Shard,
  shardRuns,
  totalSeconds,
} from '../sweep/index.js'
import { interruptSignal } from './interrupt.js'
import { LiveLine } from './live-line.js'
import { printJson } from './values.js'

interface EstimateOptions {
  readonly jobs?: number
  readonly shard?: Shard
  readonly quiet?: true
  readonly json?: true
}

/** @throws DctpsError as `estimateRuns` */
export async function printEstimates(experiment: Experiment, options: EstimateOptions): Promise<void> {
  const { shard, quiet, json } = options
  const plan = expandExperiment(experiment)
  const runs = shard === undefined ? plan.runs : shardRuns(plan.runs, shard)
  const { jobs, threads } = chooseParallelism(options.jobs, runs)
  const line = quiet === true || json === true ? null : new LiveLine(process.stderr)
  const estimates = await estimateRuns(runs, {
    threads,
    signal: interruptSignal(),
    onDataProgress: (done, total) => line?.pass(`reading images: ${done} of ${total}`),
    onWarning: (message) => line?.keep(`warning: ${message}`),
    onShape: (run, index, shapes) => line?.pass(`measuring ${index}/${shapes}: ${run.name}`),
  }).finally(() => line?.clear())
  const seconds = totalSeconds(estimates, jobs)
  const memory = largestTogether(estimates, jobs)
  if (json === true) {
    const list = estimates.map(({ run: { name, label, values, config }, ...cost }) => {
      return { run: name, label, values, network: config.network, kind: config.kind, ...cost }
    })
    printJson({ hash: plan.hash, jobs, threads, seconds, bytes: memory, runs: list })
    return
  }
  console.log(`${experiment.title}: ${experiment.shows}\n\n${estimateTable(estimates)}\n`)
  const each = threads === 1 ? '1 thread' : `${threads} threads`
  console.log(
    `${runs.length} runs, ${jobs} at once with ${each} each: about ${formatDuration(seconds)} and ${formatBytes(memory)} of memory`,
  )
  console.log(
    'Time: measured on a few training steps of each shape of run with nothing beside them; pruning and updates of supports come on top. Memory: compiled programs and images; each process takes some 90 MB more.',
  )
  if (memory > totalmem()) {
    console.log(`warning: this machine has ${formatBytes(totalmem())}; use fewer --jobs or a smaller --batch`)
  }
}

/** Memory when the largest runs happen to be trained at the same time. */
function largestTogether(estimates: readonly RunEstimate[], jobs: number): number {
  const sorted = estimates.map(({ bytes }) => bytes).sort((a, b) => b - a)
  return sorted.slice(0, jobs).reduce((sum, bytes) => sum + bytes, 0)
}

/** A row for runs that are alike in everything but seed, learning rate and the like. */
function estimateTable(estimates: readonly RunEstimate[]): string {
  const rows = new Map<string, { cells: string[]; runs: number }>()
  for (const { run, bytes, seconds } of estimates) {
    const { config, label } = run
    const density = config.kind === 'dense' ? '100%' : formatDensity(config.density)
    const cells = [label, config.network, config.kind, density, formatBytes(bytes), formatDuration(seconds)]
    const key = JSON.stringify(cells)
    const row = rows.get(key) ?? { cells, runs: 0 }
    row.runs++
    rows.set(key, row)
  }
  const left = (header: string) => ({ header, align: 'left' as const })
  const right = (header: string) => ({ header, align: 'right' as const })
  return formatTable(
    [
      right('runs'),
      left('method'),
      left('network'),
      left('kind'),
      right('density'),
      right('memory'),
      right('a run'),
    ],
    [...rows.values()].map(({ cells, runs }) => [String(runs), ...cells]),
  )
}
