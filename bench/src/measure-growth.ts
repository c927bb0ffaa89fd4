// A run of the bench that shows how cost grows: measures, prints tables, and draws.

import { useOptimisedCode } from './bench-program.js'
import { growLayers } from './growth-layers.js'
import { growNetworks } from './growth-networks.js'
import { drawGrowth } from './growth-plot.js'
import { layerGrowthTable, networkGrowthTable } from './growth-tables.js'
import type { GrowthOptions } from './options.js'
import { Progress } from './progress.js'
import type { BenchResults } from './results.js'
import { startResults } from './start.js'
import type { Rounds } from './timing.js'

/**
 * @param save is given the results so far whenever there are more
 * @param savePlot is given the same as SVG
 */
export async function measureGrowth(
  { quick }: GrowthOptions,
  save: (results: BenchResults) => void,
  savePlot: (svg: string) => void,
): Promise<void> {
  // What differs by factors needs no more.
  const rounds: Rounds = quick ? { rounds: 3, sliceSeconds: 0.2 } : { rounds: 5, sliceSeconds: 0.4 }
  const empty = await startResults(quick)
  const progress = new Progress(process.stderr, 2)
  const show = (share: number, what: string) => progress.show(what, share)
  const keep = (more: Pick<BenchResults, 'growth'> & Partial<BenchResults>) => {
    save({ ...empty, ...more })
    if (more.growth !== null) savePlot(drawGrowth(more.growth))
  }

  const endPart = () => {
    progress.next()
    progress.clear()
  }

  useOptimisedCode()
  const layers = await growLayers(quick, show)
  keep({ growth: { layers, networks: [] } })
  endPart()
  console.log(`One layer of d inputs and d outputs, one thread\n\n${layerGrowthTable(layers)}\n`)

  const { rows, unmeasured } = await growNetworks(quick, rounds, show, (growth) =>
    keep({ growth: { layers, networks: growth.rows }, unmeasured: growth.unmeasured }),
  )
  endPart()
  console.log(`Training steps of ResNet-18 by the width of its first stage\n\n${networkGrowthTable(rows)}\n`)
  for (const { by, density, reason } of unmeasured)
    console.log(`Not measured: density ${density}, by ${by}: ${reason}\n`)
}
