// The product of two matrices in float64, in blocks that fit the caches: what dense kernels are made of.

/**
 * A matrix as a view of numbers: entry (i, j) is `values[rowOffsets[i] + columnOffsets[j]]`. Exchanging the two tables
 * transposes it, and no order of the numbers needs a copy.
 */
export interface MatrixView {
  readonly values: Float32Array | Float64Array
  readonly rowOffsets: Int32Array
  readonly columnOffsets: Int32Array
}

export function transposed({ values, rowOffsets, columnOffsets }: MatrixView): MatrixView {
  return { values, rowOffsets: columnOffsets, columnOffsets: rowOffsets }
}

/** Side of the block of results that stays in registers. */
const TILE = 4

/** Columns of the matrix that are worked on at once: two packed tiles of them fit the first cache. */
const DEPTH = 256

// Packed parts of the matrix and of `x`: written and read within one call only.
const rowTile = new Float64Array(TILE * DEPTH)
let panel = new Float64Array(0)

/**
 * Adds `M x` to `y`.
 * @param x `[columns of M][width]`
 * @param y `[rows of M][width]`
 */
export function addProduct(matrix: MatrixView, x: Float64Array, y: Float64Array, width: number): void {
  const rows = matrix.rowOffsets.length
  const columns = matrix.columnOffsets.length
  const tiles = Math.ceil(width / TILE)
  if (panel.length < tiles * TILE * DEPTH) panel = new Float64Array(tiles * TILE * DEPTH)
  for (let first = 0; first < columns; first += DEPTH) {
    const depth = Math.min(DEPTH, columns - first)
    packPanel(x, first, depth, width)
    for (let row = 0; row < rows; row += TILE) {
      packRows(matrix, row, first, depth)
      for (let tile = 0; tile < tiles; tile++) {
        const column = tile * TILE
        const [height, filled] = [Math.min(TILE, rows - row), Math.min(TILE, width - column)]
        multiplyTile(column * depth, depth, y, row * width + column, height, filled, width)
      }
    }
  }
}

/** Rows `first` on of `x`, as tiles `[depth][TILE]`, zeros where a tile is not full. */
function packPanel(x: Float64Array, first: number, depth: number, width: number): void {
  for (let column = 0, at = 0; column < width; column += TILE) {
    const filled = Math.min(TILE, width - column)
    for (let k = 0; k < depth; k++, at += TILE) {
      const from = (first + k) * width + column
      for (let i = 0; i < TILE; i++) panel[at + i] = i < filled ? x[from + i]! : 0
    }
  }
}

/** Four rows of the matrix as one tile `[depth][TILE]`, zeros where there are fewer. */
function packRows(matrix: MatrixView, row: number, first: number, depth: number): void {
  const { values, rowOffsets, columnOffsets } = matrix
  for (let i = 0; i < TILE; i++) {
    if (row + i >= rowOffsets.length) {
      for (let k = 0; k < depth; k++) rowTile[k * TILE + i] = 0
      continue
    }
    const start = rowOffsets[row + i]!
    for (let k = 0; k < depth; k++) rowTile[k * TILE + i] = values[start + columnOffsets[first + k]!]!
  }
}

/** Sixteen inner products, the packed rows with the tile at `start` of the panel, added to `y` from `at` on. */
function multiplyTile(
  start: number,
  depth: number,
  y: Float64Array,
  at: number,
  height: number,
  filled: number,
  width: number,
): void {
  let s00 = 0
  let s01 = 0
  let s02 = 0
  let s03 = 0
  let s10 = 0
  let s11 = 0
  let s12 = 0
  let s13 = 0
  let s20 = 0
  let s21 = 0
  let s22 = 0
  let s23 = 0
  let s30 = 0
  let s31 = 0
  let s32 = 0
  let s33 = 0
  const end = depth * TILE
  for (let a = 0, b = start; a < end; a += TILE, b += TILE) {
    const b0 = panel[b]!
    const b1 = panel[b + 1]!
    const b2 = panel[b + 2]!
    const b3 = panel[b + 3]!
    const a0 = rowTile[a]!
    s00 += a0 * b0
    s01 += a0 * b1
    s02 += a0 * b2
    s03 += a0 * b3
    const a1 = rowTile[a + 1]!
    s10 += a1 * b0
    s11 += a1 * b1
    s12 += a1 * b2
    s13 += a1 * b3
    const a2 = rowTile[a + 2]!
    s20 += a2 * b0
    s21 += a2 * b1
    s22 += a2 * b2
    s23 += a2 * b3
    const a3 = rowTile[a + 3]!
    s30 += a3 * b0
    s31 += a3 * b1
    s32 += a3 * b2
    s33 += a3 * b3
  }
  addRow(y, at, filled, s00, s01, s02, s03)
  if (height > 1) addRow(y, at + width, filled, s10, s11, s12, s13)
  if (height > 2) addRow(y, at + 2 * width, filled, s20, s21, s22, s23)
  if (height > 3) addRow(y, at + 3 * width, filled, s30, s31, s32, s33)
}

function addRow(
  y: Float64Array,
  at: number,
  filled: number,
  s0: number,
  s1: number,
  s2: number,
  s3: number,
): void {
  y[at]! += s0
  if (filled > 1) y[at + 1]! += s1
  if (filled > 2) y[at + 2]! += s2
  if (filled > 3) y[at + 3]! += s3
}
