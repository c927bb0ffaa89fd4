import { describe, expect, test } from 'vitest'
import { differs, formatSpread, spreadOf } from '#lab/results/statistics'

describe('mean and deviation', () => {
  test('are those of a sample, as computed by hand', () => {
    // Mean 5, squares 9 + 1 + 1 + 1 + 0 + 0 + 4 + 16 = 32, over n - 1 = 7.
    const spread = spreadOf([2, 4, 4, 4, 5, 5, 7, 9])!
    expect(spread.mean).toBe(5)
    expect(spread.deviation).toBeCloseTo(Math.sqrt(32 / 7), 12)
  })

  test('equal values have a deviation of exactly nothing', () => {
    expect(spreadOf([0.1, 0.1, 0.1])).toEqual({ mean: 0.1, deviation: 0, values: [0.1, 0.1, 0.1] })
  })

  test('a single value has no deviation, no value has nothing', () => {
    expect(spreadOf([0.7])).toEqual({ mean: 0.7, deviation: null, values: [0.7] })
    expect(spreadOf([])).toBeNull()
  })

  test('are written with one decimal, a single value without a deviation', () => {
    expect(formatSpread(spreadOf([0.727, 0.735, 0.731])!)).toBe('73.1 ± 0.4%')
    expect(formatSpread(spreadOf([0.731])!)).toBe('73.1%')
  })

  test('means differ only beyond both deviations together; single values leave it open', () => {
    const a = { mean: 0.5, deviation: 0.1, values: [] }
    expect(differs(a, { mean: 0.65, deviation: 0.04, values: [] })).toBe(true)
    expect(differs(a, { mean: 0.65, deviation: 0.06, values: [] })).toBe(false)
    expect(differs({ mean: 0.65, deviation: 0.06, values: [] }, a)).toBe(false)
    expect(differs(a, { mean: 0.9, deviation: null, values: [] })).toBeNull()
  })
})
