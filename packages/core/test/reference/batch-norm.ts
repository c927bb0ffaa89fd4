// Batch norm, forward and backward, with the statistics of the batch (training) or given ones (evaluation), and the
// update of running statistics.

import { type Activations, mapValues } from './activations.js'

/** Per channel; `variance` is biased (divided by the number of values). */
export interface Statistics {
  readonly mean: Float64Array
  readonly variance: Float64Array
}

/** Per channel: `y = scale * (x - mean) / sqrt(variance + epsilon) + shift`. */
export interface Normalisation {
  readonly scale: Float64Array
  readonly shift: Float64Array
  readonly epsilon: number
}

export interface BatchNormGradients {
  readonly input: Activations
  readonly scale: Float64Array
  readonly shift: Float64Array
}

/** Mean and biased variance of each channel over images and positions. */
export function batchStatistics(x: Activations): Statistics {
  const count = valuesPerChannel(x)
  const mean = channelSums(x, (value) => value).map((sum) => sum / count)
  const variance = channelSums(x, (value, channel) => (value - mean[channel]!) ** 2).map((sum) => sum / count)
  return { mean, variance }
}

export function batchNorm(x: Activations, normalisation: Normalisation, statistics: Statistics): Activations {
  const { scale, shift } = normalisation
  const normalised = normalise(x, normalisation, statistics)
  return mapValues(normalised, (value, i) => scale[channelOf(x, i)]! * value + shift[channelOf(x, i)]!)
}

/** Gradients of `<dy, y>` in evaluation: the statistics are constants. */
export function batchNormEvaluationBackward(
  x: Activations,
  normalisation: Normalisation,
  statistics: Statistics,
  dy: Activations,
): BatchNormGradients {
  const { scale, epsilon } = normalisation
  const normalised = normalise(x, normalisation, statistics)
  const input = mapValues(dy, (gradient, i) => {
    const channel = channelOf(x, i)
    return (gradient * scale[channel]!) / Math.sqrt(statistics.variance[channel]! + epsilon)
  })
  return {
    input,
    scale: channelSums(dy, (gradient, _, i) => gradient * normalised.values[i]!),
    shift: channelSums(dy, (gradient) => gradient),
  }
}

/** Gradients of `<dy, y>` in training: mean and variance of the batch depend on `x` too. */
export function batchNormTrainingBackward(
  x: Activations,
  normalisation: Normalisation,
  dy: Activations,
): BatchNormGradients {
  const { scale, epsilon } = normalisation
  const statistics = batchStatistics(x)
  const normalised = normalise(x, normalisation, statistics)
  const count = valuesPerChannel(x)
  const dScale = channelSums(dy, (gradient, _, i) => gradient * normalised.values[i]!)
  const dShift = channelSums(dy, (gradient) => gradient)
  const input = mapValues(dy, (gradient, i) => {
    const channel = channelOf(x, i)
    const slope = scale[channel]! / Math.sqrt(statistics.variance[channel]! + epsilon)
    return slope * (gradient - dShift[channel]! / count - (normalised.values[i]! * dScale[channel]!) / count)
  })
  return { input, scale: dScale, shift: dShift }
}

/**
 * Running statistics after a training batch: `(1 - momentum) * running + momentum * batch`, with the unbiased
 * variance of the batch. Changes `running` in place.
 */
export function updateRunningStatistics(running: Statistics, x: Activations, momentum: number): void {
  const count = valuesPerChannel(x)
  if (count < 2) throw new Error('a batch of one value per channel has no unbiased variance')
  const batch = batchStatistics(x)
  for (let channel = 0; channel < x.channels; channel++) {
    const unbiased = (batch.variance[channel]! * count) / (count - 1)
    running.mean[channel] = (1 - momentum) * running.mean[channel]! + momentum * batch.mean[channel]!
    running.variance[channel] = (1 - momentum) * running.variance[channel]! + momentum * unbiased
  }
}

function normalise(x: Activations, { epsilon }: Normalisation, { mean, variance }: Statistics): Activations {
  return mapValues(x, (value, i) => {
    const channel = channelOf(x, i)
    return (value - mean[channel]!) / Math.sqrt(variance[channel]! + epsilon)
  })
}

function channelSums(
  x: Activations,
  term: (value: number, channel: number, index: number) => number,
): Float64Array {
  const sums = new Float64Array(x.channels)
  x.values.forEach((value, i) => {
    const channel = channelOf(x, i)
    sums[channel]! += term(value, channel, i)
  })
  return sums
}

function channelOf(x: Activations, index: number): number {
  return Math.floor(index / (x.height * x.width)) % x.channels
}

function valuesPerChannel(x: Activations): number {
  return x.images * x.height * x.width
}
