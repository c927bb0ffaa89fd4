// `dctps sweep`: all runs of an experiment file, or what they would take.

import { basename, extname, join } from 'node:path'
import { type Command, Option } from 'commander'
import { DctpsError } from 'dctps'
import {
  type Experiment,
  fixSettings,
  listExperiments,
  parseShard,
  readExperimentFile,
  runSweep,
  type Shard,
  type SweepResult,
  type SweepRunResult,
} from '../sweep/index.js'
import { interruptSignal } from './interrupt.js'
import { LiveLine } from './live-line.js'
import { addSettingOptions, settingsOf } from './setting-options.js'
import { printEstimates } from './sweep-estimate.js'
import { SweepProgress } from './sweep-progress.js'
import { printJson, wholeNumber } from './values.js'

/** Beside the settings, which `settingsOf` reads. */
interface SweepCommandOptions extends Readonly<Record<string, unknown>> {
  readonly out?: string
  readonly jobs?: number
  readonly shard?: Shard
  readonly retry?: true
  readonly dryRun?: true
  readonly list?: true
  readonly quiet?: true
  readonly json?: true
}

const examples = `
An experiment file (JSON or YAML) holds a title, one sentence that says what the
result shows, settings that all runs share, a grid of settings to vary, and
methods to compare; docs/experiments.md describes it. A setting that is given as
an option holds for all runs, whatever the file says: --data PATH where the
images are elsewhere, --epochs 1 --seed 0 to try a file out. Defaults are for
what the file does not say.

A sweep folder holds sweep.json and a run folder for each run in runs/. What is
finished there is never trained again, so the same command goes on after Ctrl-C,
a crash or a change of the file. A run that fails takes no other along and is
tried again the next time; one whose loss was not finite is a result, and is
tried again only with --retry. Ctrl-C saves all runs under way.

Examples:
  dctps sweep --list                 the experiment files of the repository
  dctps sweep FILE                   all runs of a file, below sweeps/
  dctps sweep FILE --data cifar10.tar.gz --dry-run
                                     number of runs, memory, time
  dctps sweep FILE --jobs 4 --threads 2
                                     four runs at once
  dctps sweep FILE --shard 1/3 --out /shared/sweep
                                     a third of the runs, for one of three`

export function register(program: Command): void {
  const command = program
    .command('sweep')
    .argument('[file]', 'experiment file, JSON or YAML')
    .description('Train all runs of an experiment: networks, densities, methods and seeds.')
    .optionsGroup('Sweep:')
    .option('--out <folder>', 'sweep folder (default: sweeps/ and the name of the file)')
    .option('--jobs <n>', 'runs at once (default: as many as there are cores)', wholeNumber('--jobs', 1))
    .option('--shard <part/parts>', 'only this part of the runs, e.g. 1/3', parseShard)
    .option('--retry', 'try runs again whose loss was not finite')
    .option('--dry-run', 'train nothing: number of runs, memory, time')
    .option('--list', 'print the experiment files of the repository')
  addSettingOptions(command)
    .addOption(new Option('--no-flip').hideHelp().helpGroup('Data:'))
    .optionsGroup('Output:')
    .option('--quiet', 'no progress')
    .option('--json', 'print a line of JSON for the end of each run, and one for all')
    .optionsGroup('Help:')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', examples)
    .action((file: string | undefined, options: SweepCommandOptions) => sweep(file, options))
}

async function sweep(file: string | undefined, options: SweepCommandOptions): Promise<void> {
  if (options.list === true) return printExperiments(options)
  if (file === undefined) {
    throw new DctpsError(
      'usage',
      'name an experiment file; dctps sweep --list prints those of the repository',
    )
  }
  const experiment = fixSettings(await readExperimentFile(file), settingsOf(options))
  if (options.dryRun === true) return printEstimates(experiment, options)
  return train(experiment, options.out ?? join('sweeps', basename(file, extname(file))), options)
}

async function printExperiments({ json }: SweepCommandOptions): Promise<void> {
  const files = await listExperiments()
  if (json === true) return printJson(files)
  for (const { file, title, shows } of files) console.log(`${file}\n  ${title}: ${shows}`)
}

async function train(experiment: Experiment, folder: string, options: SweepCommandOptions): Promise<void> {
  const { jobs, shard, retry, quiet, json } = options
  const progress =
    quiet === true ? null : new SweepProgress(new LiveLine(json === true ? process.stderr : process.stdout))
  try {
    const result = await runSweep(experiment, {
      folder,
      jobs,
      shard,
      retry,
      signal: interruptSignal(),
      onEvent(event) {
        progress?.show(event)
        if (json === true && event.type === 'end') console.log(JSON.stringify(jsonOf(event)))
      },
    })
    progress?.clear()
    const counts = countOutcomes(result)
    if (json === true) {
      const failures = result.results.flatMap(({ outcome }) =>
        'failure' in outcome ? [outcome.failure] : [],
      )
      console.log(JSON.stringify({ sweep: folder, hash: result.plan.hash, ...counts, failures }))
    } else {
      for (const line of describeFailures(result)) console.log(line)
      console.log(`${describeCounts(counts)}: ${folder} (experiment ${result.plan.hash})`)
    }
    const left = counts.failed + counts.busy
    if (left > 0) {
      const why = counts.failed === 0 ? 'another process trains them' : 'see above'
      throw new DctpsError(
        'program',
        `${left} of ${counts.runs} runs are not finished (${why}); the same command goes on with them`,
      )
    }
  } catch (error) {
    progress?.clear()
    if (!(error instanceof DctpsError) || error.code !== 'cancelled') throw error
    throw new DctpsError('cancelled', `${error.message}; the same command goes on from here`, {
      cause: error,
    })
  }
}

interface OutcomeCounts {
  readonly runs: number
  readonly finished: number
  readonly diverged: number
  readonly failed: number
  readonly busy: number
}

function countOutcomes({ results }: SweepResult): OutcomeCounts {
  const count = (type: SweepRunResult['outcome']['type']) =>
    results.filter(({ outcome }) => outcome.type === type).length
  return {
    runs: results.length,
    finished: count('finished'),
    diverged: count('diverged'),
    failed: count('failed'),
    busy: count('busy'),
  }
}

function describeCounts({ runs, finished, diverged, failed, busy }: OutcomeCounts): string {
  const parts = [
    `${finished} of ${runs} runs finished`,
    ...(diverged > 0 ? [`${diverged} diverged`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(busy > 0 ? [`${busy} under way elsewhere`] : []),
  ]
  return parts.join(', ')
}

function describeFailures({ results }: SweepResult): string[] {
  return results.flatMap(({ run, outcome }) => {
    if (outcome.type === 'finished') return []
    const reason = outcome.type === 'busy' ? outcome.message : outcome.failure.message
    return [`${outcome.type}: ${run.name}: ${reason.replaceAll('\n', ' ')}`]
  })
}

/** A run's end for scripts. */
function jsonOf({ run: { name, label, values }, outcome }: SweepRunResult): object {
  const end =
    outcome.type === 'finished'
      ? { best: outcome.summary.best, test: outcome.summary.test, seconds: outcome.summary.seconds }
      : { reason: outcome.type === 'busy' ? outcome.message : outcome.failure.message }
  return { run: name, label, values, outcome: outcome.type, ...end }
}
