import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { activationSize } from '#core/shape/activation'
import { type Activations, activations } from './activations.js'
import {
  batchNorm,
  batchNormEvaluationBackward,
  batchNormTrainingBackward,
  batchStatistics,
  updateRunningStatistics,
} from './batch-norm.js'
import { expectGradient } from './finite-differences.js'
import {
  averagePool,
  averagePoolBackward,
  flatten,
  flattenBackward,
  maxPool,
  maxPoolBackward,
  relu,
  reluBackward,
} from './layers.js'
import { Lcg } from './lcg.js'
import { crossEntropy } from './loss.js'

const runs = { seed: 2, numRuns: 40 }

const seeds = fc.nat({ max: 2 ** 31 - 1 })
const batches = fc.record({
  images: fc.integer({ min: 2, max: 4 }),
  channels: fc.integer({ min: 1, max: 3 }),
  height: fc.integer({ min: 3, max: 6 }),
  width: fc.integer({ min: 3, max: 6 }),
  seed: seeds,
})
const poolings = fc.record({
  window: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 4 }),
})

/**
 * A batch of distinct values, none within 1e-3 of 0 or of another: a perturbation by a finite-difference step never
 * crosses a kink of ReLU or max pooling.
 */
function distinct({
  images,
  seed,
  ...shape
}: { images: number; seed: number } & Omit<Activations, 'values'>) {
  const random = new Lcg(seed)
  const size = images * activationSize(shape)
  const order = Array.from({ length: size }, (_, i) => ({ i, key: random.fraction() }))
  order.sort((a, b) => a.key - b.key)
  return activations(
    images,
    shape,
    Float64Array.from(order, ({ i }) => (i + 0.5 - Math.floor(size / 2)) / 200),
  )
}

function random(x: Activations, seed: number): Activations {
  return activations(x.images, x, new Lcg(seed + 1).values(x.values.length))
}

function inner(a: Activations, b: Activations): number {
  return a.values.reduce((sum, value, i) => sum + value * b.values[i]!, 0)
}

/** Checks the input gradient of a layer on random batches against finite differences. */
function checkInputGradient(
  forward: (x: Activations) => Activations,
  backward: (x: Activations, dy: Activations) => Activations,
  x: Activations,
  seed: number,
) {
  const dy = random(forward(x), seed)
  expectGradient('x', () => inner(dy, forward(x)), x.values, backward(x, dy).values)
}

describe('layers without parameters agree with finite differences', () => {
  it('relu and flatten', () => {
    fc.assert(
      fc.property(batches, (batch) => {
        checkInputGradient(relu, reluBackward, distinct(batch), batch.seed)
        checkInputGradient(flatten, flattenBackward, distinct(batch), batch.seed)
      }),
      runs,
    )
  })

  it('average and max pooling, windows overlapping or leaving positions out', () => {
    fc.assert(
      fc.property(batches, poolings, (batch, pooling) => {
        checkInputGradient(
          (x) => averagePool(x, pooling),
          (x, dy) => averagePoolBackward(x, pooling, dy),
          distinct(batch),
          batch.seed,
        )
        checkInputGradient(
          (x) => maxPool(x, pooling),
          (x, dy) => maxPoolBackward(x, pooling, dy),
          distinct(batch),
          batch.seed,
        )
      }),
      runs,
    )
  })
})

describe('pooling', () => {
  const image = (...values: number[]) =>
    activations(1, { channels: 1, height: 3, width: 3 }, Float64Array.from(values))

  it('gives the mean and the largest value of each window', () => {
    const x = image(1, 2, 3, 4, 5, 6, -7, 8, 9)
    expect([...averagePool(x, { window: 2, stride: 1 }).values]).toEqual([3, 4, 2.5, 7])
    expect([...maxPool(x, { window: 2, stride: 1 }).values]).toEqual([5, 6, 8, 9])
    expect([...maxPool(x, { window: 2, stride: 2 }).values]).toEqual([5])
  })

  it('sends the gradient of tied values to the first, row by row', () => {
    const x = image(0, 7, 7, 7, 0, 0, 0, 0, 0)
    const dy = activations(1, { channels: 1, height: 2, width: 2 }, Float64Array.of(1, 10, 100, 1000))
    expect([...maxPoolBackward(x, { window: 2, stride: 1 }, dy).values]).toEqual([
      0, 11, 0, 100, 1000, 0, 0, 0, 0,
    ])
  })
})

describe('batch norm', () => {
  function parameters(x: Activations, seed: number) {
    const source = new Lcg(seed + 2)
    return { scale: source.values(x.channels, 2), shift: source.values(x.channels), epsilon: 1e-2 }
  }

  it('normalises each channel to mean 0 and variance 1 / (1 + epsilon / variance)', () => {
    fc.assert(
      fc.property(batches, (batch) => {
        const x = distinct(batch)
        const plain = {
          scale: new Float64Array(x.channels).fill(1),
          shift: new Float64Array(x.channels),
          epsilon: 0.5,
        }
        const before = batchStatistics(x)
        const after = batchStatistics(batchNorm(x, plain, before))
        for (let c = 0; c < x.channels; c++) {
          expect(after.mean[c]).toBeCloseTo(0, 12)
          expect(after.variance[c]).toBeCloseTo(1 / (1 + 0.5 / before.variance[c]!), 12)
        }
      }),
      runs,
    )
  })

  it('agrees with finite differences in training and in evaluation', () => {
    fc.assert(
      fc.property(batches, (batch) => {
        const x = distinct(batch)
        const dy = random(x, batch.seed)
        const normalisation = parameters(x, batch.seed)
        const running = {
          mean: new Lcg(batch.seed + 3).values(x.channels),
          variance: new Lcg(batch.seed + 4).values(x.channels).map((value) => value + 1.5),
        }
        const training = batchNormTrainingBackward(x, normalisation, dy)
        const evaluation = batchNormEvaluationBackward(x, normalisation, running, dy)
        const trainingLoss = () => inner(dy, batchNorm(x, normalisation, batchStatistics(x)))
        const evaluationLoss = () => inner(dy, batchNorm(x, normalisation, running))
        const { scale, shift } = normalisation
        expectGradient('training x', trainingLoss, x.values, training.input.values, { step: 1e-5 })
        expectGradient('training scale', trainingLoss, scale, training.scale)
        expectGradient('training shift', trainingLoss, shift, training.shift)
        expectGradient('evaluation x', evaluationLoss, x.values, evaluation.input.values)
        expectGradient('evaluation scale', evaluationLoss, scale, evaluation.scale)
        expectGradient('evaluation shift', evaluationLoss, shift, evaluation.shift)
      }),
      runs,
    )
  })

  it('moves running statistics towards the mean and the unbiased variance', () => {
    const x = activations(2, { channels: 2, height: 1, width: 2 }, Float64Array.of(1, 2, 5, 5, 3, 6, 5, 9))
    const running = { mean: Float64Array.of(0, 1), variance: Float64Array.of(1, 2) }
    updateRunningStatistics(running, x, 0.25)
    // Channel 0 holds 1 2 3 6 (mean 3, squares 14), channel 1 holds 5 5 5 9 (mean 6, squares 12); 4 - 1 = 3.
    expect([...running.mean]).toEqual([0.25 * 3, 0.75 + 0.25 * 6])
    expect([...running.variance]).toEqual([
      expect.closeTo(0.75 + (0.25 * 14) / 3, 12),
      expect.closeTo(1.5 + (0.25 * 12) / 3, 12),
    ])
  })

  it('refuses a batch of one value a channel, which has no unbiased variance', () => {
    const x = activations(1, { channels: 3, height: 1, width: 1 })
    const running = { mean: new Float64Array(3), variance: new Float64Array(3) }
    expect(() => updateRunningStatistics(running, x, 0.1)).toThrow(/one value per channel/)
  })
})

describe('cross-entropy', () => {
  it('of equal logits is log(classes), however large they are', () => {
    expect(crossEntropy(new Float64Array(20).fill(5000), [3, 9]).loss).toBeCloseTo(Math.log(10), 12)
  })

  it('of two logits is log(1 + exp(-difference))', () => {
    expect(crossEntropy(Float64Array.of(2, -1), [0]).loss).toBeCloseTo(Math.log(1 + Math.exp(-3)), 12)
    expect(crossEntropy(Float64Array.of(2, -1), [1]).loss).toBeCloseTo(Math.log(1 + Math.exp(3)), 12)
  })

  it('agrees with finite differences', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 2, max: 6 }),
        seeds,
        (images, classes, seed) => {
          const source = new Lcg(seed)
          const logits = source.values(images * classes, 4)
          const labels = Array.from({ length: images }, () => source.integer(classes))
          const { gradient } = crossEntropy(logits, labels)
          expectGradient('logits', () => crossEntropy(logits, labels).loss, logits, gradient)
        },
      ),
      runs,
    )
  })
})
