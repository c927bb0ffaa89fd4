// A small network with batch norm and a residual sum, random images for it, and what the methods compute on them in
// float64: the loss, its gradients and the masks that follow.

import { kernelLayers, type Network, NetworkBuilder } from '#core/network/network'
import { kernelName, type Supports } from '#core/network/parameters'
import { nodePlatform } from '#core/node'
import { denseNetwork } from '#core/prune/dense-twin'
import type { PruneTask } from '#core/prune/prune'
import { balancedSamples, cutEvenly } from '#core/prune/samples'
import { Key } from '#core/random/key'
import { byteValues, measureNormalisation, splitIndices } from '#core/train/batches'
import type { ImageDataset } from '#core/train/dataset'
import { initialValues } from '#core/train/initialise'
import { type TrainOptions, trainDefaults } from '#core/train/options'
import { crossEntropy } from '../reference/loss.js'
import { ReferenceNetwork } from '../reference/network.js'

export const platform = (threads = 1) => nodePlatform(threads, 'plain')

export function smallNetwork(kind: 'sparse' | 'dctps' | 'dense' = 'sparse'): Network {
  const net = new NetworkBuilder('small', { channels: 2, height: 6, width: 6 }, { kind })
  const stem = net.relu(net.batchNorm('bn1', net.conv2d('conv1', net.input, 5, { size: 3, padding: 1 })))
  let x = net.batchNorm('bn2', net.conv2d('conv2', stem, 5, { size: 3, padding: 1 }))
  x = net.relu(net.add(x, stem))
  x = net.maxPool(net.conv2d('conv3', x, 6, { size: 1 }), 2)
  net.linear('linear', net.flatten(x), 3, { bias: true })
  return net.build()
}

export function smallDataset({ input, classes }: Network, images = 60): ImageDataset {
  const size = input.channels * input.height * input.width
  const key = Key.fromSeed(5)
  return {
    name: 'noise',
    shape: input,
    classes: Array.from({ length: classes }, (_, label) => `class ${label}`),
    pixels: Uint8Array.from({ length: images * size }, (_, i) => key.integer(i, 256)),
    labels: Uint16Array.from({ length: images }, (_, image) => image % classes),
  }
}

export const smallOptions: TrainOptions = { ...trainDefaults, batch: 16, validation: 0.2, seed: 3, epochs: 2 }

export function smallTask(density: number, network = smallNetwork()): PruneTask {
  return { network, dataset: smallDataset(network), options: smallOptions, density }
}

export function countOf(supports: Supports): number {
  return [...supports.values()].reduce((sum, { length }) => sum + length, 0)
}

/** Positions in the flat order of all kernels. */
export function flatPositions(network: Network, supports: Supports): number[] {
  let start = 0
  return kernelLayers(denseNetwork(network)).flatMap(({ id, geometry }) => {
    const positions = Array.from(supports.get(id)!, (index) => start + index)
    start += (geometry.outChannels * geometry.inChannels * geometry.size ** 2) / geometry.groups
    return positions
  })
}

/** Positions of the highest scores, ascending; ties to the earlier one. */
export function highest(scores: ArrayLike<number>, count: number): number[] {
  const order = Array.from(scores, (_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b)
  return order.slice(0, count).sort((a, b) => a - b)
}

/** The dense network in float64, its weights as one vector over all kernels. */
export class Reference64 {
  readonly initial: Float64Array
  readonly #task: PruneTask
  readonly #model: ReferenceNetwork
  readonly #names: readonly string[]

  constructor(task: PruneTask, network = denseNetwork(task.network)) {
    this.#task = task
    const values = initialValues(network, new Map(), Key.fromSeed(task.options.seed))
    this.#model = new ReferenceNetwork(network, new Map(), values)
    this.#names = kernelLayers(network).map((layer) => `${kernelName(layer)}.weight`)
    this.initial = Float64Array.from(this.#names.flatMap((name) => [...values.get(name)!]))
  }

  /** The batches that saliencies are measured on. */
  batches(cut = (samples: Uint32Array) => cutEvenly(samples, 16)): Uint32Array[] {
    const { dataset, options } = this.#task
    const key = Key.fromSeed(options.seed)
    const { training } = splitIndices(dataset.labels.length, options.validation, key)
    return cut(balancedSamples(dataset, training, key))
  }

  /** Mean loss over the images of all batches, and its gradient by all weights. */
  lossAndGradient(
    weights: ArrayLike<number>,
    batches = this.batches(),
    gradientOf = true,
  ): { loss: number; gradient: Float64Array } {
    this.#write(weights)
    const images = batches.reduce((sum, { length }) => sum + length, 0)
    let loss = 0
    const gradient = new Float64Array(this.initial.length)
    for (const batch of batches) {
      const labels = Array.from(batch, (index) => this.#task.dataset.labels[index]!)
      const logits = this.#model.forward(this.#images(batch), 'train')
      const share = batch.length / images
      loss += share * crossEntropy(logits, labels).loss
      if (!gradientOf) continue
      const { gradients } = this.#model.backward(labels)
      let at = 0
      for (const name of this.#names)
        for (const slope of gradients.parameters.get(name)!) gradient[at++]! += share * slope
    }
    return { loss, gradient }
  }

  /** Sum of the outputs for an input of ones, all parameters positive, and its gradient. */
  flow(weights: Float64Array): { sum: number; gradient: Float64Array } {
    this.#write(weights)
    const { network } = this.#model
    const { channels, height, width } = network.input
    const logits = this.#model.forward(new Float64Array(channels * height * width).fill(1), 'eval')
    const { parameters } = this.#model.backwardFrom(new Float64Array(logits.length).fill(1))
    const gradient = Float64Array.from(this.#names.flatMap((name) => [...parameters.get(name)!]))
    return { sum: logits.reduce((sum, value) => sum + value, 0), gradient }
  }

  #write(weights: ArrayLike<number>): void {
    let at = 0
    for (const name of this.#names) {
      const values = this.#model.parameters.get(name)!
      for (let i = 0; i < values.length; i++) values[i] = weights[at++]!
    }
  }

  #images(batch: Uint32Array): Float64Array {
    const { dataset, options } = this.#task
    const { channels, height, width } = dataset.shape
    const plane = height * width
    const { training } = splitIndices(dataset.labels.length, options.validation, Key.fromSeed(options.seed))
    const table = byteValues(measureNormalisation(dataset, training))
    return Float64Array.from(
      [...batch].flatMap((image) =>
        Array.from({ length: channels * plane }, (_, i) => {
          const byte = dataset.pixels[image * channels * plane + i]!
          return table[Math.floor(i / plane) * 256 + byte]!
        }),
      ),
    )
  }
}
