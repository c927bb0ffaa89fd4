// Between activations and the patches that a kernel sees, a block of positions at a time: gathering a block is what
// makes a convolution a matrix times columns, and its transpose adds the columns of a gradient up again.

import { convolutionOutput, type KernelGeometry } from 'dctps/internal/shape/kernel'
import { type BatchShape, rowLength } from './signal.js'

/** The patches of all positions of all images under one geometry. */
export class Patches {
  readonly #geometry: KernelGeometry
  readonly #input: BatchShape
  readonly #outputHeight: number
  readonly #outputWidth: number
  /** Where each position of the block reads its row, or -1 for zero padding. */
  readonly #places: Int32Array

  constructor(input: BatchShape, geometry: KernelGeometry, blockWidth: number) {
    const output = convolutionOutput(input, geometry)
    this.#geometry = geometry
    this.#input = input
    this.#outputHeight = output.height
    this.#outputWidth = output.width
    this.#places = new Int32Array(blockWidth)
  }

  /** Copies positions `first` on into `block: [patch][width]`; rows are in the order (kh, kw, c) of all channels. */
  gather(x: Float64Array, first: number, width: number, block: Float64Array): void {
    const length = rowLength(this.#input)
    const { channels } = this.#input
    const places = this.#places
    this.#forEachTap(first, width, (tap) => {
      for (let channel = 0; channel < channels; channel++) {
        const from = channel * length
        const to = (tap * channels + channel) * width
        for (let p = 0; p < width; p++) {
          const place = places[p]!
          block[to + p] = place < 0 ? 0 : x[from + place]!
        }
      }
    })
  }

  /** The transpose of {@link gather}: adds a block to `x`. */
  scatter(block: Float64Array, first: number, width: number, x: Float64Array): void {
    const length = rowLength(this.#input)
    const { channels } = this.#input
    const places = this.#places
    this.#forEachTap(first, width, (tap) => {
      for (let channel = 0; channel < channels; channel++) {
        const to = channel * length
        const from = (tap * channels + channel) * width
        for (let p = 0; p < width; p++) {
          const place = places[p]!
          if (place >= 0) x[to + place]! += block[from + p]!
        }
      }
    })
  }

  /** Calls `visit` for each tap of the kernel, the places being those that it reads. */
  #forEachTap(first: number, width: number, visit: (tap: number) => void): void {
    const { size, stride, padding } = this.#geometry
    for (let tap = 0; tap < size * size; tap++) {
      const top = Math.floor(tap / size) - padding
      const left = (tap % size) - padding
      for (let p = 0; p < width; p++) {
        const column = (first + p) % this.#outputWidth
        const rows = Math.floor((first + p) / this.#outputWidth)
        const image = Math.floor(rows / this.#outputHeight)
        this.#places[p] = this.#place(
          image,
          (rows % this.#outputHeight) * stride + top,
          column * stride + left,
        )
      }
      visit(tap)
    }
  }

  #place(image: number, row: number, column: number): number {
    const { height, width } = this.#input
    const inside = row >= 0 && row < height && column >= 0 && column < width
    return inside ? (image * height + row) * width + column : -1
  }
}
