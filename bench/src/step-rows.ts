// Whole training steps, each case in processes of its own: ours with every number of threads and, where asked for,
// PyTorch's, in turns.

import { fileURLToPath } from 'node:url'
import { Contender, type Measurement } from './contender.js'
import type { PeerRow, StepCase, StepRow } from './results.js'
import { median } from './timing.js'

/** Cases that are measured in turns: they differ in threads only. */
export interface StepGroup extends Omit<StepCase, 'threads'> {
  readonly threads: readonly number[]
}

export interface StepRounds {
  readonly rounds: number
  readonly sliceSeconds: number
}

interface Entry {
  readonly subject: StepCase
  /** Null for ours. */
  readonly approach: PeerRow['approach'] | null
  readonly contender: Contender
  readonly measurements: Measurement[]
}

const ourProcess = fileURLToPath(new URL('./step-process.js', import.meta.url))

/** @param python starts PyTorch's side; null leaves it out */
export async function benchSteps(
  group: StepGroup,
  { rounds, sliceSeconds }: StepRounds,
  python: { readonly command: string; readonly script: string } | null,
): Promise<{ steps: StepRow[]; peers: PeerRow[] }> {
  const entries: Entry[] = []
  const add = async (subject: StepCase, approach: Entry['approach'], command: string, script: string) => {
    const kind = approach === 'dense' ? 'dense' : subject.kind
    const args = [script, subject.network, kind, subject.density, subject.batch, subject.threads].map(String)
    const contender = await Contender.start(command, args)
    if (contender !== null) entries.push({ subject, approach, contender, measurements: [] })
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
    // The first round warms up.
    for (let round = 0; round <= rounds; round++) {
      for (const { contender, measurements } of entries) {
        const measured = await contender.measure(sliceSeconds)
        if (round > 0) measurements.push(measured)
      }
    }
  } finally {
    for (const { contender } of entries) contender.close()
  }
  return rowsOf(entries)
}

function rowsOf(entries: readonly Entry[]): { steps: StepRow[]; peers: PeerRow[] } {
  const rows = entries.map(({ subject, approach, contender, measurements }) => ({
    approach,
    version: contender.version,
    row: {
      ...subject,
      imagesPerSecond: median(measurements.map(({ imagesPerSecond }) => imagesPerSecond)),
      peakMegabytes: Math.max(...measurements.map(({ peakMegabytes }) => peakMegabytes)),
      startSeconds: contender.startSeconds,
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
