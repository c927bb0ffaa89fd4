// Between a batch in the slot, images one after the other, and tiles, images as lanes. Crop, padding and flip are
// one placement an image: output pixel (h, w) shows source pixel (h + top, w + left), read from the right when flipped;
// outside the source it is a raw zero. Lanes without an image are filled with zeros.

import { blockImages } from './slot'

/**
 * `source` [images][C][H][W] bytes; `table` [C][256] float32, the normalised value of each byte. Four lanes at a time, so
 * that whole vectors are stored.
 */
export function loadBytes(
  slot: usize,
  source: usize,
  placements: usize,
  table: usize,
  channels: i32,
  sourceRows: i32,
  sourceColumns: i32,
  y: usize,
  pitch: usize,
  rows: i32,
  columns: i32,
  lanes: i32,
  block: i32,
): void {
  const rowBytes = (<usize>lanes) << 2
  const images = blockImages(slot, block, lanes)
  const plane = <usize>(sourceRows * sourceColumns)
  const imageBytes = plane * <usize>channels
  for (let lane = 0; lane < lanes; lane += 4) {
    const first = block * lanes + lane
    const image = source + <usize>first * imageBytes
    const place = placements + ((<usize>first) << 4)
    // Reading from the right is stepping backwards.
    const s0 = load<i32>(place, 8) ? -1 : 1
    const s1 = load<i32>(place, 24) ? -1 : 1
    const s2 = load<i32>(place, 40) ? -1 : 1
    const s3 = load<i32>(place, 56) ? -1 : 1
    for (let c = 0; c < channels; c++) {
      const values = table + ((<usize>c) << 10)
      const p0 = image + <usize>c * plane
      const p1 = p0 + imageBytes
      const p2 = p1 + imageBytes
      const p3 = p2 + imageBytes
      for (let h = 0; h < rows; h++) {
        const l0 = sourceLine(p0, place, h, sourceRows, sourceColumns)
        const l1 = sourceLine(p1, place + 16, h, sourceRows, sourceColumns)
        const l2 = sourceLine(p2, place + 32, h, sourceRows, sourceColumns)
        const l3 = sourceLine(p3, place + 48, h, sourceRows, sourceColumns)
        let c0 = firstColumn(l0, place, columns)
        let c1 = firstColumn(l1, place + 16, columns)
        let c2 = firstColumn(l2, place + 32, columns)
        let c3 = firstColumn(l3, place + 48, columns)
        let to = y + ((<usize>lane) << 2) + <usize>h * pitch + <usize>c * rowBytes
        for (let w = 0; w < columns; w++) {
          let v = f32x4.splat(pixelValue(l0, c0, sourceColumns, values))
          v = f32x4.replace_lane(v, 1, pixelValue(l1, c1, sourceColumns, values))
          v = f32x4.replace_lane(v, 2, pixelValue(l2, c2, sourceColumns, values))
          v = f32x4.replace_lane(v, 3, pixelValue(l3, c3, sourceColumns, values))
          v128.store(to, v)
          c0 += s0
          c1 += s1
          c2 += s2
          c3 += s3
          to += <usize>channels * rowBytes
        }
      }
    }
    clearLanes(y + ((<usize>lane) << 2), pitch, rows, columns * channels, rowBytes, images - lane)
  }
}

/** So far from any image that no step of a row comes back into it. */
const outside: i32 = -(1 << 30)

/** Address of the source line that output row `h` shows; 0 outside the source. */
function sourceLine(plane: usize, placement: usize, h: i32, sourceRows: i32, sourceColumns: i32): usize {
  const line = h + load<i32>(placement)
  return line >= 0 && line < sourceRows ? plane + <usize>(line * sourceColumns) : 0
}

/** Source column of output column 0. */
function firstColumn(line: usize, placement: usize, columns: i32): i32 {
  if (!line) return outside
  return load<i32>(placement, 4) + (load<i32>(placement, 8) ? columns - 1 : 0)
}

function pixelValue(line: usize, column: i32, sourceColumns: i32, values: usize): f32 {
  const byte: usize = <u32>column < <u32>sourceColumns ? <usize>load<u8>(line + <usize>column) : 0
  return load<f32>(values + (byte << 2))
}

/** Zeroes those of four lanes that hold no image: `present` of them do. */
function clearLanes(y: usize, pitch: usize, rows: i32, tilesRows: i32, rowBytes: usize, present: i32): void {
  for (let lane = max(present, 0); lane < 4; lane++) {
    for (let h = 0; h < rows; h++) {
      let to = y + ((<usize>lane) << 2) + <usize>h * pitch
      for (let i = 0; i < tilesRows; i++) {
        store<f32>(to, 0)
        to += rowBytes
      }
    }
  }
}

/** `source` [images][C][H][W] float32 of the network's own input shape. */
export function loadFloats(
  slot: usize,
  source: usize,
  channels: i32,
  y: usize,
  pitch: usize,
  rows: i32,
  columns: i32,
  lanes: i32,
  block: i32,
): void {
  const rowBytes = (<usize>lanes) << 2
  const images = blockImages(slot, block, lanes)
  const plane = rows * columns
  for (let lane = 0; lane < lanes; lane++) {
    const image = source + ((<usize>((block * lanes + lane) * channels * plane)) << 2)
    for (let h = 0; h < rows; h++) {
      let to = y + ((<usize>lane) << 2) + <usize>h * pitch
      for (let w = 0; w < columns; w++) {
        for (let c = 0; c < channels; c++) {
          store<f32>(to, lane < images ? load<f32>(image + ((<usize>(c * plane + h * columns + w)) << 2)) : 0)
          to += rowBytes
        }
      }
    }
  }
}

/** From tiles to `target` [images][C][H][W] float32: the reverse of {@link loadFloats}. */
export function storeFloats(
  slot: usize,
  target: usize,
  channels: i32,
  x: usize,
  pitch: usize,
  rows: i32,
  columns: i32,
  lanes: i32,
  block: i32,
): void {
  const rowBytes = (<usize>lanes) << 2
  const images = blockImages(slot, block, lanes)
  const plane = rows * columns
  for (let lane = 0; lane < images; lane++) {
    const image = target + ((<usize>((block * lanes + lane) * channels * plane)) << 2)
    for (let h = 0; h < rows; h++) {
      let from = x + ((<usize>lane) << 2) + <usize>h * pitch
      for (let w = 0; w < columns; w++) {
        for (let c = 0; c < channels; c++) {
          store<f32>(image + ((<usize>(c * plane + h * columns + w)) << 2), load<f32>(from))
          from += rowBytes
        }
      }
    }
  }
}
