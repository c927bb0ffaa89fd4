// What came out, in sentences made from measured numbers alone. Where a difference lies within the deviations, or a single
// seed leaves it open, the sentence says so.

import { formatDensity } from '../report/format.js'
import { groupBy } from '../report/records.js'
import { briefMeasures, type Cell, type Panel } from './panels.js'
import { countOf, differs, formatSpread, type Spread } from './statistics.js'

interface Entry {
  readonly cell: Cell
  readonly spread: Spread
}

/** For each panel: a sentence a density, then one for the dense network, then how much fewer weights cost. */
export function findingsOf(panels: readonly Panel[]): string[] {
  return panels.flatMap((panel) => {
    const entries = panel.cells.flatMap((cell): Entry[] => {
      const spread = cell.chosen[panel.measure]
      return spread === null ? [] : [{ cell, spread }]
    })
    const sparse = entries.filter(({ cell }) => cell.density !== null)
    const dense = entries.filter(({ cell }) => cell.density === null)
    const where = panels.length === 1 ? '' : `${panel.title}: `
    const densities = [...groupBy(sparse, ({ cell }) => String(cell.density)).values()].sort(
      (a, b) => b[0]!.cell.density! - a[0]!.cell.density!,
    )
    return [
      ...densities.map((ofDensity) => `${where}${atDensity(ofDensity, briefMeasures[panel.measure])}`),
      ...dense.map(({ cell, spread }) => `${where}${cell.method} network: ${result(spread)}.`),
      ...losses(sparse, where),
    ].map(capitalised)
  })
}

function atDensity(entries: readonly Entry[], measure: string): string {
  const ranked = entries.toSorted((a, b) => b.spread.mean - a.spread.mean)
  const [first, second] = ranked
  const density = formatDensity(first!.cell.density!)
  const list = ranked.map(({ cell, spread }) => `${cell.method} ${result(spread)}`).join(', ')
  // The best with the next, and where those are of one kind, with the best of the other kind too.
  const other = ranked.find(({ cell }) => cell.kind !== first!.cell.kind)
  const rivals = new Set([second, other].filter((rival) => rival !== undefined))
  const comparisons = [...rivals].map((rival) => ` ${comparison(first!, rival)}`)
  return `${measure} at ${density}: ${list}.${comparisons.join('')}`
}

function comparison(first: Entry, second: Entry): string {
  const points = `${pointsOf(first.spread.mean - second.spread.mean)} points`
  switch (differs(first.spread, second.spread)) {
    case true:
      return `${first.cell.method} is ahead of ${second.cell.method} by ${points}, more than both deviations together.`
    case false:
      return `The ${points} between ${first.cell.method} and ${second.cell.method} lie within their deviations: no difference is shown.`
    case null:
      return `${points} lie between ${first.cell.method} and ${second.cell.method}; a single seed leaves open how much that means.`
  }
}

/** How much accuracy each method loses from its largest density to its smallest. */
function losses(entries: readonly Entry[], where: string): string[] {
  const falls = [...groupBy(entries, ({ cell }) => cell.method)].flatMap(([method, own]) => {
    const ordered = own.toSorted((a, b) => b.cell.density! - a.cell.density!)
    const [most, least] = [ordered[0]!, ordered.at(-1)!]
    if (most === least) return []
    const range = `from ${formatDensity(most.cell.density!)} to ${formatDensity(least.cell.density!)}`
    return [{ method, range, change: least.spread.mean - most.spread.mean }]
  })
  return [...groupBy(falls, ({ range }) => range)].map(([range, own]) => {
    const changes = own
      .toSorted((a, b) => b.change - a.change)
      .map(
        ({ method, change }) => `${method} ${change > 0 ? 'gains' : 'loses'} ${pointsOf(Math.abs(change))}`,
      )
    return `${where}${range}, ${changes.join(', ')} points.`
  })
}

function result(spread: Spread): string {
  return `${formatSpread(spread)} (${countOf(spread.values.length, 'seed')})`
}

function pointsOf(difference: number): string {
  return (100 * difference).toFixed(1)
}

/** Names of networks are written as they are. */
function capitalised(sentence: string): string {
  return sentence.replace(/^(test|validation|from|dense) /, (word) => word[0]!.toUpperCase() + word.slice(1))
}
