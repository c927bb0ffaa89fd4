// The training images that gradients are taken on: equally many of each class, chosen by key.

import type { Key } from '../random/key.js'
import type { ImageDataset } from '../train/dataset.js'

/** Images of each class that saliencies are measured on, as in the published code. */
export const samplesPerClass = 10

/**
 * Indices of `samplesPerClass` training images of each class: first one of every class, then another of every class, and
 * so on. A class with fewer images gives all that it has.
 */
export function balancedSamples(
  { labels, classes }: ImageDataset,
  training: Uint32Array,
  key: Key,
): Uint32Array {
  const chosen = classes.map((_, label) => {
    const members = training.filter((index) => labels[index] === label)
    const order = key.fold('prune', label).permutation(members.length)
    return order.subarray(0, samplesPerClass).map((position) => members[position]!)
  })
  const rounds = Array.from({ length: samplesPerClass }, (_, round) =>
    chosen.flatMap((members) => members[round] ?? []),
  )
  return Uint32Array.from(rounds.flat())
}

/** Cuts samples into equal batches of at most `size`; the last one may be smaller. */
export function cutEvenly(samples: Uint32Array, size: number): Uint32Array[] {
  const parts = Math.ceil(samples.length / size)
  const length = Math.ceil(samples.length / parts)
  return Array.from({ length: Math.ceil(samples.length / length) }, (_, part) =>
    samples.subarray(part * length, (part + 1) * length),
  )
}
