// `dctps profile`: where the time of a training step goes, and how far each part is from what the machine can do.

import type { Command } from 'commander'
import { buildSpec, findArchitecture, type ModelSpec } from 'dctps'
import { cachedTransforms } from 'dctps/node'
import {
  architectureOptions,
  kernelOptions,
  type RunConfig,
  resolveConfig,
  supportSource,
} from '../config/index.js'
import { kernelTable, layerTable, passSeconds, profileTraining, type StepProfile } from '../profile/index.js'
import { formatCount, formatDensity } from '../report/format.js'
import { LiveLine } from './live-line.js'
import { addSettingOptions, settingsOf } from './setting-options.js'
import { printJson, wholeNumber } from './values.js'

interface ProfileCommandOptions extends Readonly<Record<string, unknown>> {
  readonly classes: number
  readonly channels: number
  readonly size?: number
  readonly steps: number
  readonly layers: number
  readonly quiet?: true
  readonly json?: true
}

const examples = `
Whole training steps (forward, backward, Adam) on one thread, images without
meaning; every kernel call is timed in its place, which costs about a tenth of a
microsecond a call. Bandwidth is that of a copy in memory, the SIMD peak that of
multiply-adds in registers, both measured here and now. A kernel can be above the
bandwidth where its data is in the cache.

Examples:
  dctps profile resnet50 --density 0.1% --batch 64
  dctps profile vgg19 --kind sparse --density 0.1% --layers 10
  dctps profile lenet5 --channels 1 --json`

export function register(program: Command): void {
  const command = program
    .command('profile')
    .argument('<network>', 'name of a network, see dctps train --help')
    .description('Show where the time of a training step goes, by kernel and by layer.')
  addSettingOptions(command, ['width', 'stable', 'kind', 'density', 'rule', 'alpha', 'batch', 'seed', 'simd'])
    .optionsGroup('Shapes:')
    .option('--classes <n>', 'outputs of the last layer', wholeNumber('--classes', 2), 10)
    .option('--channels <n>', 'of the images: 1 grey, 3 colour', wholeNumber('--channels', 1), 3)
    .option(
      '--size <pixels>',
      "height and width of the network's input (default: its smallest)",
      wholeNumber('--size', 1),
    )
    .optionsGroup('Output:')
    .option('--steps <n>', 'training steps that are measured', wholeNumber('--steps', 1), 5)
    .option('--layers <n>', 'layers in the table, the slowest first', wholeNumber('--layers', 0), 25)
    .option('--quiet', 'no progress')
    .option('--json', 'print one JSON document, with every call of every step')
    .optionsGroup('Help:')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', examples)
    .action((network: string, options: ProfileCommandOptions) => profile(network, options))
}

async function profile(network: string, options: ProfileCommandOptions): Promise<void> {
  const config = resolveConfig({ ...settingsOf(options), network })
  const spec = specOf(config, options)
  const built = buildSpec(spec)
  const begin = performance.now()
  const secondsLeft = (done: number, total: number) =>
    Math.ceil((((performance.now() - begin) / 1000) * (total - done)) / done)
  const line = options.quiet || options.json ? null : new LiveLine(process.stderr)
  const result = await profileTraining(built.network, built.supports, {
    batch: config.batch,
    steps: options.steps,
    simd: config.simd,
    transforms: cachedTransforms(),
    onStep: (done, total) =>
      line?.pass(`${network}: step ${done} of ${total}, ${secondsLeft(done, total)} s left`),
  }).finally(() => line?.clear())
  if (options.json === true) {
    printJson({ ...spec, simd: config.simd, imagesPerSecond: config.batch / result.seconds, ...result })
    return
  }
  console.log(describe(config, result))
  console.log(`\n${kernelTable(result)}`)
  if (options.layers > 0) console.log(`\n${layerTable(result, options.layers)}`)
}

function specOf(config: RunConfig, { classes, channels, size }: ProfileCommandOptions): ModelSpec {
  const side = size ?? Math.min(...findArchitecture(config.network).inputSizes)
  return {
    architecture: config.network,
    input: { channels, height: side, width: side },
    classes,
    kernel: kernelOptions(config),
    ...architectureOptions(config),
    support: supportSource(config),
  }
}

function describe(config: RunConfig, { seconds, calls, peaks, batch }: StepProfile): string {
  const kernels = config.kind === 'dense' ? 'dense' : `${config.kind} ${formatDensity(config.density)}`
  const part = (pass: 'forward' | 'backward' | 'update') => (passSeconds(calls, pass) * 1000).toFixed(1)
  return [
    `${config.network}, ${kernels}, batch ${batch}, one thread, simd ${config.simd}: ${(seconds * 1000).toFixed(1)} ms a step, ${formatCount(batch / seconds)} images/s`,
    `forward ${part('forward')} ms, backward ${part('backward')} ms, update ${part('update')} ms`,
    `this machine: memory ${(peaks.bytesPerSecond / 1e9).toFixed(1)} GB/s, SIMD peak ${(peaks.multiplyAddsPerSecond / 1e9).toFixed(1)} G multiply-adds/s`,
  ].join('\n')
}
