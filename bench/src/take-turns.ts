// Processes that train take turns: all are started, each warms up, and then they are measured round after round. What
// they train, and what the figures are compared with, is left to the caller.

import { startOnce, startTwice, type TwoStarts } from './cold-start.js'
import { Contender, type Measurement } from './contender.js'
import { otherLoadSince, processorTime } from './load.js'
import { median, type Rounds } from './timing.js'
import { hasTurn, longTurn, planTurns, type TurnPlan } from './turns.js'

/** A process that trains. */
export interface Side {
  readonly command: string
  readonly args: readonly string[]
  readonly batch: number
  /** Whether it is started twice, to see what the second start saves. */
  readonly starts: 'once' | 'twice'
}

/** What came out for one side; or why nothing did. */
export type Outcome<S> =
  | { readonly side: S; readonly figures: SideFigures }
  | { readonly side: S; readonly unable: string }

export interface SideFigures {
  readonly imagesPerSecond: number
  readonly peakMegabytes: number
  /** Of the last start. */
  readonly startSeconds: number
  /** Of the first of two. */
  readonly coldStartSeconds: number | null
  readonly otherLoad: number
  readonly version: string
}

/** Above this share of the machine, other work has disturbed a turn. */
const quiet = 0.05
/** Warming up takes turns of so many seconds, until one is hardly faster than the best before it. */
const warmUpSeconds = 0.75
const hardlyFaster = 1.03
const mostWarmUps = 8
/** After so many turns that repeating did not make quiet, the machine is taken to be busy, and none is repeated. */
const mostFutile = 3
/** Starting and warming up, as a share of the time that everything takes. */
const startShare = 0.4

/** A measurement, and what other work the machine did meanwhile. */
interface Turn extends Measurement {
  readonly otherLoad: number
}

interface Entry<S> {
  readonly side: S
  readonly contender: Contender
  readonly coldStartSeconds: number | null
  readonly plan: TurnPlan
  readonly turns: Turn[]
}

/**
 * @param progress is told which share of the turns is done
 * @returns in the order of the sides
 */
export async function takeTurns<S extends Side>(
  sides: readonly S[],
  rounds: Rounds,
  progress: (share: number) => void,
): Promise<Outcome<S>[]> {
  const entries: (Entry<S> | Outcome<S>)[] = []
  try {
    for (const [index, side] of sides.entries()) {
      progress((startShare * index) / sides.length)
      const { contender, coldStartSeconds } = await start(side)
      if (!(contender instanceof Contender)) {
        entries.push({ side, unable: contender.unable })
        continue
      }
      const warm = await warmUp(contender, side.batch)
      const plan = planTurns(side.batch / warm.imagesPerSecond, rounds)
      // Who has a single turn, a long one, has just had it.
      entries.push({ side, contender, coldStartSeconds, plan, turns: plan.turns === 1 ? [warm] : [] })
    }
    let futile = 0
    for (let round = 0; round < rounds.rounds; round++) {
      progress(startShare + ((1 - startShare) * round) / rounds.rounds)
      for (const entry of entries) {
        if (!isRunning(entry) || !isDue(entry, round, rounds)) continue
        const repeats = futile < mostFutile ? entry.plan.repeats : 0
        const turn = await quietTurn(entry.contender, rounds.sliceSeconds, repeats)
        entry.turns.push(turn)
        if (turn.otherLoad > quiet) futile++
      }
    }
  } finally {
    for (const entry of entries) if (isRunning(entry)) entry.contender.close()
  }
  return entries.map((entry) => (isRunning(entry) ? { side: entry.side, figures: figuresOf(entry) } : entry))
}

async function start({ command, args, starts }: Side): Promise<TwoStarts> {
  if (starts === 'twice') return startTwice(command, args)
  return { contender: await startOnce(command, args), coldStartSeconds: null }
}

function isRunning<S>(entry: Entry<S> | Outcome<S>): entry is Entry<S> {
  return 'contender' in entry
}

function isDue<S>({ plan, turns }: Entry<S>, round: number, { rounds }: Rounds): boolean {
  return turns.length < plan.turns && hasTurn(round, plan.turns, rounds)
}

/**
 * Until the engine has replaced its first, quick translation of large transforms by optimised code, which it does by and by.
 * @returns the fastest turn
 */
async function warmUp(contender: Contender, batch: number): Promise<Turn> {
  let best = await takeTurn(contender, warmUpSeconds)
  for (let turns = 1; turns < mostWarmUps && batch / best.imagesPerSecond < longTurn; turns++) {
    const turn = await takeTurn(contender, warmUpSeconds)
    const settled = turn.imagesPerSecond < hardlyFaster * best.imagesPerSecond
    if (turn.imagesPerSecond > best.imagesPerSecond) best = turn
    if (settled) break
  }
  return best
}

/** A turn without other work, or the least disturbed of a few. */
async function quietTurn(contender: Contender, seconds: number, repeats: number): Promise<Turn> {
  let best = await takeTurn(contender, seconds)
  for (let repeat = 0; repeat < repeats && best.otherLoad > quiet; repeat++) {
    const turn = await takeTurn(contender, seconds)
    if (turn.otherLoad < best.otherLoad) best = turn
  }
  return best
}

async function takeTurn(contender: Contender, seconds: number): Promise<Turn> {
  const before = processorTime()
  const measured = await contender.measure(seconds)
  return { ...measured, otherLoad: otherLoadSince(before, measured.processorSeconds) }
}

function figuresOf<S>({ contender, coldStartSeconds, turns }: Entry<S>): SideFigures {
  return {
    imagesPerSecond: median(turns.map(({ imagesPerSecond }) => imagesPerSecond)),
    peakMegabytes: Math.max(...turns.map(({ peakMegabytes }) => peakMegabytes)),
    startSeconds: contender.startSeconds,
    coldStartSeconds,
    otherLoad: median(turns.map(({ otherLoad }) => otherLoad)),
    version: contender.version,
  }
}
