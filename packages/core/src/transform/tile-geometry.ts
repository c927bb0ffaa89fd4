// What goes into an emitted transform and what comes out of it, whatever the form of its code.

import { DctpsError } from '../errors.js'
import type { SimdFlavour } from './simd.js'

/** Bytes of a float, lanes and bytes of a wasm vector. */
export const FLOAT = 4
export const VECTOR_LANES = 4
export const VECTOR = FLOAT * VECTOR_LANES

/** Where a transform reads and writes. Byte offsets are multiples of 16, from the tile pointers given to `run`. */
export interface TileGeometry {
  /** Images in a block, B: a multiple of 4. */
  readonly lanes: number
  readonly inputOffsets: Int32Array
  readonly outputOffsets: Int32Array
  /**
   * Rows of the input (output) that the position before in a row of positions did not reach: patches of a convolution
   * overlap. A hint for speed alone; by default all.
   */
  readonly newInputOffsets?: Int32Array
  readonly newOutputOffsets?: Int32Array
  /** `assign`: y = scale * v; `accumulate`: y += scale * v. */
  readonly store: 'assign' | 'accumulate'
  readonly sharedMemory: boolean
  /** Default `plain`. */
  readonly simd?: SimdFlavour
}

/**
 * A compiled transform. The module imports `env.memory` and exports
 * `run(x, y, scratch, scales, constants, rows, xRowStep, yRowStep, columns, xStep, yStep, inCache)`: for each of `rows * columns`
 * positions it applies the transform to the tile at x and writes to the tile at y. Steps are in bytes; `scratch` is
 * 16-byte aligned; `scales` and `constants` are the addresses of copies of the tables below in float32. The tiles at x
 * and y must not overlap. `inCache` says what lies in the cache already, a matter of speed alone: bits of `IN_CACHE` (driver.ts).
 */
export interface EmittedTransform {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly scratchBytes: number
  /**
   * The factors of the output rows, applied at their final stores: multiply all by alpha to fold it in. Rows of equal factor
   * read one entry, and an entry may be kept in four copies, so what is equal has to stay equal.
   */
  readonly scales: Float64Array
  readonly constants: Float32Array
  /** Additions and multiplications for one position of one image. */
  readonly flops: number
  /** Emitted vector instructions that compute (not loads and stores): a measure of the code's length. */
  readonly instructions: number
}

/** @throws DctpsError `usage` when lanes or offsets are not what a transform of these counts can work with. */
export function checkTileGeometry(geometry: TileGeometry, inputs: number, outputs: number): void {
  const { lanes, inputOffsets, outputOffsets } = geometry
  if (!Number.isInteger(lanes) || lanes < VECTOR_LANES || lanes % VECTOR_LANES !== 0) {
    throw new DctpsError('usage', `a tile of ${lanes} lanes cannot be transformed; expected a multiple of 4`)
  }
  if (inputOffsets.length !== inputs || outputOffsets.length !== outputs) {
    throw new DctpsError(
      'usage',
      `a transform of ${inputs} inputs and ${outputs} outputs was given ${inputOffsets.length} input and ${outputOffsets.length} output offsets; expected one for every row`,
    )
  }
  for (const offsets of [inputOffsets, outputOffsets]) {
    for (const offset of offsets) {
      if (offset < 0 || offset % VECTOR !== 0) {
        throw new DctpsError(
          'usage',
          `row offset ${offset} is not a multiple of 16 bytes from the tile pointer onwards`,
        )
      }
    }
  }
}
