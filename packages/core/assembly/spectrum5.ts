// How the local spectra of 25 pixels make an output of a 5x5 convolution without padding, and the adjoint of that (see
// `src/transform/factor-spectrum.ts`). A spectrum is [channels][2][lanes] float32, real and imaginary parts; `phases` holds for each
// channel cosine and sine of the phases to the taps one and two further along the row, then across rows.

import { addProduct, subtractProduct } from './fused'

/** Taps along a row, and across rows. */
const size: i32 = 5
/** Bytes of `phases` for one channel. */
const phaseBytes: usize = 32

/**
 * Takes row `row` of the spectra: sums it up along the row into a ring of five such rows, and once five are there, writes the row
 * of outputs that they make. `z` at the first pixel; `y` at the first pixel of output row `row - 4`.
 */
export function addSpectra5(
  z: usize,
  zStep: usize,
  y: usize,
  yStep: usize,
  columns: i32,
  channels: i32,
  lanes: i32,
  phases: usize,
  ring: usize,
  row: i32,
): void {
  const rowBytes = (<usize>lanes) << 2
  const tile = 2 * <usize>channels * rowBytes
  const ringRow = <usize>columns * tile
  let target = ring + <usize>(row % size) * ringRow
  for (let w = 0; w < columns; w++) {
    sumAlong(z, zStep, target, channels, rowBytes, phases)
    z += zStep
    target += tile
  }
  if (row < size - 1) return
  const t0 = ring + <usize>((row + 1) % size) * ringRow
  const t1 = ring + <usize>((row + 2) % size) * ringRow
  const t2 = ring + <usize>((row + 3) % size) * ringRow
  const t3 = ring + <usize>((row + 4) % size) * ringRow
  const t4 = ring + <usize>(row % size) * ringRow
  for (let w: usize = 0; w < <usize>columns; w++) {
    const at = w * tile
    sumAcross(t0 + at, t1 + at, t2 + at, t3 + at, t4 + at, y, channels, rowBytes, phases)
    y += yStep
  }
}

/** Five neighbouring spectra, turned by their phases along the row and summed; `z` is the first of them. */
function sumAlong(z: usize, step: usize, target: usize, channels: i32, rowBytes: usize, phases: usize): void {
  const z1 = z + step
  const z2 = z1 + step
  const z3 = z2 + step
  const z4 = z3 + step
  let at: usize = 0
  for (let k = 0; k < channels; k++) {
    const cos1 = v128.load_splat<f32>(phases)
    const sin1 = v128.load_splat<f32>(phases, 4)
    const cos2 = v128.load_splat<f32>(phases, 8)
    const sin2 = v128.load_splat<f32>(phases, 12)
    for (const end = at + rowBytes; at < end; at += 16) {
      const im = at + rowBytes
      const aRe = v128.load(z + at)
      const aIm = v128.load(z + im)
      const bRe = v128.load(z1 + at)
      const bIm = v128.load(z1 + im)
      const dRe = v128.load(z3 + at)
      const dIm = v128.load(z3 + im)
      const eRe = v128.load(z4 + at)
      const eIm = v128.load(z4 + im)
      let re = addProduct(cos1, f32x4.add(dRe, bRe), v128.load(z2 + at))
      let sum = addProduct(cos1, f32x4.add(dIm, bIm), v128.load(z2 + im))
      re = subtractProduct(sin1, f32x4.sub(dIm, bIm), re)
      sum = addProduct(sin1, f32x4.sub(dRe, bRe), sum)
      re = addProduct(cos2, f32x4.add(eRe, aRe), re)
      sum = addProduct(cos2, f32x4.add(eIm, aIm), sum)
      re = subtractProduct(sin2, f32x4.sub(eIm, aIm), re)
      sum = addProduct(sin2, f32x4.sub(eRe, aRe), sum)
      v128.store(target + at, re)
      v128.store(target + im, sum)
    }
    at += rowBytes
    phases += phaseBytes
  }
}

/** Five summed rows, turned by their phases across rows: the real part of their sum. */
function sumAcross(
  a: usize,
  b: usize,
  c: usize,
  d: usize,
  e: usize,
  y: usize,
  channels: i32,
  rowBytes: usize,
  phases: usize,
): void {
  let at: usize = 0
  for (let k = 0; k < channels; k++) {
    const cos1 = v128.load_splat<f32>(phases, 16)
    const sin1 = v128.load_splat<f32>(phases, 20)
    const cos2 = v128.load_splat<f32>(phases, 24)
    const sin2 = v128.load_splat<f32>(phases, 28)
    for (const end = at + rowBytes; at < end; at += 16) {
      const im = at + rowBytes
      let sum = addProduct(cos1, f32x4.add(v128.load(d + at), v128.load(b + at)), v128.load(c + at))
      let other = f32x4.mul(cos2, f32x4.add(v128.load(e + at), v128.load(a + at)))
      sum = subtractProduct(sin1, f32x4.sub(v128.load(d + im), v128.load(b + im)), sum)
      other = subtractProduct(sin2, f32x4.sub(v128.load(e + im), v128.load(a + im)), other)
      v128.store(y, f32x4.add(sum, other))
      y += 16
    }
    at += rowBytes
    phases += phaseBytes
  }
}

/**
 * The adjoint, for row `row` of the inputs: the gradients of its spectra from up to five rows of `outputRows` output gradients. `dy` at the
 * first pixel of output row `row`; `padded` holds `columns + 4` spectra, of which the first and last four stay zero.
 */
export function spectra5OfGradient(
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
  padded: usize,
  row: i32,
  outputRows: i32,
): void {
  const rowBytes = (<usize>lanes) << 2
  const tile = 2 * <usize>channels * rowBytes
  const margin = (<usize>size - 1) * tile
  const outputColumns = columns - (size - 1)
  memory.fill(padded, 0, margin)
  memory.fill(padded + margin + <usize>outputColumns * tile, 0, margin)
  const a = rowAt(dy, row, outputRows)
  const b = rowAt(dy - yPitch, row - 1, outputRows)
  const c = rowAt(dy - 2 * yPitch, row - 2, outputRows)
  const d = rowAt(dy - 3 * yPitch, row - 3, outputRows)
  const e = rowAt(dy - 4 * yPitch, row - 4, outputRows)
  for (let w: usize = 0; w < <usize>outputColumns; w++) {
    const at = w * yStep
    spreadAcross(
      a ? a + at : zeros,
      b ? b + at : zeros,
      c ? c + at : zeros,
      d ? d + at : zeros,
      e ? e + at : zeros,
      padded + margin + w * tile,
      channels,
      rowBytes,
      phases,
    )
  }
  for (let w: usize = 0; w < <usize>columns; w++) {
    // The window of outputs is turned round and so are the phases: the same sum.
    sumAlong(padded + w * tile, tile, dz + w * zStep, channels, rowBytes, phases)
  }
}

/** The row, or 0 where there is none. */
function rowAt(address: usize, row: i32, rows: i32): usize {
  return row >= 0 && row < rows ? address : 0
}

/** Gradients of five rows of outputs, the row of the pixel first, turned by their phases across rows. */
function spreadAcross(
  a: usize,
  b: usize,
  c: usize,
  d: usize,
  e: usize,
  target: usize,
  channels: i32,
  rowBytes: usize,
  phases: usize,
): void {
  let at: usize = 0
  for (let k = 0; k < channels; k++) {
    const cos1 = v128.load_splat<f32>(phases, 16)
    const sin1 = v128.load_splat<f32>(phases, 20)
    const cos2 = v128.load_splat<f32>(phases, 24)
    const sin2 = v128.load_splat<f32>(phases, 28)
    for (const end = at + rowBytes; at < end; at += 16) {
      const va = v128.load(a + at)
      const vb = v128.load(b + at)
      const vd = v128.load(d + at)
      const ve = v128.load(e + at)
      const re = addProduct(cos1, f32x4.add(vd, vb), v128.load(c + at))
      const im = f32x4.mul(sin1, f32x4.sub(vb, vd))
      v128.store(target, addProduct(cos2, f32x4.add(ve, va), re))
      v128.store(target + rowBytes, addProduct(sin2, f32x4.sub(va, ve), im))
      target += 16
    }
    target += rowBytes
    phases += phaseBytes
  }
}
