// A convolution or a linear layer in float64 and its transpose, `y = alpha * D x + S x (+ b)` by [P] section 1: what is
// dense or a transform works on gathered patches, block by block, and what is sparse on its entries.

import type { KernelLayer } from 'dctps/internal/network/layer'
import {
  convolutionOutput,
  type KernelGeometry,
  kernelEntries,
  patchLength,
  transformLength,
} from 'dctps/internal/shape/kernel'
import { dct2Entry } from 'dctps/internal/transform/reference'
import { addEntries, addEntriesTransposed, type Entry, entryAt, storedEntries } from './entries.js'
import { denseMap, type PatchMap, type RowTransforms } from './patch-map.js'
import { Patches } from './patches.js'
import { type BatchShape, rowLength, type Signal, signal } from './signal.js'

/** One kernel's numbers. */
export interface KernelValues {
  readonly layer: KernelLayer
  /** Ascending flat indices into the weight `[Cout, Cg, K, K]`; a dense kernel has none. */
  readonly support: Uint32Array | undefined
  /** One for each index, or the whole weight of a dense kernel. */
  readonly values: Float32Array | Float64Array
  /** Only DCTpS kernels read it. */
  readonly alpha: number
  readonly bias: Float32Array | Float64Array | undefined
}

export class Kernel {
  readonly #geometry: KernelGeometry
  /** On patches: the transform, or a dense weight. */
  readonly #map: PatchMap | null
  readonly #entries: readonly Entry[]
  readonly #bias: KernelValues['bias']

  constructor(kernel: KernelValues, transforms: RowTransforms) {
    const { layer, support, values, alpha } = kernel
    const { geometry, kind } = layer
    this.#geometry = geometry
    this.#bias = kernel.bias
    const isGrouped = geometry.groups > 1
    const isDense = kind === 'dense' && !isGrouped
    const hasTransform = kind === 'dctps' && alpha !== 0
    this.#map = isDense
      ? denseMap(geometry, values)
      : hasTransform && !isGrouped
        ? transforms.map(geometry, alpha)
        : null
    // Grouped kernels are small: their transform is written out.
    const written = hasTransform && isGrouped ? transformEntries(geometry, alpha) : []
    this.#entries = isDense ? [] : [...written, ...storedEntries(geometry, support, values)]
  }

  apply(x: Signal): Signal {
    const y = signal(x.images, convolutionOutput(x, this.#geometry))
    if (this.#bias !== undefined) fillRows(y, this.#bias)
    addEntries(this.#entries, this.#geometry, x, y)
    const length = rowLength(y)
    this.#forEachBlock(x, length, ({ map, patches, patchBlock, outputBlock }, first, width) => {
      patches.gather(x.values, first, width, patchBlock)
      outputBlock.fill(0)
      map.apply(patchBlock, outputBlock, width)
      for (let row = 0; row < y.channels; row++)
        for (let p = 0; p < width; p++) y.values[row * length + first + p]! += outputBlock[row * width + p]!
    })
    return y
  }

  /** The gradient of a batch of the shape of `x` from that of what the kernel made of it. */
  applyTransposed(dy: Signal, x: BatchShape): Signal {
    const dx = signal(x.images, x)
    addEntriesTransposed(this.#entries, this.#geometry, dy, dx)
    const length = rowLength(dy)
    this.#forEachBlock(x, length, ({ map, patches, patchBlock, outputBlock }, first, width) => {
      for (let row = 0; row < dy.channels; row++)
        for (let p = 0; p < width; p++) outputBlock[row * width + p] = dy.values[row * length + first + p]!
      patchBlock.fill(0)
      map.applyTransposed(outputBlock, patchBlock, width)
      patches.scatter(patchBlock, first, width, dx.values)
    })
    return dx
  }

  /** Nothing where no part works on patches. */
  #forEachBlock(
    x: BatchShape,
    positions: number,
    visit: (parts: BlockParts, first: number, width: number) => void,
  ): void {
    const map = this.#map
    if (map === null) return
    const { blockWidth } = map
    const parts = {
      map,
      patches: new Patches(x, this.#geometry, blockWidth),
      patchBlock: new Float64Array(patchLength(this.#geometry) * blockWidth),
      outputBlock: new Float64Array(this.#geometry.outChannels * blockWidth),
    }
    for (let first = 0; first < positions; first += blockWidth)
      visit(parts, first, Math.min(blockWidth, positions - first))
  }
}

/** What the blocks of a layer are worked on with; the memory is used again for each. */
interface BlockParts {
  readonly map: PatchMap
  readonly patches: Patches
  readonly patchBlock: Float64Array
  readonly outputBlock: Float64Array
}

/** `alpha * D` written out: row `o` of the transform for output channel `o` of any group. */
function transformEntries(geometry: KernelGeometry, alpha: number): Entry[] {
  const patch = patchLength(geometry)
  const length = transformLength(geometry)
  return Array.from({ length: kernelEntries(geometry) }, (_, i) => {
    const [row, column] = [Math.floor(i / patch), i % patch]
    return entryAt(geometry, row, column, alpha * dct2Entry(length, row, column))
  })
}

function fillRows({ values, channels }: Signal, numbers: ArrayLike<number>): void {
  const length = values.length / channels
  for (let row = 0; row < channels; row++) values.fill(numbers[row]!, row * length, (row + 1) * length)
}
