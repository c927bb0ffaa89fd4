// Which positions a support grows at: the largest gradients among the positions that it does not keep, as a running top-n
// over tiles of a layer's dense gradient. Memory follows the stored entries; the gradient itself is a tile at a time.
//
// A layer's record (mirrored in src/program/growth-plan.ts):
//   u32 wanted, u32 found, 8 unused bytes
//   u32 positions[stored]: the `stored - wanted` kept ones, ascending, then the found ones as a heap
//   f32 magnitudes[stored]: of the found ones, in the heap's order
// The heap's first entry is the one that the next better position replaces.

/** Bytes before the positions. */
const header: usize = 16

/**
 * Ranks the tile `gradient` [rows][columns]; row r of it is row `firstRow + r` of the layer's gradient, and entry (row, column)
 * has the flat index `(row / groupRows) * groupFlat + (row % groupRows) * rowFlat + columnFlats[column]`. Of equal magnitudes
 * the lower flat index ranks higher. `first`: the layer's first tile.
 */
export function rankGradient(
  gradient: usize,
  rows: i32,
  columns: i32,
  firstRow: i32,
  groupRows: i32,
  groupFlat: i32,
  rowFlat: i32,
  columnFlats: usize,
  record: usize,
  stored: i32,
  first: i32,
): void {
  const wanted = load<u32>(record)
  let found: u32 = first ? 0 : load<u32>(record, 4)
  const kept = <u32>stored - wanted
  const keptAt = record + header
  const heap = keptAt + ((<usize>kept) << 2)
  const magnitudes = keptAt + ((<usize>stored) << 2)
  // No magnitude is below 0, so everything is looked at until the heap is full.
  let least: f32 = found == wanted && wanted > 0 ? load<f32>(magnitudes) : 0
  for (let r = firstRow; r < firstRow + rows && wanted > 0; r++) {
    const start = <u32>((r / groupRows) * groupFlat + (r % groupRows) * rowFlat)
    for (let n: usize = 0; n < (<usize>columns) << 2; n += 4) {
      const magnitude = abs(load<f32>(gradient + n))
      // False for NaN too.
      if (!(magnitude >= least)) continue
      const position = start + load<u32>(columnFlats + n)
      if (found == wanted && magnitude == least && position > load<u32>(heap)) continue
      if (contains(keptAt, kept, position)) continue
      if (found < wanted) rise(heap, magnitudes, found++, position, magnitude)
      else sink(heap, magnitudes, wanted, position, magnitude)
      if (found == wanted) least = load<f32>(magnitudes)
    }
    gradient += (<usize>columns) << 2
  }
  store<u32>(record, found, 4)
}

/** Whether `sorted` [count], ascending, holds a position. */
function contains(sorted: usize, count: u32, position: u32): bool {
  let low: u32 = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >> 1
    if (load<u32>(sorted + ((<usize>middle) << 2)) < position) low = middle + 1
    else high = middle
  }
  return low < count && load<u32>(sorted + ((<usize>low) << 2)) == position
}

/** Whether an entry of the heap goes before a candidate does. */
function goesFirst(heap: usize, magnitudes: usize, entry: u32, position: u32, magnitude: f32): bool {
  const at = (<usize>entry) << 2
  const own = load<f32>(magnitudes + at)
  return own < magnitude || (own == magnitude && load<u32>(heap + at) > position)
}

function put(heap: usize, magnitudes: usize, entry: u32, position: u32, magnitude: f32): void {
  const at = (<usize>entry) << 2
  store<u32>(heap + at, position)
  store<f32>(magnitudes + at, magnitude)
}

function move(heap: usize, magnitudes: usize, from: u32, to: u32): void {
  const at = (<usize>from) << 2
  put(heap, magnitudes, to, load<u32>(heap + at), load<f32>(magnitudes + at))
}

/** Adds a candidate as entry `hole`, the last one. */
function rise(heap: usize, magnitudes: usize, hole: u32, position: u32, magnitude: f32): void {
  while (hole > 0) {
    const parent = (hole - 1) >> 1
    if (goesFirst(heap, magnitudes, parent, position, magnitude)) break
    move(heap, magnitudes, parent, hole)
    hole = parent
  }
  put(heap, magnitudes, hole, position, magnitude)
}

/** Replaces the first of `count` entries by a candidate. */
function sink(heap: usize, magnitudes: usize, count: u32, position: u32, magnitude: f32): void {
  let hole: u32 = 0
  while (true) {
    let child: u32 = 2 * hole + 1
    if (child >= count) break
    if (child + 1 < count) {
      const at = (<usize>child) << 2
      if (goesFirst(heap, magnitudes, child + 1, load<u32>(heap + at), load<f32>(magnitudes + at))) child++
    }
    if (!goesFirst(heap, magnitudes, child, position, magnitude)) break
    move(heap, magnitudes, child, hole)
    hole = child
  }
  put(heap, magnitudes, hole, position, magnitude)
}
