// Ascending positions in few bits: the gaps between them, Golomb-Rice coded. For random positions that is about
// log2(1/density) + 1.5 bits each, within a few hundredths of a bit of the entropy. Layout: docs/formats.md.

import { DctpsError } from '../errors.js'

const maxRiceParameter = 31

/**
 * Codes ascending positions: one byte with the Rice parameter k, then for every gap `g` (positions skipped since the
 * previous one) `g >> k` one-bits, a zero-bit, and the k low bits of g; most significant bit first, zero-padded.
 * @param positions strictly ascending `[count]`
 */
export function encodePositions(positions: Uint32Array): Uint8Array {
  const gaps = positions.map((position, i) => (i === 0 ? position : position - positions[i - 1]! - 1))
  const { parameter, bits } = bestParameter(gaps)
  const bytes = new Uint8Array(1 + Math.ceil(bits / 8))
  bytes[0] = parameter
  let at = 8
  const putOne = () => {
    bytes[at >>> 3]! |= 0x80 >>> (at & 7)
    at++
  }
  for (const gap of gaps) {
    for (let quotient = gap >>> parameter; quotient > 0; quotient--) putOne()
    at++
    for (let bit = parameter - 1; bit >= 0; bit--) {
      if ((gap >>> bit) & 1) putOne()
      else at++
    }
  }
  return bytes
}

function bestParameter(gaps: Uint32Array): { parameter: number; bits: number } {
  let best = { parameter: 0, bits: Number.POSITIVE_INFINITY }
  for (let parameter = 0; parameter <= maxRiceParameter; parameter++) {
    let bits = gaps.length * (parameter + 1)
    for (const gap of gaps) bits += gap >>> parameter
    if (bits < best.bits) best = { parameter, bits }
  }
  return best
}

/**
 * The inverse of {@link encodePositions}.
 * @param count positions to read, all below `entries`
 * @param label names the file and layer in messages
 * @throws DctpsError `file` when the bytes are not the code of exactly such positions
 */
export function decodePositions(
  bytes: Uint8Array,
  count: number,
  entries: number,
  label: string,
): Uint32Array {
  const damaged = (reason: string) =>
    new DctpsError(
      'file',
      `${label}: coded positions are damaged: ${reason}; expected ${count} positions below ${entries}`,
    )
  const parameter = bytes[0]
  if (parameter === undefined) throw damaged('they are empty')
  if (parameter > maxRiceParameter) throw damaged(`Rice parameter ${parameter} is above ${maxRiceParameter}`)
  // Every position takes at least k + 1 bits: refuses an absurd count before allocating for it.
  if (count * (parameter + 1) > (bytes.length - 1) * 8) throw damaged('they end too early')

  let at = 8
  const nextBit = () => {
    const byte = bytes[at >>> 3]
    if (byte === undefined) throw damaged('they end too early')
    return (byte >>> (7 - (at++ & 7))) & 1
  }
  const positions = new Uint32Array(count)
  let position = -1
  for (let i = 0; i < count; i++) {
    let gap = 0
    while (nextBit() === 1) gap++
    for (let bit = 0; bit < parameter; bit++) gap = gap * 2 + nextBit()
    position += gap + 1
    if (position >= entries) throw damaged(`position ${i} is ${position}`)
    positions[i] = position
  }
  if (bytes.length !== Math.ceil(at / 8))
    throw damaged(`${bytes.length} bytes where ${Math.ceil(at / 8)} suffice`)
  while (at % 8 !== 0) if (nextBit() === 1) throw damaged('the padding is not zero')
  return positions
}
