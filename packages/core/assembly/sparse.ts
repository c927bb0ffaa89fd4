// The sparse part S of a layer on one row of output tiles. Entries are sorted by output channel; `rowStarts[o]` is the
// first entry of channel o. `offsets[e]` is the byte offset of entry e's input row from the patch's first tile, so that
// convolution, stride and groups are all the same loop. Cost and memory follow the stored entries.

import { dotTiles, putSum } from './elementwise'

/** `y[o] (+)= sum_e values[e] * x[offsets[e]]` for each of `columns` tiles. */
export function sparseForward(
  x: usize,
  xStep: usize,
  y: usize,
  yStep: usize,
  columns: i32,
  channels: i32,
  lanes: i32,
  rowStarts: usize,
  offsets: usize,
  values: usize,
  accumulate: i32,
): void {
  const rowBytes = (<usize>lanes) << 2
  for (let o = 0; o < channels; o++) {
    const first = load<u32>(rowStarts + ((<usize>o) << 2))
    const last = load<u32>(rowStarts + ((<usize>o) << 2) + 4)
    if (first == last && accumulate) continue
    let px = x
    let py = y + <usize>o * rowBytes
    for (let w = 0; w < columns; w++) {
      let i: usize = 0
      for (; i + 64 <= rowBytes; i += 64) {
        let a0 = f32x4.splat(0)
        let a1 = a0
        let a2 = a0
        let a3 = a0
        if (accumulate) {
          a0 = v128.load(py + i)
          a1 = v128.load(py + i, 16)
          a2 = v128.load(py + i, 32)
          a3 = v128.load(py + i, 48)
        }
        for (let e = first; e < last; e++) {
          const p = px + load<u32>(offsets + ((<usize>e) << 2)) + i
          const v = v128.load_splat<f32>(values + ((<usize>e) << 2))
          a0 = f32x4.add(a0, f32x4.mul(v, v128.load(p)))
          a1 = f32x4.add(a1, f32x4.mul(v, v128.load(p, 16)))
          a2 = f32x4.add(a2, f32x4.mul(v, v128.load(p, 32)))
          a3 = f32x4.add(a3, f32x4.mul(v, v128.load(p, 48)))
        }
        v128.store(py + i, a0)
        v128.store(py + i, a1, 16)
        v128.store(py + i, a2, 32)
        v128.store(py + i, a3, 48)
      }
      for (; i < rowBytes; i += 16) {
        let a = accumulate ? v128.load(py + i) : f32x4.splat(0)
        for (let e = first; e < last; e++) {
          const p = px + load<u32>(offsets + ((<usize>e) << 2)) + i
          a = f32x4.add(a, f32x4.mul(v128.load_splat<f32>(values + ((<usize>e) << 2)), v128.load(p)))
        }
        v128.store(py + i, a)
      }
      px += xStep
      py += yStep
    }
  }
}

/** `dx[offsets[e]] += values[e] * dy[o]`, the adjoint of {@link sparseForward}. */
export function sparseInputGradient(
  dx: usize,
  xStep: usize,
  dy: usize,
  yStep: usize,
  columns: i32,
  channels: i32,
  lanes: i32,
  rowStarts: usize,
  offsets: usize,
  values: usize,
): void {
  const rowBytes = (<usize>lanes) << 2
  for (let o = 0; o < channels; o++) {
    const first = load<u32>(rowStarts + ((<usize>o) << 2))
    const last = load<u32>(rowStarts + ((<usize>o) << 2) + 4)
    for (let e = first; e < last; e++) {
      let px = dx + load<u32>(offsets + ((<usize>e) << 2))
      let py = dy + <usize>o * rowBytes
      const v = v128.load_splat<f32>(values + ((<usize>e) << 2))
      for (let w = 0; w < columns; w++) {
        for (let i: usize = 0; i < rowBytes; i += 16) {
          v128.store(px + i, f32x4.add(v128.load(px + i), f32x4.mul(v, v128.load(py + i))))
        }
        px += xStep
        py += yStep
      }
    }
  }
}

/**
 * `gradient[e] (+)= <dy[o], x[offsets[e]]>` over one row of tiles; assigned at row 0. Entries of one channel go four at a
 * time, so that its `dy` is loaded once for four.
 */
export function sparseGradient(
  x: usize,
  xStep: usize,
  dy: usize,
  yStep: usize,
  columns: i32,
  channels: i32,
  lanes: i32,
  rowStarts: usize,
  offsets: usize,
  gradient: usize,
  row: i32,
): void {
  const rowBytes = (<usize>lanes) << 2
  for (let o = 0; o < channels; o++) {
    let e = load<u32>(rowStarts + ((<usize>o) << 2))
    const last = load<u32>(rowStarts + ((<usize>o) << 2) + 4)
    const py = dy + <usize>o * rowBytes
    for (; e + 4 <= last; e += 4) {
      const at = (<usize>e) << 2
      gradient4(x, xStep, py, yStep, columns, rowBytes, offsets + at, gradient + at, row)
    }
    for (; e < last; e++) {
      const at = (<usize>e) << 2
      dotTiles(x + load<u32>(offsets + at), xStep, py, yStep, columns, rowBytes, gradient + at, row)
    }
  }
}

function gradient4(
  x: usize,
  xStep: usize,
  dy: usize,
  yStep: usize,
  columns: i32,
  rowBytes: usize,
  offsets: usize,
  gradient: usize,
  row: i32,
): void {
  let pa = x + load<u32>(offsets)
  let pb = x + load<u32>(offsets, 4)
  let pc = x + load<u32>(offsets, 8)
  let pd = x + load<u32>(offsets, 12)
  let a = f32x4.splat(0)
  let b = a
  let c = a
  let d = a
  for (let w = 0; w < columns; w++) {
    let i: usize = 0
    // Two vectors a turn share their addresses.
    for (; i + 32 <= rowBytes; i += 32) {
      const v0 = v128.load(dy + i)
      const v1 = v128.load(dy + i, 16)
      let p = pa + i
      a = f32x4.add(a, f32x4.add(f32x4.mul(v0, v128.load(p)), f32x4.mul(v1, v128.load(p, 16))))
      p = pb + i
      b = f32x4.add(b, f32x4.add(f32x4.mul(v0, v128.load(p)), f32x4.mul(v1, v128.load(p, 16))))
      p = pc + i
      c = f32x4.add(c, f32x4.add(f32x4.mul(v0, v128.load(p)), f32x4.mul(v1, v128.load(p, 16))))
      p = pd + i
      d = f32x4.add(d, f32x4.add(f32x4.mul(v0, v128.load(p)), f32x4.mul(v1, v128.load(p, 16))))
    }
    if (i < rowBytes) {
      const v = v128.load(dy + i)
      a = f32x4.add(a, f32x4.mul(v, v128.load(pa + i)))
      b = f32x4.add(b, f32x4.mul(v, v128.load(pb + i)))
      c = f32x4.add(c, f32x4.mul(v, v128.load(pc + i)))
      d = f32x4.add(d, f32x4.mul(v, v128.load(pd + i)))
    }
    pa += xStep
    pb += xStep
    pc += xStep
    pd += xStep
    dy += yStep
  }
  putSum(gradient, a, row)
  putSum(gradient + 4, b, row)
  putSum(gradient + 8, c, row)
  putSum(gradient + 12, d, row)
}
