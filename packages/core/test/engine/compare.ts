// Comparisons of tensors that name the first place where they differ.

import { expect } from 'vitest'

/** Largest difference relative to the largest reference value, with a floor for tensors that are zero. */
export function expectNear(
  what: string,
  ours: ArrayLike<number>,
  reference: ArrayLike<number>,
  tolerance: number,
  floor = 1e-3,
): void {
  expect(ours.length, `${what}: length`).toBe(reference.length)
  let scale = floor
  for (let i = 0; i < reference.length; i++) scale = Math.max(scale, Math.abs(reference[i]!))
  for (let i = 0; i < reference.length; i++) {
    const difference = Math.abs(ours[i]! - reference[i]!)
    if (!(difference <= tolerance * scale)) {
      expect.fail(`${what}[${i}]: ${ours[i]} instead of ${reference[i]} (largest ${scale})`)
    }
  }
}

/** Equal bit by bit, and finite: two NaN are equal, but show nothing. */
export function expectSameBits(what: string, ours: Float32Array, reference: Float32Array): void {
  expect(ours.length, `${what}: length`).toBe(reference.length)
  const bits = new Uint32Array(ours.buffer, ours.byteOffset, ours.length)
  const expected = new Uint32Array(reference.buffer, reference.byteOffset, reference.length)
  for (let i = 0; i < bits.length; i++) {
    if (bits[i] !== expected[i] || !Number.isFinite(ours[i])) {
      expect.fail(`${what}[${i}]: ${ours[i]} instead of ${reference[i]}`)
    }
  }
}
