// One network before training at one batch of images: how large its signals and gradients are by depth, how alike two
// images look, which units are dead, and how the logits depend on the image.

import type { LayerId } from 'dctps/internal/network/layer'
import type { Network } from 'dctps/internal/network/network'
import type { Float64Network } from './float64/linearise.js'
import { type Signal, signal } from './float64/signal.js'
import { deadShare, euclideanNorm, imageVectors, likeness, rootMeanSquare } from './measures.js'
import type { ProbePoint } from './probe-points.js'
import { singularValues } from './singular-values.js'

/** At one point of the network. */
export interface PointSignals {
  /** Root mean square of the activation relative to that of the images. */
  readonly signal: number
  /** Root mean square, over images and logits, of the norm of a logit's gradient at this point. */
  readonly gradient: number
  /** Between the activations of two images, mean over pairs; null where there is nothing to compare. */
  readonly cosine: number | null
  readonly correlation: number | null
  /** Share of units that are 0 on every image; null where no ReLU is. */
  readonly dead: number | null
}

export interface NetworkSignals {
  /** One for each of the points asked for. */
  readonly points: readonly PointSignals[]
  /** As at the points, at the images. */
  readonly inputGradient: number
  /** Of the Jacobian of the logits with respect to the image, the largest first: `[images][classes]`. */
  readonly singularValues: readonly (readonly number[])[]
}

export interface Passes {
  /** Called between two passes; one forward, then one backward a class. */
  readonly onPass: (done: number, total: number) => Promise<void>
}

/**
 * @param batch images as the network takes them
 * @param points in order of depth, the last one the logits
 */
export async function analyseNetwork(
  network: Network,
  executor: Float64Network,
  batch: Signal,
  points: readonly ProbePoint[],
  { onPass }: Passes,
): Promise<NetworkSignals> {
  const { classes } = network
  const pointOf = new Map(points.map((point) => [point.id, point]))
  const inputSize = rootMeanSquare(batch)
  const activations = new Map<LayerId, Omit<PointSignals, 'gradient'>>()
  const { pullback } = executor.linearise(batch, (layer, activation) => {
    const point = pointOf.get(layer.id)
    if (point !== undefined) activations.set(layer.id, measure(activation, inputSize, point.rectified))
  })
  await onPass(1, 1 + classes)

  // Norms of all logits' gradients together, by layer.
  const norms = new Map<LayerId, number>()
  const jacobians: Float64Array[][] = Array.from({ length: batch.images }, () => [])
  for (let logit = 0; logit < classes; logit++) {
    const gradient = pullback(oneLogit(network, batch.images, logit), (layer, { values }) => {
      if (layer.op === 'input' || pointOf.has(layer.id))
        norms.set(layer.id, Math.hypot(norms.get(layer.id) ?? 0, euclideanNorm(values)))
    })
    imageVectors(gradient).forEach((row, image) => {
      jacobians[image]!.push(row)
    })
    await onPass(2 + logit, 1 + classes)
  }

  const gradientAt = (id: LayerId) => (norms.get(id) ?? 0) / Math.sqrt(batch.images * classes)
  return {
    points: points.map(({ id }) => ({ ...activations.get(id)!, gradient: gradientAt(id) })),
    inputGradient: gradientAt(INPUT),
    singularValues: jacobians.map(singularValues),
  }
}

/** The input layer of every network. */
const INPUT: LayerId = 0

function measure(activation: Signal, inputSize: number, rectified: boolean): Omit<PointSignals, 'gradient'> {
  const size = rootMeanSquare(activation)
  return {
    // Blank images have no size to be compared with.
    signal: inputSize === 0 ? 0 : size / inputSize,
    ...likeness(activation),
    dead: rectified ? deadShare(activation) : null,
  }
}

/** 1 at one logit of every image. */
function oneLogit(network: Network, images: number, logit: number): Signal {
  const result = signal(images, { channels: network.classes, height: 1, width: 1 })
  result.values.fill(1, logit * images, (logit + 1) * images)
  return result
}
