// The single entry point of the transforms: from the shape of a layer and the geometry of its tiles to a WebAssembly
// module. It decides between straight-line code and loops.

import { additionCount, factorDct } from './factor.js'
import { factorLooped } from './factor-looped.js'
import { factorSmallSpectrum } from './factor-small-spectrum.js'
import { factorLocalSpectrum, type SpectrumShape } from './factor-spectrum.js'
import { emitLooped } from './looped.js'
import { listAdditions, type OpList, transpose } from './oplist.js'
import { type PassList, transposePasses } from './passes.js'
import { checkTransformShape, type TransformShape } from './reference.js'
import { emitTransform } from './straight.js'
import type { EmittedTransform, TileGeometry } from './tile-geometry.js'

/**
 * Forward: `inputs` patch entries in, `outputs` coefficients out. Adjoint: the `outputs` coefficients in, the `inputs`
 * patch entries out; the offsets of the tile geometry follow.
 */
export interface TransformRequest extends TransformShape, TileGeometry {
  readonly adjoint: boolean
}

/**
 * The local spectrum of a pixel, forward: `channels` in, `2 * outputs` out; adjoint the other way. The tile geometry counts
 * these rows.
 */
export interface SpectrumRequest extends SpectrumShape, Omit<TileGeometry, 'store'> {
  /** Taps along a row of the kernel. */
  readonly size: 3 | 5
  readonly adjoint: boolean
}

/**
 * Additions up to which code is straight-line. It takes about half a second to make such a list and a megabyte to hold
 * its module.
 */
const STRAIGHT_ADDITIONS = 60_000
/** Additions before pruning up to which a list is made to see how many remain. */
const LARGEST_LIST = 400_000

/** How a transform is computed. */
export type TransformPlan =
  | { readonly form: 'straight'; readonly list: OpList }
  | { readonly form: 'looped'; readonly list: PassList }

/**
 * Chooses the form: straight-line code while it stays short, loops in memory proportional to the length beyond.
 * @throws DctpsError `usage` when the counts do not fit the length.
 */
export function planTransform(shape: TransformShape): TransformPlan {
  checkTransformShape(shape)
  if (additionCount(shape.length) <= LARGEST_LIST) {
    const list = factorDct(shape)
    if (listAdditions(list) <= STRAIGHT_ADDITIONS) return { form: 'straight', list }
  }
  return { form: 'looped', list: factorLooped(shape) }
}

/**
 * Compiles `D x` or `D^T y`, or a local spectrum. Equal requests give equal bytes.
 * @throws DctpsError `usage` when the counts do not fit the length, or the geometry does not fit the counts.
 */
export function compileTransform(request: TransformRequest | SpectrumRequest): EmittedTransform {
  if ('channels' in request) {
    const spectrum = request.size === 3 ? factorLocalSpectrum(request) : factorSmallSpectrum(request)
    return emitTransform(request.adjoint ? transpose(spectrum) : spectrum, { ...request, store: 'assign' })
  }
  const { form, list } = planTransform(request)
  if (form === 'straight') return emitTransform(request.adjoint ? transpose(list) : list, request)
  return emitLooped(request.adjoint ? transposePasses(list) : list, request)
}
