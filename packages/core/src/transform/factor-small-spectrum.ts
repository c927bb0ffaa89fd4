// The local spectrum (factor-spectrum.ts) of a pixel with few channels, for 5x5 convolutions: its formula, on sums and
// differences of mirrored channels. With d = 25C and tau = c - (C-1)/2, `z[k] = s_k i^k sum_c x_c e^(i pi k tau / d)`.

import type { SpectrumShape } from './factor-spectrum.js'
import { BUTTERFLY, ListBuilder } from './list-builder.js'
import type { OpList } from './oplist.js'
import { prune } from './prune.js'
import { quarterCosine } from './reference.js'

/** Along a row, and across rows. */
const SIZE = 5
const TAPS = SIZE * SIZE
/** More channels want a faster form than the formula. */
const MOST_CHANNELS = 15

/** Whether D of a 5x5 layer is that of its taps' length, and its channels few enough. */
export function hasSmallSpectrum({ channels, outputs }: SpectrumShape): boolean {
  return channels <= MOST_CHANNELS && outputs <= TAPS * channels
}

/** C inputs, `2 * outputs` outputs: the real part of z[k] in row 2k, the imaginary part in row 2k + 1. */
export function factorSmallSpectrum({ channels, outputs }: SpectrumShape): OpList {
  if (channels === 1) return onePixel(outputs)
  const builder = new ListBuilder()
  const inputs = builder.newRows(channels)
  const half = Math.floor(channels / 2)
  // By distance from the middle: the cosines see sums of mirrored channels, the sines differences.
  const sums: number[] = []
  const differences: number[] = []
  for (let s = 0; s < half; s++) {
    const [sum, difference] = builder.pair(inputs[channels - half + s]!, inputs[half - 1 - s]!, BUTTERFLY)
    sums.push(sum)
    differences.push(difference)
  }
  const middle = channels % 2 === 1 ? [inputs[half]!] : []
  const length = TAPS * channels
  // Twice the distance of a pair from the middle, in channels; the butterflies have divided by the root of two.
  const distance = (s: number) => 2 * s + (channels % 2 === 1 ? 2 : 1)
  const scale = (k: number) => Math.sqrt((k === 0 ? 1 : 2) / length)
  const cosine = (k: number, s: number) => Math.SQRT2 * quarterCosine(k * distance(s), length)
  const sine = (k: number, s: number) =>
    Math.SQRT2 * quarterCosine(Math.abs(length - k * distance(s)), length)
  const all = Array.from({ length: outputs }, (_, k) => k)
  // i^k turns (cosine, sine) by k quarters.
  const cosines = builder.dense(
    [...middle, ...sums],
    all.map(() => true),
    (k, i) => {
      const sign = k % 4 === 0 || k % 4 === 1 ? 1 : -1
      const s = i - middle.length
      return sign * scale(k) * (s < 0 ? 1 : cosine(k, s))
    },
  )
  const sines = builder.dense(
    differences,
    all.map(() => true),
    (k, s) => {
      const sign = k % 4 === 0 || k % 4 === 3 ? 1 : -1
      return sign * scale(k) * sine(k, s)
    },
  )
  const rows = all.flatMap((k) => (k % 2 === 0 ? [cosines[k]!, sines[k]!] : [sines[k]!, cosines[k]!]))
  return prune({ rows: builder.rows, inputs, outputs: rows, operations: builder.operations }, inputs, rows)
}

/** One channel has no phase of its own: each coefficient is real or imaginary, as i^k says. */
function onePixel(outputs: number): OpList {
  const builder = new ListBuilder()
  const inputs = builder.newRows(1)
  const rows = builder.dense(inputs, new Array<boolean>(2 * outputs).fill(true), (row) => {
    const k = Math.floor(row / 2)
    if (row % 2 !== k % 2) return 0
    return (k % 4 < 2 ? 1 : -1) * Math.sqrt((k === 0 ? 1 : 2) / TAPS)
  })
  return { rows: builder.rows, inputs, outputs: rows, operations: builder.operations }
}

/**
 * Cosine and sine of the phases to the taps one and two further, `[outputs][8]`: pi k / 25 a step along a row, pi k / 5 across.
 */
export function tapPhases5(outputs: number): Float32Array {
  const phases = new Float32Array(outputs * 8)
  for (let k = 0; k < outputs; k++) {
    // Reduced first: a full turn is 50 steps.
    const angles = [1, 2, SIZE, 2 * SIZE].map((step) => (Math.PI * ((k * step) % (2 * TAPS))) / TAPS)
    phases.set(
      angles.flatMap((angle) => [Math.cos(angle), Math.sin(angle)]),
      8 * k,
    )
  }
  return phases
}
