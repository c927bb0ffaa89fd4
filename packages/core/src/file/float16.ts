// IEEE 754 half precision in both directions, in plain arithmetic: engines of today lack Float16Array.

import { DctpsError } from '../errors.js'

/** 65504 is the largest half; from here on, rounding to nearest would give infinity. */
const overflow = 65520

/** Below this the exponent is fixed and precision shrinks: the subnormal halves, multiples of 2^-24. */
const smallestNormal = 2 ** -14

function roundHalfToEven(x: number): number {
  const floor = Math.floor(x)
  const fraction = x - floor
  return fraction > 0.5 || (fraction === 0.5 && floor % 2 === 1) ? floor + 1 : floor
}

function encodeMagnitude(magnitude: number): number {
  if (magnitude < smallestNormal) return roundHalfToEven(magnitude * 2 ** 24)
  let exponent = 0
  let mantissa = magnitude
  for (; mantissa >= 2; mantissa /= 2) exponent++
  for (; mantissa < 1; mantissa *= 2) exponent--
  // A mantissa that rounds up to 2 carries into the exponent, as it should.
  return (exponent + 15) * 1024 + (roundHalfToEven(mantissa * 1024) - 1024)
}

/**
 * The nearest halves, ties to even, as their 16 bits `[n]`.
 * @param label names the array in messages
 * @throws DctpsError `file` for a value that is not finite or at least 65520 in magnitude
 */
export function encodeFloat16(values: ArrayLike<number>, label: string): Uint16Array {
  const halves = new Uint16Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    const magnitude = Math.abs(value)
    if (!(magnitude < overflow)) {
      throw new DctpsError(
        'file',
        `${label}: value ${i} is ${value}, but float16 holds magnitudes up to 65504; store float32 instead`,
      )
    }
    const negative = value < 0 || Object.is(value, -0)
    halves[i] = encodeMagnitude(magnitude) + (negative ? 0x8000 : 0)
  }
  return halves
}

/** The values of halves `[n]`; exact, since every half is a float32. Infinities and NaN come out as such. */
export function decodeFloat16(halves: Uint16Array): Float32Array {
  return Float32Array.from(halves, (half) => {
    const sign = half & 0x8000 ? -1 : 1
    const exponent = (half >>> 10) & 31
    const fraction = half & 1023
    if (exponent === 0) return sign * fraction * 2 ** -24
    if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
    return sign * (1024 + fraction) * 2 ** (exponent - 25)
  })
}
