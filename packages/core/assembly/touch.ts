// Brings memory into the cache in order. Kernels that visit a window of tiles at random wait for nearly every line when it
// comes from memory; the lines that a window has and the one before had not are touched beforehand.

/** Keeps the loads: nobody reads it. */
let touched: i32 = 0

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
