// Transforms of odd length, the leaves of the halving in `factor.ts`. A composite length N = qM is split by its smallest
// prime factor into q transforms of length M (decimation in frequency, as in a real Fourier transform); a prime length
// is applied densely, even and odd coefficients apart. All steps are orthogonal.

import { BUTTERFLY, type ListBuilder } from './list-builder.js'
import { dct2Entry, dct4Entry, quarterCosine } from './reference.js'

/** Additions in the list that {@link oddDct2} makes. */
export function oddAdditionCount(length: number): number {
  if (length === 1) return 0
  const factor = smallestPrimeFactor(length)
  const half = (factor - 1) / 2
  const dense = 2 * half + (half + 1) * half + half * (half - 1)
  if (factor === length) return dense
  const parts = length / factor
  return parts * (dense + 2 * half) + factor * oddAdditionCount(parts) + 2 * half * (parts - 1)
}

/** Additions and multiplications for each addition, about, in a composite transform. */
const FLOPS_PER_ADDITION = 2

const count = (wanted: readonly boolean[]) => wanted.filter(Boolean).length
const allOf = (rows: readonly number[]) => rows.map(() => true)

function smallestPrimeFactor(odd: number): number {
  for (let factor = 3; factor * factor <= odd; factor += 2) if (odd % factor === 0) return factor
  return odd
}

/**
 * The orthonormal DCT-II of odd length: rows to rows. A few coefficients cost less when they are computed densely,
 * however composite the length is.
 */
export function oddDct2(builder: ListBuilder, x: readonly number[], wanted: readonly boolean[]): number[] {
  const length = x.length
  if (length === 1) return [...x]
  const factor = smallestPrimeFactor(length)
  const denseFlops = length * count(wanted) + length - 1
  return factor === length || denseFlops < FLOPS_PER_ADDITION * oddAdditionCount(length)
    ? denseDct2(builder, x, wanted)
    : compositeDct2(builder, x, factor, wanted)
}

/** Even coefficients from the sums of mirrored entries and the middle one, odd ones from the differences. */
function denseDct2(builder: ListBuilder, x: readonly number[], wanted: readonly boolean[]): number[] {
  const length = x.length
  const half = (length - 1) / 2
  const sums: number[] = []
  const differences: number[] = []
  for (let j = 0; j < half; j++) {
    const [sum, difference] = builder.pair(x[j]!, x[length - 1 - j]!, BUTTERFLY)
    sums.push(sum)
    differences.push(difference)
  }
  const entry = (k: number, n: number) => dct2Entry(length, k, n) * (n === half ? 1 : Math.SQRT2)
  const [wantedEven, wantedOdd] = [0, 1].map((parity) => wanted.filter((_, k) => k % 2 === parity))
  const even = builder.dense([...sums, x[half]!], wantedEven!, (i, n) => entry(2 * i, n))
  const odd = builder.dense(differences, wantedOdd!, (i, n) => entry(2 * i + 1, n))
  return x.map((_, k) => (k % 2 === 0 ? even : odd)[k >> 1]!)
}

/**
 * With `theta = pi (2n+1) / (2N)` and `phi_i = 2 pi i / q`, coefficient `qm +- j` is
 * `sum_n cos(qm theta) b_n -+ sin(qm theta) c_n`, where `b_n + i c_n = sum_i x_i exp(i j (theta + phi_i))` runs over the q
 * entries at the angles `theta + phi_i`, up to sign and whole turns. The sums over n are a DCT-II and a DST-II of length
 * M; the DST-II is a DCT-II of entries of alternating sign, read backwards.
 */
function compositeDct2(
  builder: ListBuilder,
  x: readonly number[],
  q: number,
  wanted: readonly boolean[],
): number[] {
  const length = x.length
  const parts = length / q
  const half = (q - 1) / 2
  const folded: number[] = []
  const cosines: number[][] = Array.from({ length: half }, () => [])
  const sines: number[][] = Array.from({ length: half }, () => [])
  for (let n = 0; n < parts; n++) {
    const entries = Array.from({ length: q }, (_, i) => x[entryAt(length, 2 * n + 1 + 4 * i * parts)]!)
    const { sum, real, imaginary } = realFourier(builder, entries)
    folded.push(sum)
    for (let j = 1; j <= half; j++) {
      const angle = (Math.PI * j * (2 * n + 1)) / (2 * length)
      const sign = n % 2 === 0 ? 1 : -1
      const [c, s] = [Math.cos(angle), Math.sin(angle)]
      const [b, d] = builder.pair(real[j - 1]!, imaginary[j - 1]!, [c, -s, sign * s, sign * c])
      cosines[j - 1]!.push(b)
      sines[j - 1]!.push(d)
    }
  }
  return joinedParts(builder, oddDct2, { q, folded, cosines, sines }, wanted)
}

/** A DCT-II of length qM in parts of length M, each summed up over the entries at equal angles. */
export interface TransformParts {
  readonly q: number
  /** What coefficients `qm` are the DCT-II of. */
  readonly folded: readonly number[]
  /** For j = 1, 2, ..: what the sums of coefficients `qm +- j` over cosines are the DCT-II of, */
  readonly cosines: readonly (readonly number[])[]
  /** and those over sines, with alternating sign. */
  readonly sines: readonly (readonly number[])[]
}

/**
 * The coefficients of a transform in parts; for an even q those at `qm + q/2` are left out.
 * @param dct2 the DCT-II of the parts
 */
export function joinedParts(
  builder: ListBuilder,
  dct2: (builder: ListBuilder, x: readonly number[], wanted: readonly boolean[]) => number[],
  { q, folded, cosines, sines }: TransformParts,
  wanted: readonly boolean[],
): number[] {
  const parts = folded.length
  const length = q * parts
  const y = new Array<number>(length)
  const multiples = folded.map((_, m) => wanted[q * m]!)
  dct2(builder, folded, multiples).forEach((row, m) => {
    y[q * m] = row
  })
  for (let j = 1; j <= cosines.length; j++) {
    const neighbours = folded.map((_, m) => (m > 0 && wanted[q * m - j]!) || wanted[q * m + j]!)
    const mirrored = folded.map(
      (_, m) => wanted[length - q * m - j]! || (m > 0 && wanted[length - q * m + j]!),
    )
    const b = dct2(builder, cosines[j - 1]!, neighbours)
    const d = dct2(builder, sines[j - 1]!, mirrored)
    y[j] = b[0]!
    y[length - j] = d[0]!
    for (let m = 1; m < parts; m++) {
      const [sum, difference] = builder.pair(b[m]!, d[parts - m]!, BUTTERFLY)
      y[q * m - j] = sum
      y[q * m + j] = difference
    }
  }
  return y
}

/** The entry n whose angle `pi (2n+1) / (2 length)` has the cosine of `pi odd / (2 length)`. */
function entryAt(length: number, odd: number): number {
  const turn = odd % (4 * length)
  return (turn < 2 * length ? turn - 1 : 4 * length - turn - 1) / 2
}

/**
 * The orthonormal Fourier transform of an odd, prime number of real rows: their sum, and the real and imaginary parts
 * (of `exp(+i ..)`) of frequencies 1 .. (q-1)/2.
 */
function realFourier(
  builder: ListBuilder,
  x: readonly number[],
): { sum: number; real: number[]; imaginary: number[] } {
  const q = x.length
  const half = (q - 1) / 2
  const sums: number[] = []
  const differences: number[] = []
  for (let i = 1; i <= half; i++) {
    const [sum, difference] = builder.pair(x[i]!, x[q - i]!, BUTTERFLY)
    sums.push(sum)
    differences.push(difference)
  }
  const cosine = (j: number, i: number) =>
    Math.sqrt((j === 0 ? 1 : 2) / q) * (i === 0 ? 1 : Math.SQRT2) * quarterCosine(4 * i * j, q)
  const sine = (j: number, i: number) => (2 / Math.sqrt(q)) * Math.sin((2 * Math.PI * ((i * j) % q)) / q)
  const [sum, ...real] = builder.dense([x[0]!, ...sums], allOf([x[0]!, ...sums]), cosine)
  const imaginary = builder.dense(differences, allOf(differences), (j, i) => sine(j + 1, i + 1))
  return { sum: sum!, real, imaginary }
}

/** The orthonormal DCT-IV of odd length, as {@link oddDct2}. */
export function oddDct4(builder: ListBuilder, x: readonly number[], wanted: readonly boolean[]): number[] {
  const length = x.length
  if (length === 1) return [...x]
  const denseFlops = (2 * length - 1) * count(wanted)
  return denseFlops < FLOPS_PER_ADDITION * oddAdditionCount(length) + length
    ? builder.dense(x, wanted, (k, n) => dct4Entry(length, k, n))
    : hartleyDct4(builder, x)
}

/**
 * A DCT-IV of odd length N is a Hartley transform, and so a DCT-II of the same length but for butterflies, signs and
 * order: entry `2n+1 = +-(N + 4a)` and coefficient `2k+1 = +-(N + 4b)` meet at the angle `pi N / 4 + pi (a + b) + 4 pi ab / N`.
 */
function hartleyDct4(builder: ListBuilder, x: readonly number[]): number[] {
  const length = x.length
  const half = (length - 1) / 2
  const parity = (n: number) => (n % 2 === 0 ? 1 : -1)
  // The DCT-II has entry t at its middle plus t; its odd coefficients want odd t mirrored.
  const entries = Array.from({ length }, (_, n) => {
    const t = n - half
    const a = ((t % 2 === 0 ? t : -t) + length) % length
    const { index, sign } = hartleyIndex(length, a)
    return builder.signed(x[index]!, sign * parity(a))
  })
  // Every coefficient is worth having here: few wanted ones would have been computed densely.
  const coefficients = oddDct2(builder, entries, allOf(entries))
  const y = new Array<number>(length)
  const [c, s] = [Math.cos((Math.PI * length) / 4), Math.sin((Math.PI * length) / 4)]
  const first = hartleyIndex(length, 0)
  y[first.index] = builder.signed(coefficients[0]!, first.sign * Math.sign(c))
  for (let frequency = 1; frequency <= half; frequency++) {
    // 2b = frequency, and 2b = -frequency, modulo the length.
    const b = frequency % 2 === 0 ? frequency / 2 : (frequency + length) / 2
    const [plus, minus] = [b, length - b].map((at) => ({ ...hartleyIndex(length, at), parity: parity(at) }))
    const real = parity(frequency) * c
    const imaginary = parity(half - frequency) * s
    const rows = [plus!, minus!].flatMap(({ sign, parity }, at) => [
      sign * parity * real,
      sign * parity * (at === 0 ? -imaginary : imaginary),
    ])
    const [yPlus, yMinus] = builder.pair(
      coefficients[2 * frequency]!,
      coefficients[length - 2 * frequency]!,
      rows,
    )
    y[plus!.index] = yPlus
    y[minus!.index] = yMinus
  }
  return y
}

/** `cos(pi q (N + 4a) / (4N)) = sign * cos(pi q (2 index + 1) / (4N))` for all odd q. */
function hartleyIndex(length: number, a: number): { index: number; sign: number } {
  const turn = (length + 4 * a) % (8 * length)
  const halfTurns = Math.floor(turn / (2 * length))
  const odd = [turn, 4 * length - turn, turn - 4 * length, 8 * length - turn][halfTurns]!
  return { index: (odd - 1) / 2, sign: halfTurns === 0 || halfTurns === 3 ? 1 : -1 }
}
