// GraSP [G] (Wang et al., ICLR 2020): keeps the weights without which the gradient would shrink most. The score of a weight
// is -theta * (H g), H the Hessian of the loss, g its gradient; the largest are removed, so the largest theta * (H g) stay.
//
// H g is a central difference of gradients along g. Automatic differentiation ignores the kinks of a network, a plain
// difference would be drowned by them: so all gradients decide what passes a ReLU or a max pool as the untrained network does.
// The error that is left is measured by a second difference with twice the step.

import type { Network } from '../../network/network.js'
import { DenseTwin, denseNetwork, meanOver } from '../dense-twin.js'
import type { PruneJob, PruningMethod } from '../method.js'
import { cutEvenly } from '../samples.js'
import { checkInformative, type Scores, topScores } from '../top-scores.js'

/** The loss is that of logits / 200 [G]: outputs of an untrained network say too much about its classes otherwise. */
const temperature = 200

/**
 * Length of the smaller step, relative to the weights: there, rounding and curvature cost about as much. On ResNet-8
 * differences with steps of 1e-5, 3e-5 and 1e-4 are 0.05% apart; 3e-6 is 0.2% from the first, 3e-4 0.4% from the last.
 */
const relativeStep = 3e-5

/** Classes from which on a draw has one image of each; below it has all of a class at once [G]. */
const manyClasses = 200

export const grasp: PruningMethod = {
  name: 'grasp',
  summary: 'largest weight x (Hessian x gradient): what carries the flow of gradients',
  steps: null,
  prune(job) {
    return DenseTwin.use(
      job,
      async (twin) => {
        const { product, error } = await hessianTimesGradient(twin, job)
        for (const [layer, values] of product) {
          const initial = twin.initial.get(layer)!
          for (let i = 0; i < values.length; i++) values[i]! *= initial[i]!
        }
        checkInformative(product, this.name, job.network.name)
        return { supports: topScores(product, job.count), hessianError: error }
      },
      { network: cooled(denseNetwork(job.network)), decisions: 'kept' },
    )
  },
}

/** The network with its logits divided by the temperature, and ReLUs as layers whose decisions can be kept. */
export function cooled(network: Network): Network {
  const affine = { op: 'scalarAffine', residual: null, shift: 0, offset: 0 } as const
  const last = network.layers.at(-1)!
  return {
    ...network,
    layers: [
      ...network.layers.map((layer) =>
        layer.op === 'relu' ? { ...layer, ...affine, scale: 1, rectified: true } : layer,
      ),
      {
        ...affine,
        id: network.layers.length,
        name: `logits/${temperature}`,
        input: last.id,
        output: last.output,
        scale: 1 / temperature,
        rectified: false,
      },
    ],
  }
}

/** Batches of GraSP: each draw of samples in two halves, larger halves cut again. */
export function halves(samples: Uint32Array, classes: number, batch: number): Uint32Array[] {
  const draw = classes >= manyClasses ? classes : samples.length
  const parts: Uint32Array[] = []
  for (let start = 0; start < samples.length; start += draw) {
    const images = samples.subarray(start, start + draw)
    for (const half of cutEvenly(images, Math.ceil(images.length / 2))) parts.push(...cutEvenly(half, batch))
  }
  return parts
}

/**
 * `H g` of all kernels together, and how far a difference with twice the step is from it, relative to its norm.
 * @throws DctpsError `cancelled`
 */
export async function hessianTimesGradient(
  twin: DenseTwin,
  job: PruneJob,
): Promise<{ product: Scores; error: number }> {
  const batches = halves(twin.samples, job.dataset.classes.length, twin.batch)
  // The gradient, and a difference of two for each step size.
  const passes = 3 * batches.length
  let done = 0
  const mean = (gradientOf: (batch: Uint32Array) => Promise<Scores>) =>
    meanOver(batches, async (batch) => {
      twin.write((initial) => initial)
      await twin.decide(batch)
      const gradient = await gradientOf(batch)
      job.watch.onStep?.(++done, passes)
      return gradient
    })
  const gradient = await mean((batch) => twin.gradient(batch))
  checkInformative(gradient, 'grasp', job.network.name)
  const step = (relativeStep * norm(twin.initial)) / norm(gradient)
  const difference = (length: number): Promise<Scores> =>
    mean(async (batch) => {
      const gradientAt = (offset: number) => {
        twin.write((initial, layer) => moved(initial, gradient.get(layer)!, offset))
        return twin.gradient(batch)
      }
      const above = await gradientAt(length)
      const below = await gradientAt(-length)
      for (const [layer, values] of above) {
        const subtracted = below.get(layer)!
        for (let i = 0; i < values.length; i++) values[i] = (values[i]! - subtracted[i]!) / (2 * length)
      }
      return above
    })
  const coarse = await difference(2 * step)
  const product = await difference(step)
  return { product, error: distance(coarse, product) / norm(product) }
}

function moved(from: Float32Array, along: Float32Array, length: number): Float32Array {
  return from.map((value, i) => value + length * along[i]!)
}

function norm(values: Scores): number {
  let sum = 0
  for (const array of values.values()) for (const value of array) sum += value * value
  return Math.sqrt(sum)
}

function distance(first: Scores, second: Scores): number {
  let sum = 0
  for (const [layer, array] of first) {
    const other = second.get(layer)!
    for (let i = 0; i < array.length; i++) sum += (array[i]! - other[i]!) ** 2
  }
  return Math.sqrt(sum)
}
