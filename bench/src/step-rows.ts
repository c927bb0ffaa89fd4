// Whole training steps, each case in processes of its own: ours with every number of threads and, where asked for,
// the peers', in turns.

import { fileURLToPath } from 'node:url'
import { startTwice } from './cold-start.js'
import { Contender, type Measurement } from './contender.js'
import { otherLoadSince, processorTime } from './load.js'
import { type Approach, type Peer, trainedKind } from './peers.js'
import type { PeerRow, StepCase, StepRow, UnmeasuredRow } from './results.js'
import { median, type Rounds } from './timing.js'
import { hasTurn, longTurn, planTurns, type TurnPlan } from './turns.js'

/** Cases that are measured in turns: they differ in threads only. */
export interface StepGroup extends Omit<StepCase, 'threads'> {
  readonly threads: readonly number[]
}

export interface MeasuredSteps {
  readonly steps: readonly StepRow[]
  readonly peers: readonly PeerRow[]
  readonly unmeasured: readonly UnmeasuredRow[]
}

/** Above this share of the machine, other work has disturbed a turn. */
const quiet = 0.05
/** Warming up takes turns of so many seconds, until one is hardly faster than the best before it. */
const warmUpSeconds = 0.75
const hardlyFaster = 1.03
const mostWarmUps = 8
/** Starting and warming up, as a share of the time that a group takes. */
const startShare = 0.4

/** A measurement, and what other work the machine did meanwhile. */
interface Turn extends Measurement {
  readonly otherLoad: number
}

/** Who trains a case, and how. */
interface Side {
  readonly subject: StepCase
  /** Null: we do. */
  readonly peer: { readonly name: string; readonly approach: Approach } | null
  readonly command: string
  readonly args: readonly string[]
}

interface Entry extends Side {
  readonly contender: Contender
  readonly coldStartSeconds: number | null
  readonly plan: TurnPlan
  readonly turns: Turn[]
}

const ourProcess = fileURLToPath(new URL('./step-process.js', import.meta.url))

/** @param progress is told which share of the group is done */
export async function benchSteps(
  group: StepGroup,
  rounds: Rounds,
  peers: readonly Peer[],
  progress: (share: number) => void,
): Promise<MeasuredSteps> {
  const sides = sidesOf(group, peers)
  const entries: Entry[] = []
  const unmeasured: UnmeasuredRow[] = []
  try {
    for (const [index, side] of sides.entries()) {
      progress((startShare * index) / sides.length)
      const { contender, coldStartSeconds } = await start(side)
      if (!(contender instanceof Contender)) {
        const by = side.peer === null ? 'dctps' : `${side.peer.name}, ${side.peer.approach}`
        unmeasured.push({ ...side.subject, by, reason: contender.unable })
        continue
      }
      const imagesPerSecond = await warmUp(contender, side.subject.batch)
      const plan = planTurns(side.subject.batch / imagesPerSecond, rounds)
      entries.push({ ...side, contender, coldStartSeconds, plan, turns: [] })
    }
    for (let round = 0; round < rounds.rounds; round++) {
      progress(startShare + ((1 - startShare) * round) / rounds.rounds)
      for (const { contender, plan, turns } of entries) {
        if (!hasTurn(round, plan.turns, rounds.rounds)) continue
        turns.push(await quietTurn(contender, rounds.sliceSeconds, plan.repeats))
      }
    }
  } finally {
    for (const { contender } of entries) contender.close()
  }
  return { ...rowsOf(entries), unmeasured }
}

async function start({ peer, command, args }: Side): ReturnType<typeof startTwice> {
  if (peer === null) return startTwice(command, args)
  return { contender: await Contender.start(command, args), coldStartSeconds: null }
}

function sidesOf({ threads, ...group }: StepGroup, peers: readonly Peer[]): Side[] {
  return threads.flatMap((count, index) => {
    const subject = { ...group, threads: count }
    const { network, kind, density, batch } = group
    const caseArgs = (trained: StepCase['kind']) => [network, trained, density, batch, count].map(String)
    const ours = { subject, peer: null, command: process.execPath, args: [ourProcess, ...caseArgs(kind)] }
    const theirs = peers
      .filter(({ threaded }) => threaded || index === 0)
      .flatMap(({ name, command, args, approaches }) =>
        approaches(subject).map((approach) => ({
          subject,
          peer: { name, approach },
          command,
          args: [...args, ...caseArgs(trainedKind(kind, approach))],
        })),
      )
    return [ours, ...theirs]
  })
}

/**
 * Until the engine has replaced its first, quick translation of large transforms by optimised code, which it does by and by.
 * @returns images a second
 */
async function warmUp(contender: Contender, batch: number): Promise<number> {
  let best = 0
  for (let turn = 0; turn < mostWarmUps; turn++) {
    const { imagesPerSecond } = await contender.measure(warmUpSeconds)
    const settled = turn > 0 && imagesPerSecond < hardlyFaster * best
    best = Math.max(best, imagesPerSecond)
    if (settled || batch / imagesPerSecond > longTurn) break
  }
  return best
}

/** A turn without other work, or the least disturbed of a few. */
async function quietTurn(contender: Contender, seconds: number, repeats: number): Promise<Turn> {
  let best: Turn | null = null
  for (let attempt = 0; attempt <= repeats && (best === null || best.otherLoad > quiet); attempt++) {
    const before = processorTime()
    const measured = await contender.measure(seconds)
    const turn = { ...measured, otherLoad: otherLoadSince(before, measured.processorSeconds) }
    if (best === null || turn.otherLoad < best.otherLoad) best = turn
  }
  return best!
}

function rowsOf(entries: readonly Entry[]): { steps: StepRow[]; peers: PeerRow[] } {
  const rows = entries.map(({ subject, peer, contender, coldStartSeconds, turns }) => ({
    peer,
    version: contender.version,
    row: {
      ...subject,
      imagesPerSecond: median(turns.map(({ imagesPerSecond }) => imagesPerSecond)),
      peakMegabytes: Math.max(...turns.map(({ peakMegabytes }) => peakMegabytes)),
      startSeconds: contender.startSeconds,
      coldStartSeconds,
      otherLoad: median(turns.map(({ otherLoad }) => otherLoad)),
    },
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
