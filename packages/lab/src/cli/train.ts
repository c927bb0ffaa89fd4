// `dctps train`: settings from a config file and options, a run, and what came out of it.

import { type Command, Option } from 'commander'
import { DctpsError } from 'dctps'
import { mergeSettings, readSettings, resolveConfig, type Settings } from '../config/index.js'
import { formatBytes, formatCount, formatDuration, formatPercent } from '../report/format.js'
import { defaultRunFolder, folderState, type RunResult, runPaths, startRun } from '../run/index.js'
import { interruptSignal } from './interrupt.js'
import { Progress } from './progress.js'
import { addSettingOptions, settingsOf } from './setting-options.js'
import { printJson } from './values.js'

/** Beside the settings, which `settingsOf` reads. */
interface TrainCommandOptions extends Readonly<Record<string, unknown>> {
  readonly config?: string
  readonly out?: string
  readonly resume?: true
  readonly quiet?: true
  readonly json?: true
}

const examples = `
A run writes a folder: config.json (all settings), environment.json,
metrics.jsonl (a line an epoch), TensorBoard events, state.dctps (to go on from),
and at the end model.dctps, model-best.dctps and summary.json.

Ctrl-C stops after the current step and saves. The same command with --resume
goes on as if nothing had happened: the final model has the same bytes, also
after a crash, and with any number of threads.

A config file holds settings under the names of the options (weightDecay for
--weight-decay), as JSON or YAML:
  density: 0.5%
  lr: 0.01
  schedule: cosine

Examples:
  dctps train                             LeNet-5, DCTpS, 1%, built-in images
  dctps train --density 0.5% --lr 0.01    fewer weights, larger steps
  dctps train --kind dense                all weights, to compare
  dctps train --kind sparse --prune snip  weights chosen by their saliency
  dctps train --data cifar10.tar.gz --crop 4 --flip
                                          other images, augmented
  dctps train --config base.yaml --seed 1
                                          settings of a file, one changed
  dctps train --out runs/mine --resume    go on with the run in a folder`

export function register(program: Command): void {
  const command = program.command('train').description('Train a network and write its run folder.')
  addSettingOptions(command)
    // Overrides a config file; it needs no line of its own in the help.
    .addOption(new Option('--no-flip').hideHelp().helpGroup('Data:'))
    .optionsGroup('Running:')
    .option('--out <folder>', 'run folder (default: runs/ and a name made from the settings)')
    .option('--resume', 'go on with the run in the folder, with its own settings if --out names it')
    .option('--config <file>', 'take settings from a JSON or YAML file; options override it')
    .option('--quiet', 'no progress')
    .option('--json', 'print the result as one JSON document; progress goes to stderr')
    .optionsGroup('Help:')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', examples)
    .action((options: TrainCommandOptions) => train(options))
}

async function train(options: TrainCommandOptions): Promise<void> {
  const { out, resume = false, quiet = false, json = false } = options
  const config = resolveConfig(mergeSettings(await baseSettings(options), settingsOf(options)))
  const progress = new Progress(json ? process.stderr : process.stdout)
  try {
    const result = await startRun(config, {
      folder: out,
      resume,
      signal: interruptSignal(),
      onEvent(event) {
        if (!quiet) progress.show(event)
      },
    })
    progress.clear()
    const { paths, summary } = result
    if (json) printJson({ folder: paths.folder, ...summary })
    else for (const line of describeResult(result)) console.log(line)
  } catch (error) {
    progress.clear()
    if (!(error instanceof DctpsError) || error.code !== 'cancelled') throw error
    // Stopped while its weights were chosen, a run may have left nothing to go on with.
    if ((await folderState(runPaths(out ?? defaultRunFolder(config)))) === 'free') throw error
    throw new DctpsError('cancelled', `${error.message}; go on with the same command and --resume`, {
      cause: error,
    })
  }
}

/** What the options are laid over: the file that is named, or the settings of the run that is gone on with. */
async function baseSettings({ config, out, resume }: TrainCommandOptions): Promise<Settings> {
  if (config !== undefined) return readSettings(config)
  if (out === undefined || resume !== true) return {}
  const paths = runPaths(out)
  // Without a run there is nothing to read; that is said where runs are started.
  return (await folderState(paths)) === 'free' ? {} : readSettings(paths.config)
}

function describeResult({ paths, summary, wasFinished }: RunResult): string[] {
  const { best, test, epochs, seconds } = summary
  const end = wasFinished
    ? 'this run was finished before, after'
    : `${summary.ended === 'finished' ? 'finished' : 'stopped early'} after`
  const speed = `${formatCount(summary.imagesPerSecond)} images/s`
  const lines = [`${end} ${epochs} epochs in ${formatDuration(seconds)}, ${speed}`]
  if (test !== null) lines.push(`test accuracy ${formatPercent(test.final.accuracy)} with the last weights`)
  if (best !== null) {
    const tested = test?.best == null ? '' : `, test accuracy ${formatPercent(test.best.accuracy)}`
    lines.push(
      `best epoch ${best.epoch}: validation accuracy ${formatPercent(best.validationAccuracy)}${tested}`,
    )
  }
  lines.push(`${paths.model}: ${formatBytes(summary.modelBytes)}`)
  return lines
}
