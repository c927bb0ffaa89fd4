// Turns of fast and slow contenders.

import { describe, expect, test } from 'vitest'
import { hasTurn, planTurns } from '#bench/turns'

const pace = { rounds: 7, sliceSeconds: 0.8 }

describe('turns', () => {
  test('a fast contender has one in each round', () => {
    expect(planTurns(0.01, pace)).toEqual({ turns: 7, repeats: 2 })
    expect(planTurns(0.8, pace)).toEqual({ turns: 7, repeats: 2 })
  })

  test('a slow one has fewer, each of one step', () => {
    const { turns, repeats } = planTurns(4.5, pace)
    expect(turns).toBe(4)
    expect(repeats).toBe(0)
  })

  test('a very slow one still has a median', () => {
    expect(planTurns(9, pace).turns).toBe(3)
  })

  test('one that takes a quarter of a minute for a step has one turn', () => {
    expect(planTurns(24, pace).turns).toBe(1)
  })

  test.each([1, 2, 3, 4, 5, 6, 7])('%d turns are spread over seven rounds', (turns) => {
    const rounds = Array.from({ length: 7 }, (_, round) => round).filter((round) => hasTurn(round, turns, 7))
    expect(rounds).toHaveLength(turns)
    const gaps = rounds.map((round, index) => round - (rounds[index - 1] ?? -1))
    expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1)
  })
})
