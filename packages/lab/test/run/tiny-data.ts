// Data sets that train in a moment: small IDX files whose classes differ in which corner of the image is bright.

import { idxBytes, noise, writeTree } from '../data/sources.js'

export const classes = 4

/** Side of the images; the network pads them. */
export const side = 8

/** Images `[count][side][side]` of noise with one bright corner, and their labels. */
function cornerImages(count: number, seed: number): { pixels: Uint8Array; labels: Uint8Array } {
  const pixels = noise(count * side * side, seed).map((value) => value >> 1)
  const labels = Uint8Array.from({ length: count }, (_, image) => image % classes)
  labels.forEach((label, image) => {
    for (let row = 0; row < side / 2; row++) {
      for (let column = 0; column < side / 2; column++) {
        const y = row + (label >> 1) * (side / 2)
        const x = column + (label & 1) * (side / 2)
        pixels[(image * side + y) * side + x]! += 120
      }
    }
  })
  return { pixels, labels }
}

/** The files of an IDX data set. */
export function tinyFiles(train = 256, test = 64): Record<string, Uint8Array> {
  const split = (prefix: string, count: number, seed: number) => {
    const { pixels, labels } = cornerImages(count, seed)
    return {
      [`${prefix}-images-idx3-ubyte`]: idxBytes([count, side, side], pixels),
      [`${prefix}-labels-idx1-ubyte`]: idxBytes([count], labels),
    }
  }
  return { ...split('train', train, 1), ...split('t10k', test, 2) }
}

/** Writes the data set; gives the path of its folder. */
export function writeTinyData(root: string, train = 256, test = 64): Promise<string> {
  return writeTree(root, 'tiny', tinyFiles(train, test))
}
