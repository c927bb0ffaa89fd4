// A run of the bench: measures the parts that were asked for, one after the other, and prints each as a table when it is
// there. How a part is measured is left to its own file.

import { useOptimisedCode } from './bench-program.js'
import { benchLayers } from './layer-rows.js'
import { tolerableLoad } from './load.js'
import type { SpeedOptions } from './options.js'
import { PeerChecks } from './peer-check.js'
import { installedPeers, type Peer } from './peers.js'
import { Progress } from './progress.js'
import type { BenchResults, LayerRow, TransformRow } from './results.js'
import { startResults } from './start.js'
import { benchSteps, type MeasuredSteps, type StepGroup } from './step-rows.js'
import { layerTable, stepTable, transformTable } from './tables.js'
import type { Rounds } from './timing.js'
import { benchTransforms } from './transform-rows.js'

/** Parts beside the training steps. */
const otherParts = 2

/** @param save is given the results so far whenever there are more, since a long run may be ended before its end */
export async function measure(
  options: SpeedOptions,
  save: (results: BenchResults) => void,
): Promise<BenchResults> {
  const { quick, parts, groups } = options
  const progress = new Progress(process.stderr, groups.length + (parts ? otherParts : 0))
  let results = await startResults(quick)
  const grow = (more: Partial<BenchResults>) => {
    results = { ...results, ...more }
    progress.next()
    save(results)
  }
  const { peers, missing } = options.peers ? installedPeers() : { peers: [], missing: [] }
  for (const message of missing) console.log(`${message}\n`)
  const checks = new PeerChecks()
  useOptimisedCode()
  if (parts) {
    grow({ transforms: await measureTransforms(quick, progress) })
    grow({ layers: await measureLayers(quick, progress) })
  }
  for (const [index, group] of groups.entries()) {
    const measured = await measureGroup(group, quick, peers, checks, progress)
    grow({
      steps: [...results.steps, ...measured.steps],
      peers: [...results.peers, ...measured.peers],
      unmeasured: [...results.unmeasured, ...measured.unmeasured],
    })
    if (groups[index + 1]?.network !== group.network) showSteps(results, group.network, progress)
  }
  const disturbed = [...results.steps, ...results.peers].filter((row) => row.otherLoad > tolerableLoad)
  if (disturbed.length > 0) {
    console.log(
      `Other work disturbed ${disturbed.length} of these rows (column "other load"), PyTorch's most: repeat on a quiet machine.\n`,
    )
  }
  progress.clear()
  return results
}

async function measureTransforms(quick: boolean, progress: Progress): Promise<TransformRow[]> {
  const rows: TransformRow[] = []
  for await (const row of benchTransforms(quick)) {
    progress.show(`transform of ${row.layer}, ${row.direction}`)
    rows.push(row)
  }
  progress.clear()
  print('Emitted transforms: nanoseconds for one output pixel of one image, one thread', transformTable(rows))
  return rows
}

async function measureLayers(quick: boolean, progress: Progress): Promise<LayerRow[]> {
  const rows: LayerRow[] = []
  for await (const row of benchLayers(quick)) {
    progress.show(`layer ${row.layer}, ${row.kind}`)
    rows.push(row)
  }
  progress.clear()
  print('Whole layers, one thread', layerTable(rows))
  return rows
}

async function measureGroup(
  group: StepGroup,
  quick: boolean,
  peers: readonly Peer[],
  checks: PeerChecks,
  progress: Progress,
): Promise<MeasuredSteps> {
  const { network, kind } = group
  const rounds: Rounds = quick ? { rounds: 5, sliceSeconds: 0.2 } : { rounds: 7, sliceSeconds: 0.8 }
  if (peers.length > 0) {
    progress.show(`${network}, ${kind}: do the peers compute the same?`)
    await checks.check({ ...group, threads: 1 }, peers)
  }
  return benchSteps(group, rounds, peers, (share) =>
    progress.show(`training steps of ${network}, ${kind}`, share),
  )
}

function showSteps({ steps, peers, unmeasured }: BenchResults, network: string, progress: Progress): void {
  progress.clear()
  const own = <T extends { network: string }>(rows: readonly T[]) =>
    rows.filter((row) => row.network === network)
  if (own(steps).length > 0) print(`Training steps of ${network}`, stepTable(own(steps), own(peers)))
  for (const { kind, threads, by, reason } of own(unmeasured))
    console.log(
      `Not measured: ${network}, ${kind}, ${threads === 1 ? '1 thread' : `${threads} threads`}, by ${by}: ${reason}\n`,
    )
}

function print(title: string, table: string): void {
  console.log(`${title}\n\n${table}\n`)
}
