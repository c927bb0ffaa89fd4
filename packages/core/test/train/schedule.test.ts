import { describe, expect, test } from 'vitest'
import { type TrainOptions, trainDefaults } from '#core/train/options'
import { learningRateAt } from '#core/train/schedule'

const options: TrainOptions = { ...trainDefaults, epochs: 10, learningRate: 0.1 }
const perEpoch = 5
const rates = (changes: Partial<TrainOptions>) =>
  Array.from({ length: 50 }, (_, step) => learningRateAt({ ...options, ...changes }, step, perEpoch))

describe('the learning rate', () => {
  test('constant stays', () => {
    expect(new Set(rates({}))).toEqual(new Set([0.1]))
  })

  test('multi-step is multiplied at each milestone, from its first step on', () => {
    const steps = rates({ schedule: { type: 'multiStep', milestones: [2, 6], factor: 0.1 } })
    expect(steps[9]).toBe(0.1)
    expect(steps[10]).toBeCloseTo(0.01, 12)
    expect(steps[29]).toBeCloseTo(0.01, 12)
    expect(steps[30]).toBeCloseTo(0.001, 12)
  })

  test('cosine starts at the rate, is half of it in the middle and nears zero', () => {
    const steps = rates({ schedule: { type: 'cosine' } })
    expect(steps[0]).toBe(0.1)
    expect(steps[25]).toBeCloseTo(0.05, 12)
    expect(steps[49]!).toBeLessThan(0.001)
    expect(steps[49]!).toBeGreaterThan(0)
  })

  test('warm-up rises linearly to the rate and then hands over', () => {
    const steps = rates({ warmUpEpochs: 2 })
    expect(steps.slice(0, 10)).toEqual(Array.from({ length: 10 }, (_, i) => (0.1 * (i + 1)) / 10))
    expect(steps[10]).toBe(0.1)
  })
})
