import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Key } from '#core/random/key'
import { survivors } from '#core/train/dynamic/drop'
import { randomGrowth } from '#core/train/dynamic/grow-random'
import { dropFractionAt, replacedSteps } from '#core/train/dynamic/update-schedule'
import type { DynamicOptions } from '#core/train/options'

const rigl: DynamicOptions = { type: 'rigl', updateEvery: 100, dropFraction: 0.3, updateUntil: 0.75 }

describe('updates of the supports', () => {
  test('come every 100 steps before three quarters of the run, and move less and less as half a cosine', () => {
    const steps = 1000
    const due = Array.from({ length: steps }, (_, step) => step).filter(
      (step) => dropFractionAt(rigl, step, steps) !== null,
    )
    expect(due).toEqual([100, 200, 300, 400, 500, 600, 700])
    for (const step of due) {
      const expected = 0.15 * (1 + Math.cos((Math.PI * step) / 750))
      expect(dropFractionAt(rigl, step, steps)).toBeCloseTo(expected, 12)
    }
    // The end itself is no longer before the end.
    expect(dropFractionAt({ ...rigl, updateUntil: 0.7 }, 700, steps)).toBeNull()
  })

  test('that took the place of a step are those before it', () => {
    const options = fc.record({
      updateEvery: fc.integer({ min: 1, max: 9 }),
      updateUntil: fc.double({ min: 0.05, max: 1, noNaN: true }),
      steps: fc.integer({ min: 1, max: 60 }),
    })
    fc.assert(
      fc.property(options, ({ steps, ...changes }) => {
        const dynamic = { ...rigl, ...changes }
        let before = 0
        for (let step = 0; step < steps; step++) {
          expect(replacedSteps(dynamic, step, steps), `step ${step}`).toBe(before)
          expect(replacedSteps({ ...dynamic, type: 'set' }, step, steps)).toBe(0)
          if (dropFractionAt(dynamic, step, steps) !== null) before++
        }
      }),
    )
  })
})

describe('dropping', () => {
  test('keeps the largest magnitudes; of equal ones the earlier entries', () => {
    const values = Float32Array.of(0.5, -2, 0, 0.5, -0.5, 3, 0)
    expect([...survivors(values, 0)]).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect([...survivors(values, 1)]).toEqual([0, 1, 2, 3, 4, 5])
    expect([...survivors(values, 3)]).toEqual([0, 1, 3, 5])
    expect([...survivors(values, 7)]).toEqual([])
  })

  test('never drops a larger magnitude than it keeps', () => {
    const lists = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { maxLength: 40 })
    fc.assert(
      fc.property(lists, fc.nat(40), (list, count) => {
        const values = Float32Array.from(list)
        const dropped = Math.min(count, values.length)
        const kept = new Set(survivors(values, dropped))
        expect(kept.size).toBe(values.length - dropped)
        const of = (isKept: boolean) => [...values.keys()].filter((entry) => kept.has(entry) === isKept)
        for (const gone of of(false))
          for (const stays of of(true))
            expect(Math.abs(values[gone]!)).toBeLessThanOrEqual(Math.abs(values[stays]!))
      }),
    )
  })
})

describe('growing at random', () => {
  const supports = fc.integer({ min: 1, max: 300 }).chain((entries) =>
    fc.record({
      entries: fc.constant(entries),
      kept: fc.subarray([...Array(entries).keys()]).map((list) => Uint32Array.from(list)),
    }),
  )

  test('takes distinct positions in range that are not kept, ascending, the same ones for the same key', () => {
    fc.assert(
      fc.property(supports, fc.nat(), fc.nat(300), ({ entries, kept }, seed, wanted) => {
        const count = Math.min(wanted, entries - kept.length)
        const grown = randomGrowth(Key.fromSeed(seed), entries, kept, count)
        expect(grown.length).toBe(count)
        grown.forEach((position, i) => {
          expect(position).toBeLessThan(entries)
          expect(kept).not.toContain(position)
          if (i > 0) expect(position).toBeGreaterThan(grown[i - 1]!)
        })
        expect(randomGrowth(Key.fromSeed(seed), entries, kept, count)).toEqual(grown)
      }),
    )
  })

  test('takes every free position equally often', () => {
    const entries = 40
    const kept = Uint32Array.of(0, 3, 4, 5, 17, 38, 39)
    const draws = 4000
    const counts = new Float64Array(entries)
    for (let draw = 0; draw < draws; draw++)
      for (const position of randomGrowth(Key.fromSeed(3).fold(draw), entries, kept, 11)) counts[position]!++
    const share = 11 / (entries - kept.length)
    const deviation = Math.sqrt(draws * share * (1 - share))
    counts.forEach((count, position) => {
      if (kept.includes(position)) expect(count).toBe(0)
      else expect(Math.abs(count - draws * share), `position ${position}`).toBeLessThan(4.5 * deviation)
    })
  })
})
