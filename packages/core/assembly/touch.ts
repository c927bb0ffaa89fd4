// Brings memory into the cache in order. Kernels that visit a window of tiles at random wait for nearly every line when it
// comes from memory; the lines that a window has and the one before had not are touched beforehand.

/** Keeps the loads: nobody reads it. */
let touched: i32 = 0

/** The first word of channels of a tile: `rows` [rowCount][2] uint32 begin with the byte offset of a channel. */
export function touchChannels(tile: usize, rows: usize, rowCount: i32): void {
  let word = 0
  let row = rows
  for (const end = rows + ((<usize>rowCount & ~3) << 3); row < end; row += 32) {
    word |= load<i32>(tile + <usize>load<u32>(row)) | load<i32>(tile + <usize>load<u32>(row, 8))
    word |= load<i32>(tile + <usize>load<u32>(row, 16)) | load<i32>(tile + <usize>load<u32>(row, 24))
  }
  for (const end = rows + ((<usize>rowCount) << 3); row < end; row += 8)
    word |= load<i32>(tile + <usize>load<u32>(row))
  touched = word
}

/** One word of each line of 64 bytes, of `rows` runs of `bytes` bytes (a multiple of 64). */
export function touch(start: usize, rows: i32, pitch: usize, bytes: usize): void {
  let word = 0
  for (let r = 0; r < rows; r++) {
    let i: usize = 0
    for (; i + 512 <= bytes; i += 512) {
      const p = start + i
      word |= load<i32>(p) | load<i32>(p, 64) | load<i32>(p, 128) | load<i32>(p, 192)
      word |= load<i32>(p, 256) | load<i32>(p, 320) | load<i32>(p, 384) | load<i32>(p, 448)
    }
    for (; i < bytes; i += 64) word |= load<i32>(start + i)
    start += pitch
  }
  touched = word
}
