// Where axes run and what is written along them, for plots that share a kind of quantity.

/** Whole tenths around all accuracies, with a little room. */
export function accuracyDomain(accuracies: readonly number[]): [number, number] {
  const low = Math.max(0, Math.floor(10 * Math.min(...accuracies) - 0.3) / 10)
  return [low, Math.min(1, Math.max(low + 0.1, Math.ceil(10 * Math.max(...accuracies) + 0.3) / 10))]
}

/** Powers of ten where there are enough of them, else with 3, else with 2 and 5 between: never so many that they touch. */
export function logTicks(low: number, high: number): number[] {
  const decades = Array.from({ length: 28 }, (_, index) => Number(`1e${index - 12}`))
  const choices = [[1], [1, 3], [1, 2, 5]].map((steps) =>
    decades
      .flatMap((power) => steps.map((step) => step * power))
      .filter((value) => value >= low && value <= high),
  )
  return choices.find((ticks) => ticks.length >= 3) ?? choices.at(-1)!
}
