// What is measured of a signal: its size, how alike two inputs look, which units are dead. All of it on one batch.

import { forEachPlane, type Signal } from './float64/signal.js'

/** Root mean square of all values. */
export function rootMeanSquare({ values }: Signal): number {
  return euclideanNorm(values) / Math.sqrt(values.length)
}

/** Without squares that fall below the smallest number: signals of 1e-200 do occur. */
export function euclideanNorm(values: Float64Array): number {
  let largest = 0
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!))
  if (largest === 0) return 0
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += (values[i]! / largest) ** 2
  return largest * Math.sqrt(sum)
}

export interface Likeness {
  /** Mean cosine of the angle between the values of two images; null where no two images have any. */
  readonly cosine: number | null
  /** The same after each image's mean is taken off: Pearson's correlation. */
  readonly correlation: number | null
}

/** Over all pairs of images. A pair in which one has nothing to compare (all zeros, or all the same) is left out. */
export function likeness(given: Signal): Likeness {
  const images = imageVectors(given)
  const centred = images.map((vector) => {
    const mean = vector.reduce((sum, value) => sum + value, 0) / vector.length
    // Equal values have a mean that can differ from them by rounding, which must not be taken for a signal.
    if (vector.every((value) => value === vector[0])) return new Float64Array(vector.length)
    return vector.map((value) => value - mean)
  })
  return { cosine: meanCosine(images), correlation: meanCosine(centred) }
}

function meanCosine(vectors: readonly Float64Array[]): number | null {
  const units = vectors.flatMap((vector) => {
    const norm = euclideanNorm(vector)
    return norm === 0 ? [] : [vector.map((value) => value / norm)]
  })
  let sum = 0
  let pairs = 0
  for (let i = 0; i < units.length; i++) {
    for (let j = 0; j < i; j++, pairs++) {
      const [a, b] = [units[i]!, units[j]!]
      for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!
    }
  }
  return pairs === 0 ? null : sum / pairs
}

/** Share of the units (channels x positions) that are 0 on every image. */
export function deadShare(given: Signal): number {
  const { channels, height, width } = given
  const plane = height * width
  const alive = new Uint8Array(channels * plane)
  forEachPlane(given, (_image, channel, start) => {
    for (let i = 0; i < plane; i++) if (given.values[start + i] !== 0) alive[channel * plane + i] = 1
  })
  return 1 - alive.reduce((sum, on) => sum + on, 0) / alive.length
}

/** The values of each image, `[images][channels * height * width]`. */
export function imageVectors(given: Signal): Float64Array[] {
  const { images, channels, height, width } = given
  const plane = height * width
  const vectors = Array.from({ length: images }, () => new Float64Array(channels * plane))
  forEachPlane(given, (image, channel, start) => {
    vectors[image]!.set(given.values.subarray(start, start + plane), channel * plane)
  })
  return vectors
}
