// The DCT by its formula, for grouped convolutions, where every group uses other rows of D. A table of 4d cosines
// stands for the whole matrix: D[k][n] = scales[k] * cosines[((2n + 1) * k) mod 4d]. Slow beside an emitted transform,
// but in memory proportional to d.

/** `y[o] = scales[o] * sum_n cos(..) x[n]` for each of `columns` tiles. */
export function cosineForward(
  x: usize,
  xStep: usize,
  y: usize,
  yStep: usize,
  columns: i32,
  channels: i32,
  groups: i32,
  patch: i32,
  lanes: i32,
  cosines: usize,
  period: u32,
  scales: usize,
  offsets: usize,
  groupBytes: usize,
): void {
  const rowBytes = (<usize>lanes) << 2
  const groupChannels = channels / groups
  for (let w = 0; w < columns; w++) {
    for (let o = 0; o < channels; o++) {
      const px = x + <usize>(o / groupChannels) * groupBytes
      const py = y + <usize>o * rowBytes
      const scale = v128.load_splat<f32>(scales + ((<usize>o) << 2))
      const step = (<u32>o * 2) % period
      for (let i: usize = 0; i < rowBytes; i += 16) {
        let sum = f32x4.splat(0)
        let angle = <u32>o % period
        for (let n = 0; n < patch; n++) {
          const p = px + load<u32>(offsets + ((<usize>n) << 2)) + i
          sum = f32x4.add(sum, f32x4.mul(v128.load_splat<f32>(cosines + ((<usize>angle) << 2)), v128.load(p)))
          angle += step
          if (angle >= period) angle -= period
        }
        v128.store(py + i, f32x4.mul(sum, scale))
      }
    }
    x += xStep
    y += yStep
  }
}

/** `dx[n] += sum_o scales[o] * cos(..) dy[o]`, the adjoint of {@link cosineForward}. */
export function cosineAdjoint(
  dx: usize,
  xStep: usize,
  dy: usize,
  yStep: usize,
  columns: i32,
  channels: i32,
  groups: i32,
  patch: i32,
  lanes: i32,
  cosines: usize,
  period: u32,
  scales: usize,
  offsets: usize,
  groupBytes: usize,
): void {
  const rowBytes = (<usize>lanes) << 2
  const groupChannels = channels / groups
  for (let w = 0; w < columns; w++) {
    for (let o = 0; o < channels; o++) {
      const px = dx + <usize>(o / groupChannels) * groupBytes
      const py = dy + <usize>o * rowBytes
      const scale = v128.load_splat<f32>(scales + ((<usize>o) << 2))
      const step = (<u32>o * 2) % period
      for (let i: usize = 0; i < rowBytes; i += 16) {
        const value = f32x4.mul(v128.load(py + i), scale)
        let angle = <u32>o % period
        for (let n = 0; n < patch; n++) {
          const p = px + load<u32>(offsets + ((<usize>n) << 2)) + i
          v128.store(
            p,
            f32x4.add(v128.load(p), f32x4.mul(v128.load_splat<f32>(cosines + ((<usize>angle) << 2)), value)),
          )
          angle += step
          if (angle >= period) angle -= period
        }
      }
    }
    dx += xStep
    dy += yStep
  }
}
