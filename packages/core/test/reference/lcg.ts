// A tiny linear congruential generator for test data, seeded by the integers that fast-check draws, so that a failing
// case is fully described by its counterexample.

export class Lcg {
  #state: number

  constructor(seed: number) {
    // One multiplicative hash, so that neighbouring seeds do not start with neighbouring numbers.
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0
  }

  /** In [0, 1), a multiple of 2^-24: exact in float32. */
  fraction(): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0
    // The low bits of such a generator have short periods; the upper 24 are kept.
    return (this.#state >>> 8) / 2 ** 24
  }

  /** In [low, high), rounded to float32: engine and reference start from the same numbers. */
  uniform(low: number, high: number): number {
    return Math.fround(low + this.fraction() * (high - low))
  }

  /** In 0 .. bound - 1. */
  integer(bound: number): number {
    return Math.floor(this.fraction() * bound)
  }

  /** `size` numbers in [-limit, limit), exact in float32. */
  values(size: number, limit = 1): Float64Array {
    return new Float64Array(size).map(() => this.uniform(-limit, limit))
  }
}
