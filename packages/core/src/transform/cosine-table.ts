// The transform as a table: `D[k, n]` is a scale times one of the 4d cosines of multiples of a quarter of 2 pi / d, so
// that a loop over single entries (grouped and depthwise layers, very long odd transforms) needs no matrix.

import { quarterCosine } from './reference.js'

/** `cos(pi m / (2 length))` for `m = 0 .. 4 length - 1`: `D[k, n]` takes `m = (2n+1) k mod 4 length`. */
export function cosineTable(length: number): Float32Array {
  return Float32Array.from({ length: 4 * length }, (_, m) => quarterCosine(m, length))
}

/** The scales `s_k` of the first rows of D, `[outputs]`. */
export function cosineScales(length: number, outputs: number): Float32Array {
  return Float32Array.from({ length: outputs }, (_, k) => Math.sqrt((k === 0 ? 1 : 2) / length))
}
