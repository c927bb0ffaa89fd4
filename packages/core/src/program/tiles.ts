// Where the numbers of an activation lie. A block of images is [H + 2*halo][W + 2*halo][C][lanes] float32, images as
// lanes: a K x K patch is K*K tiles at constant offsets, and zero padding is a halo. The block is the outermost index
// (docs/engine.md says why), so that a block's whole network state is one piece of memory that one thread owns.

import type { ActivationShape } from '../shape/activation.js'
import { groupChannels, type KernelGeometry, patchLength } from '../shape/kernel.js'

/** One activation's place in a block: byte distances and the shape they serve. */
export interface TileLayout {
  readonly shape: ActivationShape
  readonly lanes: number
  readonly halo: number
  /** Rows of room in front of the halo. */
  readonly before: number
  /** Bytes of one channel of one pixel: `4 * lanes`. */
  readonly rowBytes: number
  /** Bytes of one pixel. */
  readonly tileBytes: number
  /** Bytes from one image row to the next. */
  readonly pitch: number
  /** Bytes of the interior of one image row. */
  readonly interiorBytes: number
  /** Byte offset of pixel (0, 0). */
  readonly origin: number
  /** Bytes of the block. */
  readonly bytes: number
}

export function tileLayout(shape: ActivationShape, lanes: number, halo: number, before = 0): TileLayout {
  const rowBytes = 4 * lanes
  const tileBytes = shape.channels * rowBytes
  const pitch = spread((shape.width + 2 * halo) * tileBytes)
  return {
    shape,
    lanes,
    halo,
    before,
    rowBytes,
    tileBytes,
    pitch,
    interiorBytes: shape.width * tileBytes,
    origin: (before + halo) * pitch + halo * tileBytes,
    bytes: (before + shape.height + 2 * halo) * pitch,
  }
}

/**
 * The layout, in the same memory, of what is computed from windows of rows in order: each row lies where the row was that no later
 * window reads. The image has a halo of half a window and room for one row in front.
 */
export function overwriting(layout: TileLayout): TileLayout {
  const { halo, origin, pitch } = layout
  return { ...layout, halo: 0, before: 0, origin: origin - (halo + 1) * pitch }
}

/** Bytes after which addresses fall into the same set of a first-level cache: 64 sets of 64-byte lines. */
const cacheSpan = 4096
/** About a third of it, so that three rows of a window lie in different sets. */
const rowShift = 1344

/**
 * The pitch of rows of so many bytes. A window reads as many places at once as it has pixels. Where rows and pixels are
 * multiples of the span, as with 32 channels of 32 lanes, those were more lines of one set than it holds.
 */
function spread(rowBytes: number): number {
  const nearest = Math.round(rowBytes / cacheSpan) * cacheSpan
  const collides = nearest > 0 && Math.abs(rowBytes - nearest) < cacheSpan / 8
  return collides ? nearest + rowShift : rowBytes
}

/**
 * Lanes of a block for a batch: wide enough to amortise the loop around a transform, narrow enough that a batch gives
 * several blocks to share among threads. A function of the batch alone, so that threads never change a result.
 */
export function lanesFor(batch: number): number {
  for (const lanes of [32, 16, 8]) if (batch >= 2 * lanes) return lanes
  return 4
}

/** Byte offset of each patch entry (kh, kw, c) of group 0 from the patch's first tile, `[patch]`. */
export function patchOffsets(geometry: KernelGeometry, input: TileLayout): Int32Array {
  const channels = groupChannels(geometry)
  const offsets = new Int32Array(patchLength(geometry))
  let n = 0
  for (let kh = 0; kh < geometry.size; kh++) {
    for (let kw = 0; kw < geometry.size; kw++) {
      for (let c = 0; c < channels; c++) {
        offsets[n++] = kh * input.pitch + kw * input.tileBytes + c * input.rowBytes
      }
    }
  }
  return offsets
}
