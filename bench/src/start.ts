// How a run of the bench begins: with the machine, what else it does, and no results.

import { cpus } from 'node:os'
import { currentLoad, tolerableLoad } from './load.js'
import type { BenchResults } from './results.js'

/** Says so when the machine is busy. */
export async function startResults(quick: boolean): Promise<BenchResults> {
  const otherLoad = await currentLoad()
  if (otherLoad > tolerableLoad) {
    const share = Math.round(otherLoad * 100)
    console.log(`Other work takes ${share}% of this machine: only ratios within one table mean anything.\n`)
  }
  const processors = cpus()
  const machine = {
    processor: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    node: process.version,
  }
  return {
    machine,
    quick,
    otherLoad,
    transforms: [],
    layers: [],
    steps: [],
    peers: [],
    unmeasured: [],
    growth: null,
  }
}
