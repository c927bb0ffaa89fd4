// The Philox4x32-10 block function: a bijection of 128-bit counters, one for every 64-bit key. It knows nothing of
// keys by purpose, distributions or streams; those are in `key.ts`.
// Source: Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

const rounds = 10

// Multipliers of the two halves and Weyl increments of the key, from the paper's table 2 and section 3.3.
const multiplier0 = 0xd2511f53
const multiplier1 = 0xcd9e8d57
const weyl0 = 0x9e3779b9
const weyl1 = 0xbb67ae85

/** Upper 32 bits of the 64-bit product of two uint32, as an int32. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const cross = aHigh * bLow + ((aLow * bLow) >>> 16)
  // Each term is below 2^32, so their sum stays exact in a double.
  const middle = aLow * bHigh + (cross & 0xffff)
  return (aHigh * bHigh + (cross - (cross & 0xffff)) / 0x10000 + Math.floor(middle / 0x10000)) | 0
}

/**
 * Enciphers the counter `(c0, c1, c2, c3)` under the key `(k0, k1)`; all are taken modulo 2^32.
 * @param out `[4]` receives the block
 */
export function philox4x32(
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
  out: Uint32Array,
): void {
  let [x0, x1, x2, x3, key0, key1] = [c0, c1, c2, c3, k0, k1]
  for (let round = 0; round < rounds; round++) {
    const high0 = multiplyHigh(multiplier0, x0)
    const high1 = multiplyHigh(multiplier1, x2)
    const low0 = Math.imul(multiplier0, x0)
    const low1 = Math.imul(multiplier1, x2)
    x0 = high1 ^ x1 ^ key0
    x1 = low1
    x2 = high0 ^ x3 ^ key1
    x3 = low0
    key0 = (key0 + weyl0) | 0
    key1 = (key1 + weyl1) | 0
  }
  out[0] = x0
  out[1] = x1
  out[2] = x2
  out[3] = x3
}
