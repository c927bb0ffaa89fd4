import { describe, expect, test } from 'vitest'
import { fewSpins, manySpins, Patience } from '#core/runtime/barrier'

/** Lets a thread wait `count` times, every `every`-th time for long. */
function wait(patience: Patience, count: number, every: number): void {
  for (let i = 1; i <= count; i++) patience.waited(i % every === 0 ? 3 * Patience.longWait : 0.05)
}

describe('a thread that waits for others', () => {
  test('spins for long at first, and while long waits are rare', () => {
    const patience = new Patience()
    expect(patience.spins).toBe(manySpins)
    wait(patience, 5000, 20)
    expect(patience.spins).toBe(manySpins)
  })

  test('soon sleeps early where a third of all waits are long, until they are over', () => {
    const patience = new Patience()
    wait(patience, 40, 3)
    expect(patience.spins).toBe(fewSpins)
    wait(patience, 5000, 3)
    expect(patience.spins).toBe(fewSpins)
    wait(patience, 100, 1000)
    expect(patience.spins).toBe(manySpins)
  })

  test('does not give up for a few long waits', () => {
    const patience = new Patience()
    wait(patience, 7, 1)
    expect(patience.spins).toBe(manySpins)
    wait(patience, 3, 1)
    expect(patience.spins).toBe(fewSpins)
  })
})
