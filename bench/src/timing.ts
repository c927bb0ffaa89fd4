// Fair timing on a machine that others use too: contenders take turns in short slices, and the median over the rounds
// counts. Only ratios within one call mean something.

export interface Rounds {
  readonly rounds: number
  /** Length of one contender's turn. */
  readonly sliceSeconds: number
}

/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2
}

/**
 * Seconds that one run of each contender takes. A first round fills caches and does not count.
 */
export function timeInterleaved(
  contenders: readonly (() => void)[],
  { rounds, sliceSeconds }: Rounds,
): number[] {
  const times = contenders.map((): number[] => [])
  for (let round = 0; round <= rounds; round++) {
    contenders.forEach((run, index) => {
      const seconds = timeSlice(run, sliceSeconds)
      if (round > 0) times[index]!.push(seconds)
    })
  }
  return times.map(median)
}

function timeSlice(run: () => void, sliceSeconds: number): number {
  const begin = performance.now()
  let runs = 0
  let elapsed: number
  do {
    run()
    runs++
    elapsed = (performance.now() - begin) / 1000
  } while (elapsed < sliceSeconds)
  return elapsed / runs
}
