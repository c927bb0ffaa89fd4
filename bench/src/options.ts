// The command line of the bench, parsed and checked once.

import { availableParallelism } from 'node:os'
import { Command, InvalidArgumentError, Option } from 'commander'
import { type KernelKind, kernelKinds } from 'dctps'
import { networkNames, usualNetworks } from './step-case.js'

export interface BenchOptions {
  /** Where the results go as JSON; null prints only. */
  readonly json: string | null
  readonly quick: boolean
  readonly peers: boolean
  readonly profile: boolean
  /** Whether transforms and single layers are measured too. */
  readonly parts: boolean
  readonly networks: readonly string[]
  readonly kinds: readonly KernelKind[]
  /** Null: the usual one of each network. */
  readonly density: number | null
  readonly batch: number
  readonly threads: readonly number[]
}

const examples = `
Figures are medians of turns in one run. Turns that other work on the machine disturbed are repeated a few times; what
remains of it is shown.
PyTorch is Debian's python3-torch; without it --peers says so and goes on.

Exit code: 0 measured, 1 a failure while measuring or writing, 2 wrong usage.

Examples:
  npm run bench                                        all parts, about five minutes
  npm run bench -- --quick --json bench.json           the same in about two, with less certain figures
  npm run bench -- --network lenet5 --kind dctps --threads 2 --peers
  npm run bench -- --network resnet8 --kind dctps --profile`

/** @throws CommanderError on wrong usage, after it has printed what is wrong */
export function parseOptions(args: readonly string[]): BenchOptions {
  const cores = availableParallelism()
  const command = new Command('npm run bench --')
    .description(
      'Measure transforms, layers and training steps: against dense products, by threads, and against PyTorch.',
    )
    .option('--json <file>', 'also write the results to this file')
    .option('--quick', 'fewer and shorter turns, without the largest transform')
    .option('--peers', 'PyTorch in turns with us: the published approach, and the plain dense network')
    .option('--profile', 'also show where the time of each training step goes, on one thread')
    .optionsGroup('Training steps of one case only (transforms and layers are left out):')
    .addOption(
      new Option('--network <name>', `one network (default: ${usualNetworks.join(' and ')})`).choices(
        networkNames,
      ),
    )
    .addOption(new Option('--kind <kind>', 'one kind of kernels').choices(kernelKinds))
    .option(
      '--density <share>',
      'share of the kernel weights that are stored; dense kernels always have 1 (default: 0.001, small networks 0.01)',
      parseDensity,
    )
    .option('--batch <images>', 'images in a batch (default: 128)', parseCount)
    .option('--threads <count>', `threads (default: ${[...threadCounts(cores)].join(' and ')})`, parseCount)
    .addHelpText('after', examples)
    .allowExcessArguments(false)
    .exitOverride()
    .parse(args, { from: 'user' })
  const given = command.opts<{
    json?: string
    quick?: true
    peers?: true
    profile?: true
    network?: string
    kind?: KernelKind
    density?: number
    batch?: number
    threads?: number
  }>()
  const { network, kind, density, batch, threads } = given
  return {
    json: given.json ?? null,
    quick: given.quick ?? false,
    peers: given.peers ?? false,
    profile: given.profile ?? false,
    parts: [network, kind, density, batch, threads].every((option) => option === undefined),
    networks: network === undefined ? usualNetworks : [network],
    kinds: kind === undefined ? kernelKinds : [kind],
    density: density ?? null,
    batch: batch ?? 128,
    threads: threads === undefined ? threadCounts(cores) : [threads],
  }
}

function threadCounts(cores: number): number[] {
  return [...new Set([1, cores])]
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
