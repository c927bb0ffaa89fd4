// Kernels on blocks of gathered patches, each in its fast form: D as a factored transform, a dense weight as a blocked
// product.

import { type KernelGeometry, patchLength, patchPosition, transformLength } from 'dctps/internal/shape/kernel'
import { factorDct } from 'dctps/internal/transform/factor'
import { transpose } from 'dctps/internal/transform/oplist'
import { addProduct, type MatrixView, transposed } from './matrix-product.js'
import { RowTransform } from './row-transform.js'

/** A linear map on blocks of patches, for kernels of one group. */
export interface PatchMap {
  /** Positions that are best worked on together. */
  readonly blockWidth: number
  /** Adds `M x` to `y`; `x: [patch][width]`, `y: [outputs][width]`. */
  apply(x: Float64Array, y: Float64Array, width: number): void
  /** Adds `M^T y` to `x`. */
  applyTransposed(y: Float64Array, x: Float64Array, width: number): void
}

/**
 * Enough positions to spread the cost of an operation over a row, and few enough for the rows of a long transform to stay
 * in the cache.
 */
const TRANSFORM_BLOCK = 32

/** The weight is packed anew for each block, so a wide one is better, until its patches leave the cache. */
const DENSE_BLOCK = 128

interface TransformPair {
  readonly forward: RowTransform
  readonly adjoint: RowTransform
}

/** Factored transforms and their transposes by shape: layers and networks share them. */
export class RowTransforms {
  readonly #made = new Map<string, TransformPair>()

  /** `alpha * D` of a layer. */
  map(geometry: KernelGeometry, alpha: number): PatchMap {
    const { forward, adjoint } = this.#pairFor(geometry)
    return {
      blockWidth: TRANSFORM_BLOCK,
      apply: (x, y, width) => forward.addTo(x, y, width, alpha),
      applyTransposed: (y, x, width) => adjoint.addTo(y, x, width, alpha),
    }
  }

  #pairFor(geometry: KernelGeometry): TransformPair {
    const shape = {
      length: transformLength(geometry),
      inputs: patchLength(geometry),
      outputs: geometry.outChannels,
    }
    const key = `${shape.length} ${shape.inputs} ${shape.outputs}`
    const known = this.#made.get(key)
    if (known !== undefined) return known
    const list = factorDct(shape)
    const made = { forward: new RowTransform(list), adjoint: new RowTransform(transpose(list)) }
    this.#made.set(key, made)
    return made
  }
}

/** A weight `[Cout, Cg, K, K]` of which every entry is stored. */
export function denseMap(geometry: KernelGeometry, values: Float32Array | Float64Array): PatchMap {
  const patch = patchLength(geometry)
  const columnOffsets = new Int32Array(patch)
  for (let flat = 0; flat < patch; flat++) columnOffsets[patchPosition(geometry, flat).column] = flat
  const rowOffsets = Int32Array.from({ length: geometry.outChannels }, (_, row) => row * patch)
  const matrix: MatrixView = { values, rowOffsets, columnOffsets }
  const adjoint = transposed(matrix)
  return {
    blockWidth: DENSE_BLOCK,
    apply: (x, y, width) => addProduct(matrix, x, y, width),
    applyTransposed: (y, x, width) => addProduct(adjoint, y, x, width),
  }
}
