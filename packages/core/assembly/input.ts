// Between a batch in the slot, images one after the other, and tiles, images as lanes. Crop, padding and flip are
// one placement an image: output pixel (h, w) shows source pixel (h + top, w + left), read from the right when flipped;
// outside the source it is a raw zero. Lanes without an image are filled with zeros.

import { blockImages } from './slot'

/** `source` [images][C][H][W] bytes; `table` [C][256] float32, the normalised value of each byte. */
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
  for (let lane = 0; lane < lanes; lane++) {
    const target = y + ((<usize>lane) << 2)
    const index = block * lanes + lane
    const image = source + <usize>index * plane * <usize>channels
    const placement = placements + ((<usize>index) << 4)
    const top = lane < images ? load<i32>(placement) : sourceRows
    const left = lane < images ? load<i32>(placement, 4) : 0
    const flipped = lane < images ? load<i32>(placement, 8) : 0
    for (let c = 0; c < channels; c++) {
      const values = table + ((<usize>c) << 10)
      const outside: f32 = lane < images ? load<f32>(values) : 0
      for (let h = 0; h < rows; h++) {
        const line = h + top
        const inside = line >= 0 && line < sourceRows
        const from = image + <usize>c * plane + <usize>(line * sourceColumns)
        let to = target + <usize>h * pitch + <usize>c * rowBytes
        for (let w = 0; w < columns; w++) {
          const column = (flipped ? columns - 1 - w : w) + left
          let value = outside
          if (inside && column >= 0 && column < sourceColumns) {
            value = load<f32>(values + ((<usize>load<u8>(from + <usize>column)) << 2))
          }
          store<f32>(to, value)
          to += <usize>channels * rowBytes
        }
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
