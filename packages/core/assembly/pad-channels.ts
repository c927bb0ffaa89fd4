// Zeros as further channels of an activation, and the way back. Tiles are [channels][lanes] float32.

/** `y`: tiles of `wideBytes`, each a tile of `x` of `bytes` and then zeros. */
export function padChannelsRows(
  x: usize,
  xPitch: usize,
  y: usize,
  yPitch: usize,
  rows: i32,
  columns: i32,
  bytes: usize,
  wideBytes: usize,
): void {
  for (let r = 0; r < rows; r++) {
    for (let w: usize = 0; w < <usize>columns; w++) {
      const tile = y + w * wideBytes
      memory.copy(tile, x + w * bytes, bytes)
      memory.fill(tile + bytes, 0, wideBytes - bytes)
    }
    x += xPitch
    y += yPitch
  }
}

/** `dx (+)=` the first channels of `dy`. */
export function padChannelsGradientRows(
  dx: usize,
  dxPitch: usize,
  dy: usize,
  dyPitch: usize,
  rows: i32,
  columns: i32,
  bytes: usize,
  wideBytes: usize,
  accumulate: i32,
): void {
  for (let r = 0; r < rows; r++) {
    for (let w: usize = 0; w < <usize>columns; w++) {
      const narrow = dx + w * bytes
      const wide = dy + w * wideBytes
      for (let i: usize = 0; i < bytes; i += 16) {
        const value = v128.load(wide + i)
        v128.store(narrow + i, accumulate ? f32x4.add(value, v128.load(narrow + i)) : value)
      }
    }
    dx += dxPitch
    dy += dyPitch
  }
}
