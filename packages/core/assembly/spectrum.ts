// How the local spectra of nine pixels make an output of a 3x3 convolution, and the adjoint of that (see
// `src/transform/factor-spectrum.ts`). A spectrum is [channels][2][lanes] float32, real and imaginary parts. For each
// channel `phases` holds cosine and sine of the phase between neighbouring taps along a row and across rows. Stride and
// padding are 1; pixels beyond the image are a tile of zeros.

import { addProduct, subtractProduct } from './fused'

/** Writes or adds one row of spectra to the three rows of outputs that see it. `row` of `rows`, z and y at its first pixel. */
export function addSpectra(
  z: usize,
  zStep: usize,
  y: usize,
  yPitch: usize,
  yStep: usize,
  columns: i32,
  channels: i32,
  lanes: i32,
  phases: usize,
  zeros: usize,
  row: i32,
  rows: i32,
): void {
  const rowBytes = (<usize>lanes) << 2
  let left = zeros
  for (let w = 0; w < columns; w++) {
    const right = w + 1 < columns ? z + zStep : zeros
    addPixel(left, z, right, y, yPitch, channels, rowBytes, phases, row > 0, row + 1 < rows)
    left = z
    z += zStep
    y += yStep
  }
}

/** The first row that an output sees assigns, the others add. `above`, `below`: whether there is such a row of outputs. */
function addPixel(
  left: usize,
  middle: usize,
  right: usize,
  y: usize,
  pitch: usize,
  channels: i32,
  rowBytes: usize,
  phases: usize,
  above: bool,
  below: bool,
): void {
  for (let k = 0; k < channels; k++) {
    const cosAlong = v128.load_splat<f32>(phases)
    const sinAlong = v128.load_splat<f32>(phases, 4)
    const cosAcross = v128.load_splat<f32>(phases, 8)
    const sinAcross = v128.load_splat<f32>(phases, 12)
    for (let i: usize = 0; i < rowBytes; i += 16) {
      const l = left + i
      const m = middle + i
      const r = right + i
      const leftRe = v128.load(l)
      const rightRe = v128.load(r)
      const leftIm = v128.load(l + rowBytes)
      const rightIm = v128.load(r + rowBytes)
      const re = addProduct(
        cosAlong,
        f32x4.add(rightRe, leftRe),
        subtractProduct(sinAlong, f32x4.sub(rightIm, leftIm), v128.load(m)),
      )
      const target = y + i
      v128.store(target, above ? f32x4.add(v128.load(target), re) : re)
      if (above || below) {
        const im = addProduct(
          cosAlong,
          f32x4.add(rightIm, leftIm),
          addProduct(sinAlong, f32x4.sub(rightRe, leftRe), v128.load(m + rowBytes)),
        )
        const turned = f32x4.mul(cosAcross, re)
        if (above) {
          const up = target - pitch
          v128.store(up, f32x4.add(v128.load(up), subtractProduct(sinAcross, im, turned)))
        }
        if (below) v128.store(target + pitch, addProduct(sinAcross, im, turned))
      }
    }
    left += 2 * rowBytes
    middle += 2 * rowBytes
    right += 2 * rowBytes
    y += rowBytes
    phases += 16
  }
}

/**
 * The adjoint in gather form: the gradients of one row of spectra from three rows of gradients. `dy` and `dz` at the first
 * pixel of the row; `ring` holds three spectra: for each column the rows already summed.
 */
export function spectraOfGradient(
  dy: usize,
  yPitch: usize,
  yStep: usize,
  dz: usize,
  zStep: usize,
  columns: i32,
  channels: i32,
  lanes: i32,
  phases: usize,
  zeros: usize,
  ring: usize,
  row: i32,
  rows: i32,
): void {
  const rowBytes = (<usize>lanes) << 2
  const tile = 2 * <usize>channels * rowBytes
  let left = zeros
  let middle = ring
  let next = ring + tile
  sumColumn(dy, yPitch, middle, channels, rowBytes, phases, zeros, row > 0, row + 1 < rows)
  for (let w = 0; w < columns; w++) {
    dy += yStep
    let right = zeros
    if (w + 1 < columns) {
      right = next
      sumColumn(dy, yPitch, right, channels, rowBytes, phases, zeros, row > 0, row + 1 < rows)
    }
    gatherPixel(left, middle, right, dz, channels, rowBytes, phases)
    next = w == 0 ? ring + 2 * tile : left
    left = middle
    middle = right
    dz += zStep
  }
}

/** Three pixels of one column, turned by the phases across rows and summed: cosine and sine parts. */
function sumColumn(
  dy: usize,
  pitch: usize,
  target: usize,
  channels: i32,
  rowBytes: usize,
  phases: usize,
  zeros: usize,
  above: bool,
  below: bool,
): void {
  let up = above ? dy - pitch : zeros
  let down = below ? dy + pitch : zeros
  for (let k = 0; k < channels; k++) {
    const cosAcross = v128.load_splat<f32>(phases, 8)
    const sinAcross = v128.load_splat<f32>(phases, 12)
    for (let i: usize = 0; i < rowBytes; i += 16) {
      const a = v128.load(up + i)
      const b = v128.load(down + i)
      v128.store(target + i, addProduct(cosAcross, f32x4.add(a, b), v128.load(dy + i)))
      v128.store(target + rowBytes + i, f32x4.mul(sinAcross, f32x4.sub(a, b)))
    }
    up += rowBytes
    dy += rowBytes
    down += rowBytes
    target += 2 * rowBytes
    phases += 16
  }
}

/** Three summed columns, turned by the phases along the row: the gradient of the middle pixel's spectrum. */
function gatherPixel(
  left: usize,
  middle: usize,
  right: usize,
  dz: usize,
  channels: i32,
  rowBytes: usize,
  phases: usize,
): void {
  for (let k = 0; k < channels; k++) {
    const cosAlong = v128.load_splat<f32>(phases)
    const sinAlong = v128.load_splat<f32>(phases, 4)
    for (let i: usize = 0; i < rowBytes; i += 16) {
      const l = left + i
      const m = middle + i
      const r = right + i
      const leftCos = v128.load(l)
      const rightCos = v128.load(r)
      const leftSin = v128.load(l + rowBytes)
      const rightSin = v128.load(r + rowBytes)
      const re = addProduct(
        cosAlong,
        f32x4.add(leftCos, rightCos),
        subtractProduct(sinAlong, f32x4.sub(leftSin, rightSin), v128.load(m)),
      )
      const im = addProduct(
        cosAlong,
        f32x4.add(leftSin, rightSin),
        addProduct(sinAlong, f32x4.sub(leftCos, rightCos), v128.load(m + rowBytes)),
      )
      v128.store(dz + i, re)
      v128.store(dz + rowBytes + i, f32x4.neg(im))
    }
    left += 2 * rowBytes
    middle += 2 * rowBytes
    right += 2 * rowBytes
    dz += 2 * rowBytes
    phases += 16
  }
}
