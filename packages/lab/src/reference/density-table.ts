// `densities.json`: the published density of every layer for each support rule, without exact budgets.

import { DctpsError } from 'dctps/internal/errors'
import { kernelLayers, weightShape } from 'dctps/internal/network/network'
import { publishedDensities } from 'dctps/internal/support/index'
import { z } from 'zod'
import { type Comparison, type FileReport, largestDifference, noting } from './comparison.js'
import type { SingleFixture } from './discover.js'
import { readFixtureJson } from './fixture-file.js'
import { knownNetwork } from './known-network.js'

/** The published code's names for our rules. */
const rules = {
  uniform: 'uniform',
  equal_per_layer: 'epl',
  equal_per_filter: 'epf',
  erk: 'erk',
} as const

/** Both sides compute a few operations in float64 on numbers up to 1. */
const tolerance = 1e-12

const densityEntry = z.object({
  arch: z.string(),
  classes: z.int(),
  distribution: z.enum(['uniform', 'equal_per_layer', 'equal_per_filter', 'erk']),
  density: z.number(),
  layerDensities: z.array(z.number()),
})

export async function checkDensities(folder: string, { file }: SingleFixture): Promise<FileReport> {
  const problems: string[] = []
  const comparisons: Comparison[] = []
  const missing = new Set<string>()
  const entries = await noting(problems, '', async () => {
    const parsed = z.array(densityEntry).safeParse(await readFixtureJson(folder, file))
    if (parsed.success) return parsed.data
    const { path, message } = parsed.error.issues[0]!
    throw new DctpsError('file', `${file} is not a list of densities, at ${path.join('.')}: ${message}`)
  })
  for (const { arch, classes, distribution, density, layerDensities } of entries ?? []) {
    const name = `${arch}, ${classes} classes, density ${density}`
    await noting(problems, `${file}, ${name}, ${distribution}`, () => {
      const network = knownNetwork({ arch, classes, kind: 'dctps', input: null })
      if (network === null) {
        missing.add(arch)
        return
      }
      const kernels = kernelLayers(network).map((layer) => ({ name: layer.name, shape: weightShape(layer) }))
      if (kernels.length !== layerDensities.length) {
        throw new DctpsError(
          'file',
          `it lists ${layerDensities.length} layers, the network has ${kernels.length}`,
        )
      }
      const ours = publishedDensities(kernels, rules[distribution], density)
      comparisons.push({
        kind: distribution,
        name,
        error: largestDifference(ours, layerDensities),
        tolerance,
      })
    })
  }
  return { file, comparisons, problems, skipped: [...missing] }
}
