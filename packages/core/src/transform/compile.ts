// The single entry point of the transforms: from the shape of a layer and the geometry of its tiles to a WebAssembly
// module.

import { factorDct } from './factor.js'
import { transpose } from './oplist.js'
import type { TransformShape } from './reference.js'
import { emitTransform, type StraightTuning } from './straight.js'
import type { EmittedTransform, TileGeometry } from './tile-geometry.js'

/**
 * Forward: `inputs` patch entries in, `outputs` coefficients out. Adjoint: the `outputs` coefficients in, the `inputs`
 * patch entries out; the offsets of the tile geometry follow.
 */
export interface TransformRequest extends TransformShape, TileGeometry {
  readonly adjoint: boolean
}

/**
 * Compiles `D x` or `D^T y`. Equal requests give equal bytes.
 * @throws DctpsError `usage` when the counts do not fit the length, or the geometry does not fit the counts.
 */
export function compileTransform(
  request: TransformRequest,
  tuning?: Partial<StraightTuning>,
): EmittedTransform {
  const list = factorDct(request)
  return emitTransform(request.adjoint ? transpose(list) : list, request, tuning)
}
