// The command line of the bench, parsed and checked once.

import { Command, InvalidArgumentError, Option } from 'commander'
import { type KernelKind, kernelKinds } from 'dctps'
import { networkNames, paperNetworks, usualBatch, usualDensity } from './step-case.js'
import type { StepGroup } from './step-rows.js'

interface OutputOptions {
  /** Where the results go as JSON; null prints only. */
  readonly json: string | null
  readonly quick: boolean
}

/** How cost grows with width and density. */
export interface GrowthOptions extends OutputOptions {
  readonly type: 'growth'
  /** Where the plot goes as SVG. */
  readonly plot: string | null
}

/** How fast we are, part by part and against others. */
export interface SpeedOptions extends OutputOptions {
  readonly type: 'speed'
  readonly peers: boolean
  /** Whether transforms and single layers are measured too. */
  readonly parts: boolean
  /** Training steps to measure. */
  readonly groups: readonly StepGroup[]
}

export type BenchOptions = SpeedOptions | GrowthOptions

/** What narrows the training steps, as far as it was given. */
interface NarrowingOptions {
  readonly network?: string
  readonly kind?: KernelKind
  readonly density?: number
  readonly batch?: number
  readonly threads?: number
}

/** Alone, and as many as the smallest machines have. */
const usualThreads: readonly number[] = [1, 2]

const examples = `
Figures are medians of turns in one run; slow sides have fewer of them, never less than three. Turns that other work on the
machine disturbed are repeated a few times; what remains of it is shown. The file is written anew after each part.
PyTorch is Debian's python3-torch; TensorFlow.js and jax-js train LeNet-5 only, after npm install --prefix bench/peers/js. Without
them --peers says so and goes on.

Exit code: 0 measured, 1 a failure while measuring or writing, 2 wrong usage.

Examples:
  npm run bench                                        all parts, some twenty minutes
  npm run bench -- --quick --json bench.json           the same in about ten, with less certain figures
  npm run bench -- --network lenet5 --kind dctps --threads 2 --peers
  npm run bench -- --growth --json growth.json --plot growth.svg`

/** @throws CommanderError on wrong usage, after it has printed what is wrong */
export function parseOptions(args: readonly string[]): BenchOptions {
  const command = new Command('npm run bench --')
    .description(
      'Measure transforms, layers and training steps: against dense products, by threads, and against other libraries.',
    )
    .option('--json <file>', 'also write the results to this file')
    .option('--quick', 'fewer and shorter turns, without the largest transform')
    .option(
      '--peers',
      'others in turns with us: PyTorch (the published approach, and the plain dense network), TensorFlow.js and jax-js',
    )
    .addOption(
      new Option(
        '--growth',
        'only: how the cost of layers and of ResNet-18 grows with width and density, against dense ones',
      ).conflicts(['peers', 'network', 'kind', 'density', 'batch', 'threads']),
    )
    .option('--plot <file>', 'with --growth: also draw it, as SVG')
    .optionsGroup('Training steps of one case only (transforms and layers are left out):')
    .addOption(
      new Option('--network <name>', `one network (default: ${paperNetworks.join(', ')})`).choices(
        networkNames,
      ),
    )
    .addOption(new Option('--kind <kind>', 'one kind of kernels').choices(kernelKinds))
    .option(
      '--density <share>',
      'share of the kernel weights that are stored; dense kernels always have 1 (default: 0.001)',
      parseDensity,
    )
    .option('--batch <images>', 'images in a batch (default: 128, large networks 64 or 32)', parseCount)
    .option('--threads <count>', `threads (default: ${usualThreads.join(' and ')})`, parseCount)
    .addHelpText('after', examples)
    .allowExcessArguments(false)
    .exitOverride()
    .parse(args, { from: 'user' })
  const given = command.opts<
    {
      json?: string
      quick?: true
      peers?: true
      growth?: true
      plot?: string
    } & NarrowingOptions
  >()
  const output = { json: given.json ?? null, quick: given.quick ?? false }
  if (given.growth) return { type: 'growth', ...output, plot: given.plot ?? null }
  if (given.plot !== undefined) command.error("error: option '--plot <file>' needs option '--growth'")
  const { network, kind, density, batch, threads } = given
  return {
    type: 'speed',
    ...output,
    peers: given.peers ?? false,
    parts: [network, kind, density, batch, threads].every((option) => option === undefined),
    groups: groupsOf(given),
  }
}

/** Every combination that the options leave open. */
function groupsOf({ network, kind, density, batch, threads }: NarrowingOptions): StepGroup[] {
  const networks = network === undefined ? paperNetworks : [network]
  const kinds = kind === undefined ? kernelKinds : [kind]
  return networks.flatMap((network) =>
    kinds.map((kind) => ({
      network,
      kind,
      density: kind === 'dense' ? 1 : (density ?? usualDensity),
      batch: batch ?? usualBatch(network),
      threads: threads === undefined ? usualThreads : [threads],
    })),
  )
}

function parseDensity(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value > 0 && value <= 1)) {
    throw new InvalidArgumentError('Expected a number above 0 and at most 1, e.g. 0.01.')
  }
  return value
}

function parseCount(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < 1 || value > 65536) {
    throw new InvalidArgumentError('Expected a whole number of at least 1.')
  }
  return value
}
