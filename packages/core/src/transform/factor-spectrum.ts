// The transform of a 3x3 convolution taken apart: what it needs of one pixel, its local spectrum, and how the spectra of
// nine pixels add up. With d = 9C, tap t = 3a + b (a, b = -1..1) and tau = c - (C-1)/2, an entry of D is
//
//   D[k, (t, c)] = s_k Re( i^k e^(i pi k t / 9) e^(i pi k tau / d) )
//
// so that y[k] = Re( sum_t e^(i pi k t / 9) z_t[k] ) with the local spectrum z[k] = s_k i^k sum_c x_c e^(i pi k tau / d) of
// each pixel. It is computed once a pixel instead of once a tap. This file factors z; adding up is left to the kernels.
//
// z is a smooth function of k, since |pi tau / d| < pi / 18: it is computed at every ninth k, where it is a DCT of
// length C, and interpolated between, as in a non-uniform Fourier transform (Greengard & Lee 2004; Barnett et al. 2019).

import { dct2 } from './factor.js'
import { BUTTERFLY, ListBuilder } from './list-builder.js'
import { countFlops } from './lower.js'
import type { OpList } from './oplist.js'
import { prune } from './prune.js'

/** Taps of the kernel, and coefficients from one node of the interpolation to the next. */
const TAPS = 9
/** Nodes on either side of the nearest one that a coefficient is interpolated from: error 2e-8. */
const REACH = 4
/** Half width and shape of the Kaiser-Bessel window, the best of a search for this reach and oversampling. */
const HALF_WIDTH = 4.55
const SHAPE = 21.2
/** Fewer channels are cheaper as whole patches. */
const FEWEST_CHANNELS = 16
/** The list becomes straight-line code; beyond, patches have a form in loops. */
const MOST_CHANNELS = 2048

export interface SpectrumShape {
  /** C, the channels of a pixel. */
  readonly channels: number
  /** Coefficients k = 0 .. outputs-1. */
  readonly outputs: number
}

/** Whether the local spectrum can be factored: an even number of channels, and nodes that a DCT of length C has. */
export function hasLocalSpectrum({ channels, outputs }: SpectrumShape): boolean {
  const counts = channels >= FEWEST_CHANNELS && Math.max(channels, outputs) <= MOST_CHANNELS
  return counts && channels % 2 === 0 && lastNode(outputs) < channels
}

/**
 * The local spectrum as an op list: C inputs, `2 * outputs` outputs, the real part of z[k] in row 2k, the imaginary part
 * in row 2k + 1.
 */
export function factorLocalSpectrum({ channels, outputs }: SpectrumShape): OpList {
  const builder = new ListBuilder()
  const inputs = builder.newRows(channels)
  // By distance from the middle: the cosines see sums of mirrored channels, the sines differences.
  const sums: number[] = []
  const differences: number[] = []
  for (let s = 0; s < channels / 2; s++) {
    const [sum, difference] = builder.pair(
      inputs[channels / 2 + s]!,
      inputs[channels / 2 - 1 - s]!,
      BUTTERFLY,
    )
    sums.push(sum)
    differences.push(difference)
  }
  const cosines = interpolate(builder, outputs, 1, nodeValues(builder, sums, outputs, 'cosine'))
  const sines = interpolate(builder, outputs, -1, nodeValues(builder, differences, outputs, 'sine'))
  const rows: number[] = []
  for (let k = 0; k < outputs; k++) {
    // i^k turns (cosine, sine) by k quarters; the butterflies have divided by the root of two.
    const scale = Math.sqrt((k === 0 ? 2 : 4) / (TAPS * channels))
    const [re, im] = k % 2 === 0 ? [cosines[k]!, sines[k]!] : [sines[k]!, cosines[k]!]
    const signs = [
      [1, 1],
      [-1, 1],
      [-1, -1],
      [1, -1],
    ][k % 4]!
    rows.push(builder.apply([re], [signs[0]! * scale])[0]!, builder.apply([im], [signs[1]! * scale])[0]!)
  }
  return prune({ rows: builder.rows, inputs, outputs: rows, operations: builder.operations }, inputs, rows)
}

/** Cosine and sine of the phases between neighbouring taps, `[outputs][4]`: pi k / 9 along a row, pi k / 3 across. */
export function tapPhases(outputs: number): Float32Array {
  const phases = new Float32Array(outputs * 4)
  for (let k = 0; k < outputs; k++) {
    // Reduced first: a full turn is 18 steps.
    const along = (Math.PI * (k % 18)) / 9
    const across = (Math.PI * (k % 6)) / 3
    phases.set([Math.cos(along), Math.sin(along), Math.cos(across), Math.sin(across)], 4 * k)
  }
  return phases
}

/** The node nearest to coefficient k. */
const nearestNode = (k: number) => Math.round(k / TAPS)

function lastNode(outputs: number): number {
  return nearestNode(outputs - 1) + REACH
}

/** Node values j = 0 .. lastNode: `sum_s w_s x_s cos(pi j (2s+1) / 2C)`, or the sines, with the window's weights w. */
function nodeValues(
  builder: ListBuilder,
  x: readonly number[],
  outputs: number,
  wave: 'cosine' | 'sine',
): number[] {
  const channels = 2 * x.length
  const last = lastNode(outputs)
  const weighted = x.map((row, s) => {
    // A sine is a cosine from the other end: sin(pi j (2s+1) / 2C) = (-1)^s cos(pi (C-j) (2s+1) / 2C).
    const sign = wave === 'sine' && s % 2 === 1 ? -1 : 1
    return builder.apply([row], [sign / windowSpectrum((Math.PI * (s + 0.5)) / channels)])[0]!
  })
  const index = (j: number) => (wave === 'cosine' ? j : channels - j)
  const nodes = Array.from({ length: last + 1 }, (_, j) => j).filter((j) => index(j) < channels)
  const coefficients = halfDct(builder, weighted, nodes.map(index))
  const values = builder.newRows(last + 1)
  nodes.forEach((j, i) => {
    values[j] = coefficients[i]!
  })
  return values
}

/** Some coefficients of a DCT-II of twice the length of x, the other half of its input zero, without its scales. */
function halfDct(builder: ListBuilder, x: readonly number[], wanted: readonly number[]): number[] {
  const length = 2 * x.length
  const draft = new ListBuilder()
  const draftInputs = draft.newRows(length)
  const all = draftInputs.map((_, k) => wanted.includes(k))
  const draftOutputs = dct2(draft, draftInputs, all)
  const list = prune(
    { rows: draft.rows, inputs: draftInputs, outputs: draftOutputs, operations: draft.operations },
    draftInputs.slice(0, x.length),
    wanted.map((k) => draftOutputs[k]!),
  )
  const { additions, multiplications } = countFlops(list)
  const cosine = (k: number, s: number) => Math.cos((Math.PI * k * (2 * s + 1)) / (2 * length))
  if (additions + multiplications >= (2 * x.length - 1) * wanted.length) {
    return builder.dense(
      x,
      wanted.map(() => true),
      (i, s) => cosine(wanted[i]!, s),
    )
  }
  const rows = builder.include(list, x)
  return rows.map((row, i) => builder.apply([row], [Math.sqrt(length / (wanted[i] === 0 ? 1 : 2))])[0]!)
}

/**
 * Coefficients 0 .. outputs-1 from the node values, which continue to negative nodes as `parity` says. The coefficients
 * at equal distances from a node share their products: even and odd parts of its neighbourhood.
 */
function interpolate(
  builder: ListBuilder,
  outputs: number,
  parity: 1 | -1,
  nodes: readonly number[],
): number[] {
  const half = (TAPS - 1) / 2
  const cells = nearestNode(outputs - 1) + 1
  const at = fanOut(builder, nodes, cells)
  const rows = builder.newRows(outputs)
  for (let cell = 0; cell < cells; cell++) {
    // Mirrored neighbours; at the first node they are the same value, or opposite ones.
    const neighbours = Array.from({ length: REACH }, (_, i) => {
      const above = at(cell + i + 1)
      const below = cell - i - 1
      if (cell === 0) return parity === 1 ? ([above, null] as const) : ([null, above] as const)
      const lower = below < 0 ? builder.signed(at(-below), parity) : at(below)
      return builder.pair(above, lower, BUTTERFLY)
    })
    const middle = at(cell)
    // The butterflies have divided by the root of two; at the first node there was none, and both sides count.
    const share = cell === 0 ? 2 : Math.SQRT2
    const last = Math.min(half, outputs - 1 - TAPS * cell)
    const steps = Array.from({ length: half + 1 }, (_, r) => r)
    const even = [middle, ...neighbours.flatMap(([sum]) => (sum === null ? [] : [sum]))]
    const odd = neighbours.flatMap(([, difference]) => (difference === null ? [] : [difference]))
    const evenPart = builder.dense(
      even,
      steps.map(() => even.length > 1),
      (r, i) => (i === 0 ? kernel(r / TAPS) : (share / 2) * (kernel(r / TAPS - i) + kernel(r / TAPS + i))),
    )
    const oddPart = builder.dense(
      odd.length > 0 ? odd : [middle],
      steps.map((r) => r > 0 && odd.length > 0),
      (r, i) => (share / 2) * (kernel(r / TAPS - i - 1) - kernel(r / TAPS + i + 1)),
    )
    for (const r of steps) {
      const [upper, lower] = [TAPS * cell + r, TAPS * cell - r]
      if (r === 0 || cell === 0) {
        if (upper < outputs) rows[upper] = cell === 0 && parity === -1 ? oddPart[r]! : evenPart[r]!
        continue
      }
      const [sum, difference] = builder.apply([evenPart[r]!, oddPart[r]!], [1, 1, 1, -1])
      if (r <= last) rows[upper] = sum!
      if (lower < outputs) rows[lower] = difference!
    }
  }
  return rows
}

/** Rows are read once: each node becomes as many rows as there are cells that read it. */
function fanOut(builder: ListBuilder, nodes: readonly number[], cells: number): (node: number) => number {
  const copies = nodes.map((row, j) => {
    let readers = 0
    for (let cell = 0; cell < cells; cell++) {
      for (let i = -REACH; i <= REACH; i++) if (Math.abs(cell + i) === j && !(cell === 0 && i < 0)) readers++
    }
    return readers === 0 ? [] : [...builder.apply([row], new Array<number>(readers).fill(1))]
  })
  return (node) => copies[node]!.pop()!
}

/** The interpolating window at a distance in nodes: Kaiser-Bessel. */
function kernel(distance: number): number {
  const x = distance / HALF_WIDTH
  return Math.abs(x) < 1 ? besselI0(SHAPE * Math.sqrt(1 - x * x)) : 0
}

/** Its Fourier transform at a phase in radians a node. */
function windowSpectrum(phase: number): number {
  const root = Math.sqrt(SHAPE ** 2 - (HALF_WIDTH * phase) ** 2)
  return (2 * HALF_WIDTH * Math.sinh(root)) / root
}

/** Modified Bessel function of the first kind, by its power series. */
function besselI0(x: number): number {
  let term = 1
  let sum = 1
  for (let n = 1; term > 1e-17 * sum; n++) {
    term *= (x / (2 * n)) ** 2
    sum += term
  }
  return sum
}
