// Average and max pooling on one row of output tiles, and the reshaping of images to feature vectors. Windows are
// square, without padding. `inputPitch` is the distance between rows of the input, `tileBytes` between its tiles.

/** `y = mean of the window` */
export function averagePool(
  x: usize,
  inputPitch: usize,
  y: usize,
  columns: i32,
  window: i32,
  stride: i32,
  tileBytes: usize,
): void {
  const scale = f32x4.splat(<f32>1 / <f32>(window * window))
  for (let w = 0; w < columns; w++) {
    for (let i: usize = 0; i < tileBytes; i += 16) {
      let sum = f32x4.splat(0)
      let row = x + i
      for (let a = 0; a < window; a++) {
        let p = row
        for (let b = 0; b < window; b++) {
          sum = f32x4.add(sum, v128.load(p))
          p += tileBytes
        }
        row += inputPitch
      }
      v128.store(y + i, f32x4.mul(sum, scale))
    }
    x += <usize>stride * tileBytes
    y += tileBytes
  }
}

/** `dx[window] (+)= dy / window^2`; windows that overlap or leave gaps need `accumulate` on a cleared `dx`. */
export function averagePoolGradient(
  dx: usize,
  inputPitch: usize,
  dy: usize,
  columns: i32,
  window: i32,
  stride: i32,
  tileBytes: usize,
  accumulate: i32,
): void {
  const scale = f32x4.splat(<f32>1 / <f32>(window * window))
  for (let w = 0; w < columns; w++) {
    for (let i: usize = 0; i < tileBytes; i += 16) {
      const value = f32x4.mul(v128.load(dy + i), scale)
      let row = dx + i
      for (let a = 0; a < window; a++) {
        let p = row
        for (let b = 0; b < window; b++) {
          v128.store(p, accumulate ? f32x4.add(v128.load(p), value) : value)
          p += tileBytes
        }
        row += inputPitch
      }
    }
    dx += <usize>stride * tileBytes
    dy += tileBytes
  }
}

/** `y = max of the window` */
export function maxPool(
  x: usize,
  inputPitch: usize,
  y: usize,
  columns: i32,
  window: i32,
  stride: i32,
  tileBytes: usize,
): void {
  for (let w = 0; w < columns; w++) {
    for (let i: usize = 0; i < tileBytes; i += 16) {
      let best = v128.load(x + i)
      let row = x + i
      for (let a = 0; a < window; a++) {
        let p = row
        for (let b = 0; b < window; b++) {
          best = f32x4.max(best, v128.load(p))
          p += tileBytes
        }
        row += inputPitch
      }
      v128.store(y + i, best)
    }
    x += <usize>stride * tileBytes
    y += tileBytes
  }
}

/** `y = x[first position where x0 equals y0]`: the maximum's position as another pass had found it. */
export function maxPoolAt(
  x: usize,
  xPitch: usize,
  x0: usize,
  x0Pitch: usize,
  y0: usize,
  y: usize,
  columns: i32,
  window: i32,
  stride: i32,
  tileBytes: usize,
): void {
  for (let w = 0; w < columns; w++) {
    for (let i: usize = 0; i < tileBytes; i += 16) {
      const best = v128.load(y0 + i)
      let open = i32x4.splat(-1)
      let value = i32x4.splat(0)
      let row = x + i
      let row0 = x0 + i
      for (let a = 0; a < window; a++) {
        let p = row
        let q = row0
        for (let b = 0; b < window; b++) {
          const hit = v128.and(open, f32x4.eq(v128.load(q), best))
          value = v128.or(value, v128.and(hit, v128.load(p)))
          open = v128.andnot(open, hit)
          p += tileBytes
          q += tileBytes
        }
        row += xPitch
        row0 += x0Pitch
      }
      v128.store(y + i, value)
    }
    x += <usize>stride * tileBytes
    x0 += <usize>stride * tileBytes
    y0 += tileBytes
    y += tileBytes
  }
}

/** `dx[first position of the maximum] (+)= dy`, the position found again from input and output; else as above. */
export function maxPoolGradient(
  x: usize,
  xPitch: usize,
  y: usize,
  dx: usize,
  dxPitch: usize,
  dy: usize,
  columns: i32,
  window: i32,
  stride: i32,
  tileBytes: usize,
  accumulate: i32,
): void {
  for (let w = 0; w < columns; w++) {
    for (let i: usize = 0; i < tileBytes; i += 16) {
      const best = v128.load(y + i)
      const value = v128.load(dy + i)
      let open = i32x4.splat(-1)
      let source = x + i
      let target = dx + i
      for (let a = 0; a < window; a++) {
        let p = source
        let q = target
        for (let b = 0; b < window; b++) {
          const hit = v128.and(open, f32x4.eq(v128.load(p), best))
          const part = v128.and(hit, value)
          v128.store(q, accumulate ? f32x4.add(v128.load(q), part) : part)
          open = v128.andnot(open, hit)
          p += tileBytes
          q += tileBytes
        }
        source += xPitch
        target += dxPitch
      }
    }
    x += <usize>stride * tileBytes
    dx += <usize>stride * tileBytes
    y += tileBytes
    dy += tileBytes
  }
}

/** `[H][W][C][lanes] -> [(c*H + h)*W + w][lanes]`, PyTorch's order of features. */
export function flatten(
  x: usize,
  pitch: usize,
  y: usize,
  rows: i32,
  columns: i32,
  channels: i32,
  lanes: i32,
): void {
  const rowBytes = (<usize>lanes) << 2
  for (let h = 0; h < rows; h++) {
    let p = x + <usize>h * pitch
    for (let w = 0; w < columns; w++) {
      for (let c = 0; c < channels; c++) {
        memory.copy(y + <usize>((c * rows + h) * columns + w) * rowBytes, p, rowBytes)
        p += rowBytes
      }
    }
  }
}

/** The adjoint of {@link flatten}: `dx (+)= dy` at the same places. */
export function flattenGradient(
  dx: usize,
  pitch: usize,
  dy: usize,
  rows: i32,
  columns: i32,
  channels: i32,
  lanes: i32,
  accumulate: i32,
): void {
  const rowBytes = (<usize>lanes) << 2
  for (let h = 0; h < rows; h++) {
    let p = dx + <usize>h * pitch
    for (let w = 0; w < columns; w++) {
      for (let c = 0; c < channels; c++) {
        const q = dy + <usize>((c * rows + h) * columns + w) * rowBytes
        for (let i: usize = 0; i < rowBytes; i += 16) {
          let value = v128.load(q + i)
          if (accumulate) value = f32x4.add(value, v128.load(p + i))
          v128.store(p + i, value)
        }
        p += rowBytes
      }
    }
  }
}
