#!/usr/bin/env node
// The command `npm run bench`: measures the parts that were asked for, prints them as tables and writes them as JSON.

import { accessSync, constants, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, resolve } from 'node:path'
import { CommanderError } from 'commander'
import { DctpsError } from 'dctps'
import { useOptimisedCode } from './bench-program.js'
import { benchLayers } from './layer-rows.js'
import { currentLoad, tolerableLoad } from './load.js'
import { type BenchOptions, parseOptions } from './options.js'
import { byKernel, profileStep } from './profile.js'
import { checkAgainstPytorch, hasPytorch, pytorch } from './pytorch.js'
import type { BenchResults, LayerRow, PeerRow, StepRow, TransformRow } from './results.js'
import { buildCase, usualDensity } from './step-case.js'
import { benchSteps } from './step-rows.js'
import { layerTable, profileTable, stepTable, transformTable } from './tables.js'
import { benchTransforms } from './transform-rows.js'

const exitCodes = { measured: 0, failed: 1, usage: 2 } as const

async function main(): Promise<number> {
  let options: BenchOptions
  try {
    options = parseOptions(process.argv.slice(2))
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.measured : exitCodes.usage
    throw error
  }
  try {
    const file = options.json === null ? null : writableFile(options.json)
    const results = await bench(options)
    if (file !== null) writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)
    return exitCodes.measured
  } catch (error) {
    if (!(error instanceof Error)) throw error
    console.error(`error: ${error.message}`)
    return error instanceof DctpsError && error.code === 'usage' ? exitCodes.usage : exitCodes.failed
  }
}

/** @throws DctpsError `file` before anything is measured in vain */
function writableFile(name: string): string {
  const file = resolve(name)
  try {
    accessSync(dirname(file), constants.W_OK)
  } catch (cause) {
    throw new DctpsError(
      'file',
      `cannot write ${file}: its folder does not exist or is not writable; choose another`,
      {
        cause,
      },
    )
  }
  return file
}

async function bench(options: BenchOptions): Promise<BenchResults> {
  const otherLoad = await currentLoad()
  if (otherLoad > tolerableLoad) {
    const share = Math.round(otherLoad * 100)
    console.log(`Other work takes ${share}% of this machine: only ratios within one table mean anything.\n`)
  }
  const processors = cpus()
  useOptimisedCode()
  const transforms = options.parts ? await measureTransforms(options.quick) : []
  const layers = options.parts ? await measureLayers(options.quick) : []
  const { steps, peers } = await measureSteps(options)
  if (options.profile) await showProfiles(options)
  return {
    machine: {
      processor: processors[0]?.model ?? 'unknown',
      cores: processors.length,
      node: process.version,
    },
    quick: options.quick,
    otherLoad,
    transforms,
    layers,
    steps,
    peers,
  }
}

async function measureTransforms(quick: boolean): Promise<TransformRow[]> {
  const rows: TransformRow[] = []
  for await (const row of benchTransforms(quick)) {
    progress(`transform of ${row.layer}, ${row.direction}`)
    rows.push(row)
  }
  print('Emitted transforms: nanoseconds for one output pixel of one image, one thread', transformTable(rows))
  return rows
}

async function measureLayers(quick: boolean): Promise<LayerRow[]> {
  const rows: LayerRow[] = []
  for await (const row of benchLayers(quick)) {
    progress(`layer ${row.layer}, ${row.kind}`)
    rows.push(row)
  }
  print('Whole layers, one thread', layerTable(rows))
  return rows
}

async function measureSteps(options: BenchOptions): Promise<{ steps: StepRow[]; peers: PeerRow[] }> {
  const withPeers = options.peers && hasPytorch()
  if (options.peers && !withPeers) {
    console.log('PyTorch is skipped: it is not installed (Debian: apt install python3-torch).\n')
  }
  const rounds = options.quick ? { rounds: 5, sliceSeconds: 0.2 } : { rounds: 7, sliceSeconds: 0.8 }
  const steps: StepRow[] = []
  const peers: PeerRow[] = []
  for (const { network, kind, density } of casesOf(options)) {
    progress(`training steps of ${network}, ${kind}`)
    const comparable = withPeers && (await checkAgainstPytorch({ network, kind, density }))
    if (withPeers && !comparable)
      console.log(`${network} is not compared: bench/peers has no PyTorch version of it.\n`)
    const { batch, threads } = options
    const measured = await benchSteps(
      { network, kind, density, batch, threads },
      rounds,
      comparable ? pytorch : null,
    )
    steps.push(...measured.steps)
    peers.push(...measured.peers)
  }
  print('Whole training steps', stepTable(steps, peers))
  const disturbed = [...steps, ...peers].filter((row) => row.otherLoad > tolerableLoad)
  if (disturbed.length > 0) {
    console.log(
      `Other work disturbed ${disturbed.length} of these rows (column "other load"), PyTorch's most: repeat on a quiet machine.\n`,
    )
  }
  return { steps, peers }
}

async function showProfiles(options: BenchOptions): Promise<void> {
  for (const { network, kind, density } of casesOf(options)) {
    progress(`profile of ${network}, ${kind}`)
    const built = buildCase({ network, kind, density })
    const rows = await profileStep(built.network, built.supports, options.batch, options.quick ? 10 : 50)
    const milliseconds = rows.reduce((sum, { seconds }) => sum + seconds * 1000, 0)
    print(
      `Where a step of ${network}, ${kind}, batch ${options.batch} goes: ${milliseconds.toFixed(2)} ms on one thread`,
      `${profileTable(byKernel(rows))}\n\n${profileTable(rows)}`,
    )
  }
}

function casesOf({ networks, kinds, density }: BenchOptions) {
  return networks.flatMap((network) =>
    kinds.map((kind) => ({
      network,
      kind,
      density: kind === 'dense' ? 1 : (density ?? usualDensity(network, kind)),
    })),
  )
}

function print(title: string, table: string): void {
  console.log(`${title}\n\n${table}\n`)
}

/** One line that the next replaces, for a person who waits. */
function progress(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}\r`)
}

process.exitCode = await main()
