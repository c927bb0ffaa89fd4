// The DCT by its formula in memory proportional to its length: a table of 4d cosines stands for every row,
// `D[k][n] = scale[k] * cosine[((2n + 1) * k) mod 4d]`. Used where a transform cannot be factored, as in grouped layers.

/** `cos(pi * j / (2 * length))` for `0 <= j < 4 * length`. */
export function cosineTable(length: number): Float32Array {
  return Float32Array.from({ length: 4 * length }, (_, j) => Math.cos((Math.PI * j) / (2 * length)))
}

/** The factors `s_k` of the first `rows` rows: `sqrt(1/d)` for k = 0, `sqrt(2/d)` otherwise. */
export function cosineScales(length: number, rows: number): Float32Array {
  return Float32Array.from({ length: rows }, (_, k) => Math.sqrt((k === 0 ? 1 : 2) / length))
}
