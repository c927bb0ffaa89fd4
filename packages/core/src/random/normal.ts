// The standard normal quantile, with the same bits on every machine: only + - * / and Math.sqrt, which are correctly
// rounded everywhere, and a logarithm of its own, because engines differ in the last bits of Math.log and Math.cos.

const halfSqrt2 = Math.SQRT1_2

/**
 * Natural logarithm of `0 < x <= 1` within a few units in the last place: `x = m * 2^e`, m near 1, and the series of
 * `2 * atanh((m - 1) / (m + 1))`.
 */
export function reproducibleLog(x: number): number {
  let mantissa = x
  let exponent = 0
  while (mantissa < halfSqrt2) {
    mantissa *= 2
    exponent--
  }
  const s = (mantissa - 1) / (mantissa + 1)
  const square = s * s
  // |s| <= 0.172, so the first term left out, s^23 / 23, is below 2^-62 of the sum.
  let series = 0
  for (let odd = 21; odd >= 1; odd -= 2) series = series * square + 1 / odd
  return exponent * Math.LN2 + 2 * s * series
}

/** Polynomial with the highest power first. */
function horner(coefficients: readonly number[], x: number): number {
  let value = 0
  for (const coefficient of coefficients) value = value * x + coefficient
  return value
}

// Numerators and denominators of Wichura's three rational approximations (AS241, PPND16): of the centre
// |p - 1/2| <= 0.425, of the shoulders up to sqrt(-log p) = 5, and of the tails beyond.
const centre = {
  numerator: [
    2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987, 13731.69376550946,
    1971.5909503065513, 133.14166789178438, 3.3871328727963665,
  ],
  denominator: [
    5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597, 5394.196021424751,
    687.1870074920579, 42.31333070160091, 1,
  ],
}
const shoulder = {
  numerator: [
    0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684, 3.6478483247632045,
    5.769497221460691, 4.630337846156546, 1.4234371107496835,
  ],
  denominator: [
    1.0507500716444169e-9, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008, 0.6897673349851,
    1.6763848301838038, 2.053191626637759, 1,
  ],
}
const tail = {
  numerator: [
    2.0103343992922881e-7, 2.7115555687434876e-5, 0.0012426609473880784, 0.026532189526576124,
    0.29656057182850487, 1.7848265399172913, 5.463784911164114, 6.657904643501103,
  ],
  denominator: [
    2.0442631033899397e-15, 1.421511758316446e-7, 1.8463183175100548e-5, 0.0007868691311456133,
    0.014875361290850615, 0.1369298809227358, 0.599832206555888, 1,
  ],
}

/**
 * The x with `P(X <= x) = p` for a standard normal X, to about 1e-15 relative.
 * Source: Wichura, "Algorithm AS241", Applied Statistics 37 (1988).
 * @param p strictly between 0 and 1
 */
export function normalQuantile(p: number): number {
  const q = p - 0.5
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q
    return (q * horner(centre.numerator, r)) / horner(centre.denominator, r)
  }
  const r = Math.sqrt(-reproducibleLog(q < 0 ? p : 1 - p))
  const part = r <= 5 ? shoulder : tail
  const offset = r <= 5 ? r - 1.6 : r - 5
  const x = horner(part.numerator, offset) / horner(part.denominator, offset)
  return q < 0 ? -x : x
}
