// Dense kernels on one row of output tiles: the baseline of every table. Weights are [Cout][patch] in patch order;
// `offsets[n]` is the byte offset of patch entry n's input row from the patch's first tile (of group 0), and
// `groupBytes` the distance between the channels of neighbouring groups.

import { dotTiles, putSum } from './elementwise'

/** `y[o] = sum_n W[o][n] x[n]` for each of `columns` tiles. Blocks of 4 outputs by 8 lanes stay in registers. */
export function denseForward(
  x: usize,
  xStep: usize,
  y: usize,
  yStep: usize,
  columns: i32,
  channels: i32,
  groups: i32,
  patch: i32,
  lanes: i32,
  weights: usize,
  offsets: usize,
  groupBytes: usize,
): void {
  const rowBytes = (<usize>lanes) << 2
  const groupChannels = channels / groups
  const weightRow = (<usize>patch) << 2
  for (let w = 0; w < columns; w++) {
    for (let g = 0; g < groups; g++) {
      const px = x + <usize>g * groupBytes
      let o = g * groupChannels
      const end = o + groupChannels
      for (; o + 4 <= end; o += 4) {
        for (let i: usize = 0; i < rowBytes; i += 32) {
          if (i + 32 <= rowBytes)
            forward4x8(
              px + i,
              y + <usize>o * rowBytes + i,
              rowBytes,
              weights + <usize>o * weightRow,
              weightRow,
              offsets,
            )
          else
            for (let k = 0; k < 4; k++)
              forward1x4(
                px + i,
                y + <usize>(o + k) * rowBytes + i,
                weights + <usize>(o + k) * weightRow,
                weightRow,
                offsets,
              )
        }
      }
      for (; o < end; o++) {
        for (let i: usize = 0; i < rowBytes; i += 16) {
          forward1x4(px + i, y + <usize>o * rowBytes + i, weights + <usize>o * weightRow, weightRow, offsets)
        }
      }
    }
    x += xStep
    y += yStep
  }
}

function forward4x8(
  x: usize,
  y: usize,
  rowBytes: usize,
  weights: usize,
  weightRow: usize,
  offsets: usize,
): void {
  let a0 = f32x4.splat(0)
  let a1 = a0
  let b0 = a0
  let b1 = a0
  let c0 = a0
  let c1 = a0
  let d0 = a0
  let d1 = a0
  const wb = weights + weightRow
  const wc = wb + weightRow
  const wd = wc + weightRow
  for (let n: usize = 0; n < weightRow; n += 4) {
    const p = x + load<u32>(offsets + n)
    const x0 = v128.load(p)
    const x1 = v128.load(p, 16)
    let v = v128.load_splat<f32>(weights + n)
    a0 = f32x4.add(a0, f32x4.mul(v, x0))
    a1 = f32x4.add(a1, f32x4.mul(v, x1))
    v = v128.load_splat<f32>(wb + n)
    b0 = f32x4.add(b0, f32x4.mul(v, x0))
    b1 = f32x4.add(b1, f32x4.mul(v, x1))
    v = v128.load_splat<f32>(wc + n)
    c0 = f32x4.add(c0, f32x4.mul(v, x0))
    c1 = f32x4.add(c1, f32x4.mul(v, x1))
    v = v128.load_splat<f32>(wd + n)
    d0 = f32x4.add(d0, f32x4.mul(v, x0))
    d1 = f32x4.add(d1, f32x4.mul(v, x1))
  }
  v128.store(y, a0)
  v128.store(y, a1, 16)
  y += rowBytes
  v128.store(y, b0)
  v128.store(y, b1, 16)
  y += rowBytes
  v128.store(y, c0)
  v128.store(y, c1, 16)
  y += rowBytes
  v128.store(y, d0)
  v128.store(y, d1, 16)
}

function forward1x4(x: usize, y: usize, weights: usize, weightRow: usize, offsets: usize): void {
  let sum = f32x4.splat(0)
  for (let n: usize = 0; n < weightRow; n += 4) {
    sum = f32x4.add(sum, f32x4.mul(v128.load_splat<f32>(weights + n), v128.load(x + load<u32>(offsets + n))))
  }
  v128.store(y, sum)
}

/** `dx[n] += sum_o W[o][n] dy[o]`, the adjoint of {@link denseForward}. */
export function denseInputGradient(
  dx: usize,
  xStep: usize,
  dy: usize,
  yStep: usize,
  columns: i32,
  channels: i32,
  groups: i32,
  patch: i32,
  lanes: i32,
  weights: usize,
  offsets: usize,
  groupBytes: usize,
): void {
  const rowBytes = (<usize>lanes) << 2
  const groupChannels = channels / groups
  const weightRow = (<usize>patch) << 2
  for (let w = 0; w < columns; w++) {
    for (let g = 0; g < groups; g++) {
      const px = dx + <usize>g * groupBytes
      const py = dy + <usize>(g * groupChannels) * rowBytes
      const pw = weights + <usize>(g * groupChannels) * weightRow
      let n = 0
      for (; n + 4 <= patch; n += 4) {
        for (let i: usize = 0; i < rowBytes; i += 32) {
          if (i + 32 <= rowBytes)
            inputGradient4x8(
              px + i,
              py + i,
              rowBytes,
              pw + ((<usize>n) << 2),
              weightRow,
              offsets + ((<usize>n) << 2),
              groupChannels,
            )
          else
            for (let k = 0; k < 4; k++)
              inputGradient1x4(
                px + i,
                py + i,
                rowBytes,
                pw + ((<usize>(n + k)) << 2),
                weightRow,
                offsets + ((<usize>(n + k)) << 2),
                groupChannels,
              )
        }
      }
      for (; n < patch; n++) {
        for (let i: usize = 0; i < rowBytes; i += 16) {
          inputGradient1x4(
            px + i,
            py + i,
            rowBytes,
            pw + ((<usize>n) << 2),
            weightRow,
            offsets + ((<usize>n) << 2),
            groupChannels,
          )
        }
      }
    }
    dx += xStep
    dy += yStep
  }
}

function inputGradient4x8(
  dx: usize,
  dy: usize,
  rowBytes: usize,
  weights: usize,
  weightRow: usize,
  offsets: usize,
  channels: i32,
): void {
  const pa = dx + load<u32>(offsets)
  const pb = dx + load<u32>(offsets, 4)
  const pc = dx + load<u32>(offsets, 8)
  const pd = dx + load<u32>(offsets, 12)
  let a0 = v128.load(pa)
  let a1 = v128.load(pa, 16)
  let b0 = v128.load(pb)
  let b1 = v128.load(pb, 16)
  let c0 = v128.load(pc)
  let c1 = v128.load(pc, 16)
  let d0 = v128.load(pd)
  let d1 = v128.load(pd, 16)
  for (let o = 0; o < channels; o++) {
    const y0 = v128.load(dy)
    const y1 = v128.load(dy, 16)
    let v = v128.load_splat<f32>(weights)
    a0 = f32x4.add(a0, f32x4.mul(v, y0))
    a1 = f32x4.add(a1, f32x4.mul(v, y1))
    v = v128.load_splat<f32>(weights, 4)
    b0 = f32x4.add(b0, f32x4.mul(v, y0))
    b1 = f32x4.add(b1, f32x4.mul(v, y1))
    v = v128.load_splat<f32>(weights, 8)
    c0 = f32x4.add(c0, f32x4.mul(v, y0))
    c1 = f32x4.add(c1, f32x4.mul(v, y1))
    v = v128.load_splat<f32>(weights, 12)
    d0 = f32x4.add(d0, f32x4.mul(v, y0))
    d1 = f32x4.add(d1, f32x4.mul(v, y1))
    dy += rowBytes
    weights += weightRow
  }
  v128.store(pa, a0)
  v128.store(pa, a1, 16)
  v128.store(pb, b0)
  v128.store(pb, b1, 16)
  v128.store(pc, c0)
  v128.store(pc, c1, 16)
  v128.store(pd, d0)
  v128.store(pd, d1, 16)
}

function inputGradient1x4(
  dx: usize,
  dy: usize,
  rowBytes: usize,
  weights: usize,
  weightRow: usize,
  offsets: usize,
  channels: i32,
): void {
  const p = dx + load<u32>(offsets)
  let sum = v128.load(p)
  for (let o = 0; o < channels; o++) {
    sum = f32x4.add(sum, f32x4.mul(v128.load_splat<f32>(weights), v128.load(dy)))
    dy += rowBytes
    weights += weightRow
  }
  v128.store(p, sum)
}

/**
 * `dW[o][n] (+)= <dy[o], x[n]>` over one row of tiles, for the part `slice` of `slices` of the output channels (cut at
 * multiples of 4, so that every slicing gives the same bits); assigned when `first` is 0.
 */
export function denseGradient(
  x: usize,
  xStep: usize,
  dy: usize,
  yStep: usize,
  columns: i32,
  channels: i32,
  groups: i32,
  patch: i32,
  lanes: i32,
  gradient: usize,
  offsets: usize,
  groupBytes: usize,
  first: i32,
  slice: i32,
  slices: i32,
): void {
  const rowBytes = (<usize>lanes) << 2
  const groupChannels = channels / groups
  const quads = (channels + 3) / 4
  const begin = ((quads * slice) / slices) * 4
  const end = min(((quads * (slice + 1)) / slices) * 4, channels)
  for (let o = begin; o < end; ) {
    const group = o / groupChannels
    const px = x + <usize>group * groupBytes
    const py = dy + <usize>o * rowBytes
    const slot = gradient + ((<usize>(o * patch)) << 2)
    // Four channels at a time only where they share a group.
    const four = (o & 3) == 0 && o + 4 <= end && (o + 3) / groupChannels == group
    if (four) {
      let n = 0
      for (; n + 2 <= patch; n += 2)
        gradient4x2(
          px,
          xStep,
          py,
          yStep,
          columns,
          rowBytes,
          offsets + ((<usize>n) << 2),
          slot + ((<usize>n) << 2),
          (<usize>patch) << 2,
          first,
        )
      if (n < patch)
        for (let k = 0; k < 4; k++)
          dotTiles(
            px + load<u32>(offsets + ((<usize>n) << 2)),
            xStep,
            py + <usize>k * rowBytes,
            yStep,
            columns,
            rowBytes,
            slot + ((<usize>(k * patch + n)) << 2),
            first,
          )
      o += 4
    } else {
      for (let n = 0; n < patch; n++)
        dotTiles(
          px + load<u32>(offsets + ((<usize>n) << 2)),
          xStep,
          py,
          yStep,
          columns,
          rowBytes,
          slot + ((<usize>n) << 2),
          first,
        )
      o += 1
    }
  }
}

function gradient4x2(
  x: usize,
  xStep: usize,
  dy: usize,
  yStep: usize,
  columns: i32,
  rowBytes: usize,
  offsets: usize,
  slot: usize,
  slotRow: usize,
  first: i32,
): void {
  let px = x + load<u32>(offsets)
  let pq = x + load<u32>(offsets, 4)
  let a0 = f32x4.splat(0)
  let a1 = a0
  let b0 = a0
  let b1 = a0
  let c0 = a0
  let c1 = a0
  let d0 = a0
  let d1 = a0
  for (let w = 0; w < columns; w++) {
    let py = dy
    for (let i: usize = 0; i < rowBytes; i += 16) {
      const x0 = v128.load(px + i)
      const x1 = v128.load(pq + i)
      let v = v128.load(py)
      a0 = f32x4.add(a0, f32x4.mul(v, x0))
      a1 = f32x4.add(a1, f32x4.mul(v, x1))
      v = v128.load(py + rowBytes)
      b0 = f32x4.add(b0, f32x4.mul(v, x0))
      b1 = f32x4.add(b1, f32x4.mul(v, x1))
      v = v128.load(py + 2 * rowBytes)
      c0 = f32x4.add(c0, f32x4.mul(v, x0))
      c1 = f32x4.add(c1, f32x4.mul(v, x1))
      v = v128.load(py + 3 * rowBytes)
      d0 = f32x4.add(d0, f32x4.mul(v, x0))
      d1 = f32x4.add(d1, f32x4.mul(v, x1))
      py += 16
    }
    px += xStep
    pq += xStep
    dy += yStep
  }
  putSum(slot, a0, first)
  putSum(slot + 4, a1, first)
  slot += slotRow
  putSum(slot, b0, first)
  putSum(slot + 4, b1, first)
  slot += slotRow
  putSum(slot, c0, first)
  putSum(slot + 4, c1, first)
  slot += slotRow
  putSum(slot, d0, first)
  putSum(slot + 4, d1, first)
}
