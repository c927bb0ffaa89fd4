// `dctps demo`: the main job. Trains what `demo/grid.ts` lists, prints a table and writes the report.

import { join } from 'node:path'
import type { Command } from 'commander'
import { DctpsError } from 'dctps'
import { defaultThreads } from 'dctps/node'
import type { RunConfig } from '../config/index.js'
import { DEFAULT_DATASET, openDataset, parseDatasetSpec } from '../data/index.js'
import { demoReport, demoTable } from '../demo/demo-report.js'
import { type Contender, demoContenders } from '../demo/grid.js'
import { type DemoRun, runDemo } from '../demo/run-demo.js'
import { formatDuration, formatPercent } from '../report/format.js'
import type { RunEvent } from '../run/index.js'
import { interruptSignal } from './interrupt.js'
import { LiveLine } from './live-line.js'
import { wholeNumber } from './values.js'

interface DemoCommandOptions {
  readonly out: string
  readonly threads: number
  readonly seed: number
  readonly quiet?: boolean
  readonly json?: boolean
}

const examples = `
Trains LeNet-5 and ResNet-8 on the built-in images: DCTpS and plain sparse
networks with the same few weights, and a dense one, each at the same learning
rates. Takes about two minutes on two cores; the report is one HTML file that
needs nothing else. Ctrl-C stops and saves; the same command goes on, and does
not repeat what is finished.

Examples:
  dctps demo                        the main job (what npm start runs)
  dctps demo --seed 1 --out runs/1  the same with another seed, in another folder`

export function register(program: Command): void {
  program
    .command('demo')
    .description('Compare DCTpS with plain sparse and dense training on the built-in images; write a report.')
    .option('--out <folder>', 'folder of the runs and the report', join('runs', 'demo'))
    .option('--threads <number>', 'threads to train on', wholeNumber('--threads', 1), defaultThreads())
    .option('--seed <number>', 'seed of supports, values, split and order', wholeNumber('--seed', 0), 0)
    .option('--quiet', 'no progress')
    .option('--json', 'print the results as one JSON document; progress goes to stderr')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', examples)
    .action((options: DemoCommandOptions) => demo(options))
}

async function demo({ out, threads, seed, quiet = false, json = false }: DemoCommandOptions): Promise<void> {
  const data = await openDataset(parseDatasetSpec(DEFAULT_DATASET))
  const contenders = demoContenders({ threads, seed, data: DEFAULT_DATASET })
  const progress = quiet
    ? null
    : new DemoProgress(contenders, new LiveLine(json ? process.stderr : process.stdout))
  try {
    const runs = await runDemo(contenders, {
      folder: out,
      data,
      signal: interruptSignal(),
      onStart: (contender, config) => progress?.start(contender, config),
      onEvent: (event) => progress?.show(event),
      onEnd: (run) => progress?.end(run),
    })
    const path = join(out, 'report.html')
    // Plots take longer to load than everything else: no other command needs them.
    const { writeReport } = await import('../report/report.js')
    const report = await demoReport(runs, data, threads)
    await writeReport(path, report)
    if (json) {
      const results = runs.map(({ contender, config, outcome }) => ({
        label: contender.label,
        lr: config.lr,
        ...outcome,
      }))
      console.log(JSON.stringify({ report: path, runs: results }, null, 2))
      return
    }
    console.log(`\n${demoTable(runs)}\n`)
    for (const sentence of [report.lead, ...report.findings]) console.log(sentence)
    console.log(`\nThe report, with curves, answers and supports: ${path}`)
  } catch (error) {
    progress?.clear()
    if (!(error instanceof DctpsError) || error.code !== 'cancelled') throw error
    throw new DctpsError('cancelled', `${error.message}; the same command goes on from here`, {
      cause: error,
    })
  }
}

/** Seconds of an epoch as once measured on two cores; only their ratios matter, to guess the time left. */
const epochSeconds: Readonly<Record<string, Readonly<Record<RunConfig['kind'], number>>>> = {
  lenet5: { dctps: 0.45, sparse: 0.25, dense: 0.6 },
  resnet8: { dctps: 8, sparse: 3, dense: 14 },
}

function costOf({ network, kind, epochs }: RunConfig): number {
  return epochs * (epochSeconds[network]?.[kind] ?? 1)
}

/** One line a run, and a live one for the run under way. */
class DemoProgress {
  readonly #line: LiveLine
  readonly #runs: number
  /** Guessed cost of all runs, of those that are over, and of those that this session has spent its time on. */
  readonly #total: number
  #done = 0
  #worked = 0
  #run = 0
  #startedAt = performance.now()
  #contender: Contender | null = null
  #config: RunConfig | null = null
  #trained = false

  constructor(contenders: readonly Contender[], line: LiveLine) {
    const configs = contenders.flatMap((contender) => contender.configs)
    this.#line = line
    this.#runs = configs.length
    this.#total = configs.reduce((sum, config) => sum + costOf(config), 0)
    line.keep(`${configs.length} runs on the built-in images; the first time, about two minutes on two cores`)
  }

  start(contender: Contender, config: RunConfig): void {
    this.#contender = contender
    this.#config = config
    this.#trained = false
    this.#run++
  }

  show(event: RunEvent): void {
    if (event.type === 'warning') this.#line.keep(`warning: ${event.message}`)
    if (event.type !== 'step' || this.#config === null) return
    this.#trained = true
    const { epoch, epochs, step, steps, loss, accuracy, imagesPerSecond } = event
    const share = (epoch - 1 + step / steps) / epochs
    const worked = this.#worked + share * costOf(this.#config)
    const left = ((this.#total - this.#done - share * costOf(this.#config)) * this.#seconds()) / worked
    this.#line.pass(
      [
        `run ${this.#run}/${this.#runs} ${this.#name()}`,
        `epoch ${epoch}/${epochs}`,
        `loss ${loss.toFixed(3)}`,
        `accuracy ${formatPercent(accuracy)}`,
        `${Math.round(imagesPerSecond)} images/s`,
        `${formatDuration(left)} left in all`,
      ].join('  '),
    )
  }

  end({ config, outcome, epochs }: DemoRun): void {
    this.#done += costOf(config)
    if (this.#trained) this.#worked += costOf(config)
    const seconds = epochs.reduce((sum, record) => sum + record.seconds, 0)
    const result =
      'failed' in outcome
        ? outcome.failed
        : `validation ${formatPercent(outcome.best?.validationAccuracy ?? 0)}, ${formatDuration(seconds)}${this.#trained ? '' : ' (finished before)'}`
    this.#line.keep(`run ${this.#run}/${this.#runs}  ${this.#name()}  ${result}`)
  }

  clear(): void {
    this.#line.clear()
  }

  #name(): string {
    return `${this.#config?.network} ${this.#contender?.label} lr ${this.#config?.lr}`
  }

  #seconds(): number {
    return (performance.now() - this.#startedAt) / 1000
  }
}
