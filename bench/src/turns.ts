// How contenders take turns: each at least one whole step a turn, slow ones in fewer turns, spread over all rounds, so
// that a network of a minute a step does not take an hour.

import type { Rounds } from './timing.js'

/** Turns of one contender. */
export interface TurnPlan {
  readonly turns: number
  /** How often a turn that other work disturbed is measured again. */
  readonly repeats: number
}

/** Fewer have no middle. */
const fewestTurns = 3
/** Seconds of a step above which one turn must do: another would not change what it shows. */
const hopelessStep = 10
/** As many turns take their usual length together as long as a slow contender may take; beyond that it has the fewest. */
const slowFactor = 4
/** Seconds of a turn that are too long to spend them twice. */
export const longTurn = 2
const usualRepeats = 2

/** @param stepSeconds what one step of the contender takes */
export function planTurns(stepSeconds: number, { rounds, sliceSeconds }: Rounds): TurnPlan {
  const turnSeconds = Math.max(sliceSeconds, stepSeconds)
  const affordable = Math.floor((slowFactor * rounds * sliceSeconds) / turnSeconds)
  const fewest = stepSeconds > hopelessStep ? 1 : fewestTurns
  return {
    turns: Math.min(rounds, Math.max(fewest, affordable)),
    repeats: turnSeconds > longTurn ? 0 : usualRepeats,
  }
}

/** Whether a contender of so many turns has one in this round (from 0); its turns are spread evenly. */
export function hasTurn(round: number, turns: number, rounds: number): boolean {
  return Math.floor(((round + 1) * turns) / rounds) > Math.floor((round * turns) / rounds)
}
