// A sum of scaled values while it is put together. One form serves for all sums of a list, one after the other, so that
// lowering leaves no garbage but the code itself.

/** Relative size below which a coefficient is the rounding error of an exact zero, or of an exact equality. */
const ROUNDING = 1e-12

/** Equal up to rounding. */
export const same = (a: number, b: number) => Math.abs(a - b) <= ROUNDING * Math.abs(a)

/** No multiplication is needed. */
export const isUnit = (coefficient: number) => Math.abs(coefficient) === 1

/** Makes a coefficient that is 1 or -1 up to rounding exactly so. */
export function rounded(coefficient: number): number {
  return same(Math.abs(coefficient), 1) ? Math.sign(coefficient) : coefficient
}

/** Terms `scales[at] * values[at]`, `at < length`. */
export class LinearForm {
  length = 0
  readonly values: number[] = []
  readonly scales: number[] = []
  /** Where the term of a value is, if that is a term and of this value (a sparse set, Briggs & Torczon 1993). */
  readonly #places: Int32Array
  #greatest = 0

  /** @param values numbers of values are below this */
  constructor(values: number) {
    this.#places = new Int32Array(values)
  }

  clear(): void {
    this.length = 0
    this.#greatest = 0
  }

  /** Adds a term, to that of the same value if there is one. */
  add(value: number, scale: number): void {
    this.#greatest = Math.max(this.#greatest, Math.abs(scale))
    const at = this.#places[value]!
    if (at < this.length && this.values[at] === value) {
      this.scales[at]! += scale
      return
    }
    this.#places[value] = this.length
    this.values[this.length] = value
    this.scales[this.length++] = scale
  }

  /** Removes terms that have cancelled out. Nothing can be added from then on. */
  dropZeros(): void {
    let kept = 0
    for (let at = 0; at < this.length; at++) {
      const scale = this.scales[at]!
      if (Math.abs(scale) <= ROUNDING * this.#greatest) continue
      this.values[kept] = this.values[at]!
      this.scales[kept++] = scale
    }
    this.length = kept
  }

  /** Whether all scales are equal but for the sign. */
  hasOneMagnitude(): boolean {
    const first = Math.abs(this.scales[0]!)
    for (let at = 1; at < this.length; at++) if (!same(Math.abs(this.scales[at]!), first)) return false
    return true
  }

  largestMagnitude(): number {
    let largest = 0
    for (let at = 0; at < this.length; at++) largest = Math.max(largest, Math.abs(this.scales[at]!))
    return largest
  }

  negate(): void {
    for (let at = 0; at < this.length; at++) this.scales[at] = -this.scales[at]!
  }

  /** Brings the terms into the order that costs least: a bare value first, then what is added, then what is subtracted. */
  order(): void {
    for (let at = 1; at < this.length; at++) {
      const value = this.values[at]!
      const scale = this.scales[at]!
      let to = at
      while (to > 0 && rank(this.scales[to - 1]!) > rank(scale)) {
        this.values[to] = this.values[to - 1]!
        this.scales[to] = this.scales[to - 1]!
        to--
      }
      this.values[to] = value
      this.scales[to] = scale
    }
  }
}

const rank = (scale: number) => (scale === 1 ? 0 : scale > 0 ? 1 : 2)
