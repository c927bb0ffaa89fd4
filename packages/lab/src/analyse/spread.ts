// Several numbers for one: what a table or a plot shows of values over seeds or images.

export interface Spread {
  readonly mean: number
  /** Sample standard deviation; null of a single value. */
  readonly deviation: number | null
  readonly least: number
  readonly most: number
  /** Values that there were. */
  readonly count: number
}

/** Null where there is no value at all; values that are null are left out. */
export function spreadOf(values: readonly (number | null)[]): Spread | null {
  const given = values.filter((value) => value !== null)
  if (given.length === 0) return null
  const mean = given.reduce((sum, value) => sum + value, 0) / given.length
  const squares = given.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return {
    mean,
    deviation: given.length === 1 ? null : Math.sqrt(squares / (given.length - 1)),
    least: Math.min(...given),
    most: Math.max(...given),
    count: given.length,
  }
}

/** The middle value, the mean of the two in the middle of an even number; infinite values may be among them. */
export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const [upper, lower] = [sorted[middle]!, sorted[sorted.length % 2 === 1 ? middle : middle - 1]!]
  return upper === lower ? upper : (upper + lower) / 2
}
