import { describe, expect, it } from 'vitest'
import { ReferenceAdam, ReferenceSgd } from './optimizers.js'

const named = (values: Float64Array) => new Map([['w', values]])

describe('ReferenceSgd', () => {
  it('accumulates the decayed gradient and steps along it', () => {
    const w = Float64Array.of(1)
    const sgd = new ReferenceSgd({ learningRate: 0.5, momentum: 0.9, weightDecay: 0.1 })
    sgd.step(named(w), named(Float64Array.of(2)))
    // g = 2 + 0.1 * 1, buf = g, w = 1 - 0.5 * 2.1
    expect(w[0]).toBeCloseTo(-0.05, 14)
    sgd.step(named(w), named(Float64Array.of(1)))
    // g = 1 - 0.1 * 0.05, buf = 0.9 * 2.1 + g
    expect(w[0]).toBeCloseTo(-0.05 - 0.5 * (0.9 * 2.1 + 0.995), 14)
  })
})

describe('ReferenceAdam', () => {
  it('takes first steps of the learning rate, whatever the size of the gradient', () => {
    for (const g of [1e-3, 7, -400]) {
      const w = Float64Array.of(3)
      new ReferenceAdam({ learningRate: 0.01, weightDecay: 0 }).step(named(w), named(Float64Array.of(g)))
      expect(w[0]).toBeCloseTo(3 - 0.01 * Math.sign(g), 6)
    }
  })

  it('follows the bias-corrected moments, epsilon outside the root', () => {
    const w = Float64Array.of(1)
    const adam = new ReferenceAdam({ learningRate: 0.1, weightDecay: 0.5, betas: [0.5, 0.75], epsilon: 1 })
    adam.step(named(w), named(Float64Array.of(1.5)))
    // g = 1.5 + 0.5 = 2; corrected m = 2, corrected v = 4
    expect(w[0]).toBeCloseTo(1 - (0.1 * 2) / (2 + 1), 14)
    const g = -1 + 0.5 * w[0]!
    const m = (0.5 * (0.5 * 2) + 0.5 * g) / (1 - 0.5 ** 2)
    const v = (0.75 * (0.25 * 4) + 0.25 * g * g) / (1 - 0.75 ** 2)
    const before = w[0]!
    adam.step(named(w), named(Float64Array.of(-1)))
    expect(w[0]).toBeCloseTo(before - (0.1 * m) / (Math.sqrt(v) + 1), 14)
  })
})

describe('both optimisers', () => {
  it('refuse a gradient without a parameter', () => {
    const gradients = named(Float64Array.of(1))
    const sgd = new ReferenceSgd({ learningRate: 1, momentum: 0, weightDecay: 0 })
    expect(() => sgd.step(new Map(), gradients)).toThrow(/gradient of w/)
    const adam = new ReferenceAdam({ learningRate: 1, weightDecay: 0 })
    expect(() => adam.step(new Map(), gradients)).toThrow(/gradient of w/)
  })
})
