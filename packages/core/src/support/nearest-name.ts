// The "did you mean" of messages about unknown names.

/** Insertions, deletions, replacements and swaps of neighbours that turn one string into the other. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replace = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swap = swapped ? beforeLast[j - 2]! + 1 : replace
      row.push(Math.min(replace, swap, last[j]! + 1, row[j - 1]! + 1))
    }
    beforeLast = last
    last = row
  }
  return last[b.length]!
}

/** The known name closest to what was received, ignoring case; none when less than half of it agrees. */
export function nearestName(received: string, known: readonly string[]): string | undefined {
  const distances = known.map((name) => editDistance(received.toLowerCase(), name.toLowerCase()))
  const best = Math.min(...distances)
  const name = known[distances.indexOf(best)]
  return name !== undefined && best <= Math.max(received.length, name.length) / 2 ? name : undefined
}

/** ` (did you mean x?)`, or nothing. */
export function didYouMean(received: string, known: readonly string[]): string {
  const name = nearestName(received, known)
  return name === undefined ? '' : ` (did you mean ${name}?)`
}
