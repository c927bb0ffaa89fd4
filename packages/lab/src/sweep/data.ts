// The data sets of a sweep, each opened once before any run starts: what is missing or does not fit is said at once, and
// the processes of the runs find decoded images in the cache instead of decoding them side by side.

import { DctpsError, findArchitecture } from 'dctps'
import type { RunConfig } from '../config/index.js'
import type { OpenedDataset } from '../data/index.js'
import { networkInput, openConfiguredData, type PrepareOptions } from '../run/index.js'
import { describeRun, type SweepRun } from './expand.js'

/** Runs with equal keys read the same images. */
export function dataKey({ data, size, fit, cifar100Labels }: RunConfig): string {
  return JSON.stringify([data, size, fit, cifar100Labels])
}

/**
 * Opens the data of each run, one data set after the other, and checks that the networks take it.
 * @param visit called once a data set with the runs that use it; afterwards nothing holds on to the images
 * @throws DctpsError `data` or `usage` when data is missing, damaged, or does not fit a network
 */
export async function visitData(
  runs: readonly SweepRun[],
  options: PrepareOptions,
  visit: (data: OpenedDataset, runs: readonly SweepRun[]) => Promise<void> = async () => {},
): Promise<void> {
  const groups = new Map<string, SweepRun[]>()
  for (const run of runs) {
    const key = dataKey(run.config)
    groups.set(key, [...(groups.get(key) ?? []), run])
  }
  for (const group of groups.values()) {
    const data = await openConfiguredData(group[0]!.config, options)
    for (const run of group) checkFits(run, data)
    await visit(data, group)
  }
}

function checkFits(run: SweepRun, { train }: OpenedDataset): void {
  try {
    networkInput(findArchitecture(run.config.network), train)
  } catch (error) {
    if (!(error instanceof DctpsError)) throw error
    throw new DctpsError(error.code, `${describeRun(run)}: ${error.message}`, { cause: error })
  }
}
