// Whole training steps, each case in processes of its own: ours with every number of threads and, where asked for,
// PyTorch's, in turns.

import { fileURLToPath } from 'node:url'
import { Contender, type Measurement } from './contender.js'
import { otherLoadSince, processorTime } from './load.js'
import type { PeerRow, StepCase, StepRow } from './results.js'
import { median, type Rounds } from './timing.js'

/** Cases that are measured in turns: they differ in threads only. */
export interface StepGroup extends Omit<StepCase, 'threads'> {
  readonly threads: readonly number[]
}

/** Until the engine has replaced its first, quick translation of a large transform by optimised code. */
const warmUpSeconds = 1.5
/** A turn is repeated up to so many times when other work took more than this share of the machine. */
const attempts = 3
const quiet = 0.05

/** A measurement, and what other work the machine did meanwhile. */
interface Turn extends Measurement {
  readonly otherLoad: number
}

interface Entry {
  readonly subject: StepCase
  /** Null for ours. */
  readonly approach: PeerRow['approach'] | null
  readonly contender: Contender
  readonly turns: Turn[]
}

const ourProcess = fileURLToPath(new URL('./step-process.js', import.meta.url))

/** @param python starts PyTorch's side; null leaves it out */
export async function benchSteps(
  group: StepGroup,
  { rounds, sliceSeconds }: Rounds,
  python: { readonly command: string; readonly script: string } | null,
): Promise<{ steps: StepRow[]; peers: PeerRow[] }> {
  const entries: Entry[] = []
  const add = async (subject: StepCase, approach: Entry['approach'], command: string, script: string) => {
    const kind = approach === 'dense' ? 'dense' : subject.kind
    const args = [script, subject.network, kind, subject.density, subject.batch, subject.threads].map(String)
    const contender = await Contender.start(command, args)
    if (contender !== null) entries.push({ subject, approach, contender, turns: [] })
  }
  try {
    for (const threads of group.threads) {
      const { network, kind, density, batch } = group
      const subject = { network, kind, density, batch, threads }
      await add(subject, null, process.execPath, ourProcess)
      if (python === null) continue
      if (kind !== 'dense') await add(subject, 'published', python.command, python.script)
      await add(subject, 'dense', python.command, python.script)
    }
    for (const { contender } of entries) await contender.measure(warmUpSeconds)
    for (let round = 0; round < rounds; round++) {
      for (const { contender, turns } of entries) turns.push(await quietTurn(contender, sliceSeconds))
    }
  } finally {
    for (const { contender } of entries) contender.close()
  }
  return rowsOf(entries)
}

/** A turn without other work, or the least disturbed of a few. */
async function quietTurn(contender: Contender, seconds: number): Promise<Turn> {
  let best: Turn | null = null
  for (let attempt = 0; attempt < attempts && (best === null || best.otherLoad > quiet); attempt++) {
    const before = processorTime()
    const measured = await contender.measure(seconds)
    const turn = { ...measured, otherLoad: otherLoadSince(before, measured.processorSeconds) }
    if (best === null || turn.otherLoad < best.otherLoad) best = turn
  }
  return best!
}

function rowsOf(entries: readonly Entry[]): { steps: StepRow[]; peers: PeerRow[] } {
  const rows = entries.map(({ subject, approach, contender, turns }) => ({
    approach,
    version: contender.version,
    row: {
      ...subject,
      imagesPerSecond: median(turns.map(({ imagesPerSecond }) => imagesPerSecond)),
      peakMegabytes: Math.max(...turns.map(({ peakMegabytes }) => peakMegabytes)),
      startSeconds: contender.startSeconds,
      otherLoad: median(turns.map(({ otherLoad }) => otherLoad)),
    },
  }))
  const steps = rows.filter(({ approach }) => approach === null).map(({ row }) => row)
  const peers = rows.flatMap(({ approach, version, row }) => {
    if (approach === null) return []
    const ours = steps.find(({ threads }) => threads === row.threads)!
    return [
      { ...row, peer: `PyTorch ${version}`, approach, speedup: ours.imagesPerSecond / row.imagesPerSecond },
    ]
  })
  return { steps, peers }
}
