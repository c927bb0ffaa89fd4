// Batch normalisation with what stands behind it, in one pass over memory: `y = max(scale * x + shift + residual, lower)`,
// where the residual may be normalised too. Backwards: normalise-sums.ts, then normalise-gradient.ts. Moments are batchnorm.ts's. Tiles are
// [channels][lanes] float32.

import { addProduct } from './fused'
import { quarterOf } from './quarters'
import { touchChannels } from './touch'

/**
 * One row of tiles. `residual` 0: none; `residualMoments` 0: the residual is added as it is. `y` may be `x`.
 * `moments` holds four arrays of `channels` float32: mean, inverse deviation, scale, shift.
 */
export function normaliseRow(
  x: usize,
  residual: usize,
  y: usize,
  columns: i32,
  channels: i32,
  lanes: i32,
  moments: usize,
  residualMoments: usize,
  rectified: i32,
): void {
  const lower = f32x4.splat(rectified ? 0 : -Infinity)
  if (!residual) scaleRow(x, y, columns, channels, lanes, moments, lower)
  else if (!residualMoments) addRow(x, residual, y, columns, channels, lanes, moments, lower)
  else addNormalisedRow(x, residual, y, columns, channels, lanes, moments, residualMoments, lower)
}

/**
 * As {@link normaliseRow} without a residual, of those channels alone that have entries in a support: `rows` [rowCount][2] uint32, the
 * byte offset of a channel in its tile and the end of its entries. The other channels of `y` are left as they are. Those of a tile are
 * touched beforehand: waiting for one after the other would take twice as long.
 */
export function normaliseChannels(
  x: usize,
  y: usize,
  columns: i32,
  channels: i32,
  lanes: i32,
  moments: usize,
  rows: usize,
  rowCount: i32,
  rectified: i32,
): void {
  const lower = f32x4.splat(rectified ? 0 : -Infinity)
  const rowBytes = (<usize>lanes) << 2
  const array = (<usize>channels) << 2
  const tileBytes = <usize>channels * rowBytes
  const scales = moments + 2 * array
  const last = rows + ((<usize>rowCount) << 3)
  for (let w = 0; w < columns; w++) {
    touchChannels(x, rows, rowCount)
    let before: u32 = 0
    for (let row = rows; row < last; row += 8) {
      const channel = <usize>load<u32>(row)
      const end = load<u32>(row, 4)
      if (end == before) continue
      before = end
      const at = scales + (channel / rowBytes) * 4
      const scale = v128.load_splat<f32>(at)
      const shift = v128.load_splat<f32>(at + array)
      for (let i = channel; i < channel + rowBytes; i += 16)
        v128.store(y + i, f32x4.pmax(addProduct(v128.load(x + i), scale, shift), lower))
    }
    x += tileBytes
    y += tileBytes
  }
}

function scaleRow(
  x: usize,
  y: usize,
  columns: i32,
  channels: i32,
  lanes: i32,
  moments: usize,
  lower: v128,
): void {
  const rowBytes = (<usize>lanes) << 2
  const array = (<usize>channels) << 2
  const tileBytes = <usize>channels * rowBytes
  const quarter = quarterOf(columns)
  const apart = <usize>quarter * tileBytes
  for (let w = 0; w < quarter; w++) {
    for (let at = moments + 2 * array, end = at + array; at < end; at += 4) {
      const scale = v128.load_splat<f32>(at)
      const shift = v128.load_splat<f32>(at + array)
      for (const last = x + rowBytes; x < last; x += 16) {
        const a = addProduct(v128.load(x), scale, shift)
        v128.store(y, f32x4.pmax(a, lower))
        const b = addProduct(v128.load(x + apart), scale, shift)
        v128.store(y + apart, f32x4.pmax(b, lower))
        const c = addProduct(v128.load(x + 2 * apart), scale, shift)
        v128.store(y + 2 * apart, f32x4.pmax(c, lower))
        const d = addProduct(v128.load(x + 3 * apart), scale, shift)
        v128.store(y + 3 * apart, f32x4.pmax(d, lower))
        y += 16
      }
    }
  }
  x += 3 * apart
  y += 3 * apart
  for (let w = 4 * quarter; w < columns; w++) {
    for (let at = moments + 2 * array, end = at + array; at < end; at += 4) {
      const scale = v128.load_splat<f32>(at)
      const shift = v128.load_splat<f32>(at + array)
      for (const last = x + rowBytes; x < last; x += 16) {
        v128.store(y, f32x4.pmax(addProduct(v128.load(x), scale, shift), lower))
        y += 16
      }
    }
  }
}

function addRow(
  x: usize,
  residual: usize,
  y: usize,
  columns: i32,
  channels: i32,
  lanes: i32,
  moments: usize,
  lower: v128,
): void {
  const rowBytes = (<usize>lanes) << 2
  const array = (<usize>channels) << 2
  const tileBytes = <usize>channels * rowBytes
  const quarter = quarterOf(columns)
  const apart = <usize>quarter * tileBytes
  for (let w = 0; w < quarter; w++) {
    for (let at = moments + 2 * array, end = at + array; at < end; at += 4) {
      const scale = v128.load_splat<f32>(at)
      const shift = v128.load_splat<f32>(at + array)
      for (const last = x + rowBytes; x < last; x += 16) {
        const a = f32x4.add(addProduct(v128.load(x), scale, shift), v128.load(residual))
        v128.store(y, f32x4.pmax(a, lower))
        const b = f32x4.add(addProduct(v128.load(x + apart), scale, shift), v128.load(residual + apart))
        v128.store(y + apart, f32x4.pmax(b, lower))
        const c = f32x4.add(
          addProduct(v128.load(x + 2 * apart), scale, shift),
          v128.load(residual + 2 * apart),
        )
        v128.store(y + 2 * apart, f32x4.pmax(c, lower))
        const d = f32x4.add(
          addProduct(v128.load(x + 3 * apart), scale, shift),
          v128.load(residual + 3 * apart),
        )
        v128.store(y + 3 * apart, f32x4.pmax(d, lower))
        residual += 16
        y += 16
      }
    }
  }
  x += 3 * apart
  residual += 3 * apart
  y += 3 * apart
  for (let w = 4 * quarter; w < columns; w++) {
    for (let at = moments + 2 * array, end = at + array; at < end; at += 4) {
      const scale = v128.load_splat<f32>(at)
      const shift = v128.load_splat<f32>(at + array)
      for (const last = x + rowBytes; x < last; x += 16) {
        const value = addProduct(v128.load(x), scale, shift)
        v128.store(y, f32x4.pmax(f32x4.add(value, v128.load(residual)), lower))
        residual += 16
        y += 16
      }
    }
  }
}

function addNormalisedRow(
  x: usize,
  residual: usize,
  y: usize,
  columns: i32,
  channels: i32,
  lanes: i32,
  moments: usize,
  residualMoments: usize,
  lower: v128,
): void {
  const rowBytes = (<usize>lanes) << 2
  const array = (<usize>channels) << 2
  const tileBytes = <usize>channels * rowBytes
  const quarter = quarterOf(columns)
  const apart = <usize>quarter * tileBytes
  for (let w = 0; w < quarter; w++) {
    for (let at = 2 * array, end = at + array; at < end; at += 4) {
      const scale = v128.load_splat<f32>(moments + at)
      const residualScale = v128.load_splat<f32>(residualMoments + at)
      const shift = f32x4.add(
        v128.load_splat<f32>(moments + at + array),
        v128.load_splat<f32>(residualMoments + at + array),
      )
      for (const last = x + rowBytes; x < last; x += 16) {
        let value = addProduct(v128.load(x), scale, shift)
        v128.store(y, f32x4.pmax(addProduct(v128.load(residual), residualScale, value), lower))
        value = addProduct(v128.load(x + apart), scale, shift)
        v128.store(
          y + apart,
          f32x4.pmax(addProduct(v128.load(residual + apart), residualScale, value), lower),
        )
        value = addProduct(v128.load(x + 2 * apart), scale, shift)
        v128.store(
          y + 2 * apart,
          f32x4.pmax(addProduct(v128.load(residual + 2 * apart), residualScale, value), lower),
        )
        value = addProduct(v128.load(x + 3 * apart), scale, shift)
        v128.store(
          y + 3 * apart,
          f32x4.pmax(addProduct(v128.load(residual + 3 * apart), residualScale, value), lower),
        )
        residual += 16
        y += 16
      }
    }
  }
  x += 3 * apart
  residual += 3 * apart
  y += 3 * apart
  for (let w = 4 * quarter; w < columns; w++) {
    for (let at = 2 * array, end = at + array; at < end; at += 4) {
      const scale = v128.load_splat<f32>(moments + at)
      const residualScale = v128.load_splat<f32>(residualMoments + at)
      const shift = f32x4.add(
        v128.load_splat<f32>(moments + at + array),
        v128.load_splat<f32>(residualMoments + at + array),
      )
      for (const last = x + rowBytes; x < last; x += 16) {
        const value = addProduct(v128.load(x), scale, shift)
        v128.store(y, f32x4.pmax(addProduct(v128.load(residual), residualScale, value), lower))
        residual += 16
        y += 16
      }
    }
  }
}
