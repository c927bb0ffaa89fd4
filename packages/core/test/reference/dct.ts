// The DCT matrix by its formula, in float64. Slow on purpose, and written without src/transform, which it judges.

/**
 * The first `rows` coefficients of the orthonormal DCT-II of length `length` of a vector of `columns` entries that is
 * zero-padded to `length`: `D[k, n] = s_k * cos(pi * (2n + 1) * k / (2 * length))`, row-major `[rows, columns]`.
 * Source: [P] section 1.
 */
export function dctMatrix(rows: number, columns: number, length: number): Float64Array {
  const matrix = new Float64Array(rows * columns)
  for (let k = 0; k < rows; k++) {
    const scale = Math.sqrt((k === 0 ? 1 : 2) / length)
    for (let n = 0; n < columns; n++) {
      matrix[k * columns + n] = scale * Math.cos((Math.PI * (2 * n + 1) * k) / (2 * length))
    }
  }
  return matrix
}
