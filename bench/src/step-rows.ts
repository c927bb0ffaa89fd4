// Whole training steps as rows: ours with every number of threads and, where asked for, the peers', measured in turns.

import { fileURLToPath } from 'node:url'
import { type Approach, type Peer, trainedKind } from './peers.js'
import type { PeerRow, StepCase, StepRow, UnmeasuredRow } from './results.js'
import { type Side, type SideFigures, takeTurns } from './take-turns.js'
import type { Rounds } from './timing.js'

/** Cases that are measured in turns: they differ in threads only. */
export interface StepGroup extends Omit<StepCase, 'threads'> {
  readonly threads: readonly number[]
}

export interface MeasuredSteps {
  readonly steps: readonly StepRow[]
  readonly peers: readonly PeerRow[]
  readonly unmeasured: readonly UnmeasuredRow[]
}

/** Who trains a case, and how. */
interface StepSide extends Side {
  readonly subject: StepCase
  /** Null: we do. */
  readonly peer: { readonly name: string; readonly approach: Approach } | null
}

/** Our process; it takes a case as its arguments. */
export const ourProcess = fileURLToPath(new URL('./step-process.js', import.meta.url))

/** @param progress is told which share of the group is done */
export async function benchSteps(
  group: StepGroup,
  rounds: Rounds,
  peers: readonly Peer[],
  progress: (share: number) => void,
): Promise<MeasuredSteps> {
  const outcomes = await takeTurns(sidesOf(group, peers), rounds, progress)
  const measured = outcomes.flatMap((outcome) => ('figures' in outcome ? [outcome] : []))
  const unmeasured = outcomes.flatMap((outcome) => {
    if ('figures' in outcome) return []
    const { subject, peer } = outcome.side
    const by = peer === null ? 'dctps' : `${peer.name}, ${peer.approach}`
    return [{ ...subject, by, reason: outcome.unable }]
  })
  return { ...rowsOf(measured), unmeasured }
}

function sidesOf({ threads, ...group }: StepGroup, peers: readonly Peer[]): StepSide[] {
  return threads.flatMap((count, index) => {
    const subject = { ...group, threads: count }
    const { network, kind, density, batch } = group
    const caseArgs = (trained: StepCase['kind']) => [network, trained, density, batch, count].map(String)
    const ours = {
      subject,
      peer: null,
      command: process.execPath,
      args: [ourProcess, ...caseArgs(kind)],
      batch,
      starts: 'twice' as const,
    }
    const theirs = peers
      .filter(({ threaded }) => threaded || index === 0)
      .flatMap(({ name, command, args, approaches }) =>
        approaches(subject).map((approach) => ({
          subject,
          peer: { name, approach },
          command,
          args: [...args, ...caseArgs(trainedKind(kind, approach))],
          batch,
          starts: 'once' as const,
        })),
      )
    return [ours, ...theirs]
  })
}

function rowsOf(measured: readonly { readonly side: StepSide; readonly figures: SideFigures }[]): {
  steps: StepRow[]
  peers: PeerRow[]
} {
  const rows = measured.map(({ side: { subject, peer }, figures: { version, ...figures } }) => ({
    peer,
    version,
    row: { ...subject, ...figures },
  }))
  const steps = rows.filter(({ peer }) => peer === null).map(({ row }) => row)
  const peers = rows.flatMap(({ peer, version, row }) => {
    const ours = steps.find(({ threads }) => threads === row.threads)
    if (peer === null || ours === undefined) return []
    const speedup = ours.imagesPerSecond / row.imagesPerSecond
    return [{ ...row, peer: `${peer.name} ${version}`, approach: peer.approach, speedup }]
  })
  return { steps, peers }
}
