// Explicit randomness: a key is a pure function from counters to random numbers, and folding gives new keys by
// purpose. Nothing is consumed, so resuming, threads and the order of evaluation cannot change a run. One key serves
// one purpose: two kinds of draws from one key at one counter share their bits.

import { DctpsError } from '../errors.js'
import { normalQuantile } from './normal.js'
import { philox4x32 } from './philox.js'

const twoPow32 = 2 ** 32
const twoPow53 = 2 ** 53

// The fourth counter word separates draws from foldings, so that no draw of a key equals a key folded from it.
const domain = { draw: 0, foldNumber: 1, foldString: 2 }

function checkInteger(value: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new DctpsError('usage', `${what} must be an integer from 0 to 2^53 - 1, received ${value}`)
  }
}

/** An immutable 64-bit key of Philox4x32-10. Counters are integers from 0 to 2^53 - 1. */
export class Key {
  readonly #word0: number
  readonly #word1: number
  // Written and read within one call only; spares an allocation per draw.
  readonly #block = new Uint32Array(4)

  private constructor(word0: number, word1: number) {
    this.#word0 = word0
    this.#word1 = word1
  }

  /**
   * The root key of a run.
   * @param seed an integer from 0 to 2^53 - 1
   * @throws DctpsError `usage`
   */
  static fromSeed(seed: number): Key {
    checkInteger(seed, 'a seed')
    return new Key(seed >>> 0, Math.floor(seed / twoPow32))
  }

  /**
   * The key for a purpose, e.g. `key.fold('support', layer)`; `fold(a, b)` equals `fold(a).fold(b)`. The number 3 and
   * the string '3' give different keys.
   * @throws DctpsError `usage` when a number is not an integer from 0 to 2^53 - 1
   */
  fold(...parts: readonly (string | number)[]): Key {
    let key: Key = this
    for (const part of parts) key = typeof part === 'number' ? key.#foldNumber(part) : key.#foldString(part)
    return key
  }

  #foldNumber(part: number): Key {
    checkInteger(part, 'a number folded into a key')
    return this.#derive(part >>> 0, Math.floor(part / twoPow32), 0, domain.foldNumber)
  }

  // Four UTF-16 units a block; every block also carries the length, so that padding cannot make two strings equal.
  #foldString(part: string): Key {
    const unit = (index: number) => (index < part.length ? part.charCodeAt(index) : 0)
    const pair = (index: number) => unit(index) + unit(index + 1) * 0x10000
    let key: Key = this
    for (let i = 0; i === 0 || i < part.length; i += 4) {
      key = key.#derive(pair(i), pair(i + 2), part.length, domain.foldString)
    }
    return key
  }

  #derive(c0: number, c1: number, c2: number, c3: number): Key {
    const block = this.#block
    philox4x32(c0, c1, c2, c3, this.#word0, this.#word1, block)
    return new Key(block[0]!, block[1]!)
  }

  /** Writes the 128 random bits of a counter into `out: [4]`. */
  bits(counter: number, out: Uint32Array): void {
    this.#draw(counter, 0, out)
  }

  #draw(counter: number, attempt: number, out: Uint32Array): void {
    philox4x32(
      counter >>> 0,
      Math.floor(counter / twoPow32),
      attempt,
      domain.draw,
      this.#word0,
      this.#word1,
      out,
    )
  }

  /** A multiple of 2^-53 in [0, 1). */
  uniform(counter: number): number {
    this.#draw(counter, 0, this.#block)
    return this.#integer53() / twoPow53
  }

  /**
   * An integer in [0, bound), each equally likely.
   * @param bound an integer from 1 to 2^53
   * @throws DctpsError `usage`
   */
  integer(counter: number, bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > twoPow53) {
      throw new DctpsError(
        'usage',
        `a random integer's bound must be an integer from 1 to 2^53, received ${bound}`,
      )
    }
    // Values above the largest multiple of the bound would favour small results: draw again.
    const limit = twoPow53 - (twoPow53 % bound)
    for (let attempt = 0; ; attempt++) {
      this.#draw(counter, attempt, this.#block)
      const value = this.#integer53()
      if (value < limit) return value % bound
    }
  }

  /**
   * A standard normal number: the quantile of a uniform one with 52 bits, so within +-8.2. The same bits on every
   * machine (see `normal.ts`), and a function of the counter alone: a sparse initialisation that uses a weight's flat
   * index as its counter is the dense one restricted to the support.
   */
  normal(counter: number): number {
    this.#draw(counter, 0, this.#block)
    const value = Math.floor(this.#integer53() / 2)
    return normalQuantile((value + 0.5) / (twoPow53 / 2))
  }

  /**
   * The numbers 0..n-1 in random order, every order equally likely (Fisher-Yates), `[n]`.
   * @throws DctpsError `usage`
   */
  permutation(n: number): Uint32Array {
    if (!Number.isInteger(n) || n < 0 || n >= twoPow32) {
      throw new DctpsError(
        'usage',
        `a permutation's length must be an integer from 0 to 2^32 - 1, received ${n}`,
      )
    }
    const order = new Uint32Array(n)
    for (let i = 0; i < n; i++) {
      const j = this.integer(i, i + 1)
      order[i] = order[j]!
      order[j] = i
    }
    return order
  }

  /** 53 random bits of the block. */
  #integer53(): number {
    const [high, low] = [this.#block[0]!, this.#block[1]!]
    return (high >>> 11) * twoPow32 + low
  }
}
