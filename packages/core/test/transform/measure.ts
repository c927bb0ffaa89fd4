// What the transform tests share: reproducible signals and the error measure.

/** Numbers in [-1, 1) from a small congruential generator. */
export function noise(length: number, seed: number): Float64Array {
  let state = (seed * 2654435761) >>> 0
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}

/** `|actual - expected| / |expected|` in the Euclidean norm. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0
  let norm = 0
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2
    norm += expected[i]! ** 2
  }
  return Math.sqrt(difference / norm)
}
