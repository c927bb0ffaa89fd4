// The reference run: every fixture of a folder, one after the other.

import type { SimdFlavour } from 'dctps/internal/transform/simd'
import type { FileReport } from './comparison.js'
import { checkDensities } from './density-table.js'
import { discoverFixtures, type Fixture } from './discover.js'
import { checkLayers } from './layer-fixture.js'
import { checkModels } from './model-counts.js'
import { checkSteps } from './step-fixture.js'

/** What a folder gave. */
export interface ReferenceRun {
  readonly folder: string
  readonly files: readonly FileReport[]
  /** Files that are no fixture. */
  readonly others: readonly string[]
}

/**
 * Checks every fixture of a folder against the engine.
 * @param simd vector code of the engine
 * @param onFile called with each file's report as it is done
 * @throws DctpsError `usage` when the folder cannot be listed; whatever is wrong inside it is in the reports
 */
export async function runReference(
  folder: string,
  onFile: (report: FileReport) => void = () => {},
  simd: SimdFlavour = 'plain',
): Promise<ReferenceRun> {
  const { fixtures, incomplete, others } = await discoverFixtures(folder)
  const files: FileReport[] = []
  const add = (report: FileReport): void => {
    files.push(report)
    onFile(report)
  }
  for (const fixture of fixtures) add(await checkFixture(folder, fixture, simd))
  for (const { file, missing } of incomplete) {
    const problem = `${file} is half of a fixture: ${missing} is missing; add it, or take ${file} away`
    add({ file, comparisons: [], problems: [problem], skipped: [] })
  }
  return { folder, files, others }
}

function checkFixture(folder: string, fixture: Fixture, simd: SimdFlavour): Promise<FileReport> {
  switch (fixture.kind) {
    case 'layers':
      return checkLayers(folder, fixture, simd)
    case 'step':
      return checkSteps(folder, fixture, simd)
    case 'models':
      return checkModels(folder, fixture)
    case 'densities':
      return checkDensities(folder, fixture)
  }
}
