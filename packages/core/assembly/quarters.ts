// Rows of tiles that come from memory are read as four streams: a processor fetches ahead in each stream by itself, and with one stream
// it waits longer than it computes. A row of pixels is cut into quarters, and one pixel of each is taken at a time; what belongs to a
// channel is then loaded once for four pixels. (Neighbours read together are the worst: their streams are as short as a tile.)

/** Pixels of a quarter; the `columns % 4` last pixels of a row are taken one at a time. */
export function quarterOf(columns: i32): i32 {
  return columns >> 2
}
