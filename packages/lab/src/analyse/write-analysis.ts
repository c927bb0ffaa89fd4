// The files of an analysis: the page, all numbers as CSV, and everything as JSON.

import { join } from 'node:path'
import { writeFileAtomic } from 'dctps/node'
import { formatDensity } from '../report/format.js'
import type { ReportFact } from '../report/records.js'
import { version } from '../run/version.js'
import { renderAnalysis } from './analysis-page.js'
import { analysisCsv } from './numbers.js'
import { planHash } from './plan.js'
import type { Analysis } from './run-analysis.js'
import { summarise } from './summary.js'

export interface AnalysisPaths {
  readonly folder: string
  readonly page: string
  readonly csv: string
  readonly json: string
}

export function analysisPaths(folder: string): AnalysisPaths {
  return {
    folder,
    page: join(folder, 'analysis.html'),
    csv: join(folder, 'analysis.csv'),
    json: join(folder, 'analysis.json'),
  }
}

/** Everything that was measured, and what it came to; equal analyses give equal documents. */
export function analysisJson(analysis: Analysis): object {
  const { plan, classes, points, series } = analysis
  return {
    hash: planHash(plan),
    plan,
    classes,
    points: points.map(({ name, type, rectified }) => ({ name, type, rectified })),
    series: series.map((each) => ({ ...each, summary: summarise(analysis, each) })),
  }
}

/**
 * Writes the three files; existing ones are replaced by whole ones.
 * @param paths in a folder that is there
 * @param data the data set in words
 * @throws DctpsError `file` when they cannot be written
 */
export async function writeAnalysis(paths: AnalysisPaths, analysis: Analysis, data: string): Promise<void> {
  const json = `${JSON.stringify(analysisJson(analysis), null, 2)}\n`
  await writeFileAtomic(paths.page, Buffer.from(renderAnalysis(analysis, factsOf(analysis, data))))
  await writeFileAtomic(paths.csv, Buffer.from(analysisCsv(analysis)))
  await writeFileAtomic(paths.json, Buffer.from(json))
}

function factsOf({ plan, classes, series }: Analysis, data: string): ReportFact[] {
  const { network, width, stable, densities, rule, images, seeds } = plan
  const options = [...(width === undefined ? [] : [`width ${width}`]), ...(stable ? ['stable'] : [])]
  const weights = series.flatMap(({ kind, densities: own, nonZeros }) =>
    kind === 'dense' ? [] : own.map((density, i) => [density, nonZeros[i]!] as const),
  )
  return [
    { label: 'network', value: [network, ...options, `${classes} classes`].join(', ') },
    { label: 'data', value: data },
    {
      label: 'probe images',
      value: `${images} training images a seed, drawn at random, normalised as in training`,
    },
    {
      label: 'seeds',
      value: `0 to ${seeds - 1}; each draws its own images, supports and initial values, as dctps train does`,
    },
    ...(rule === null
      ? []
      : [
          { label: 'supports', value: `random, rule ${rule}, exact budgets` },
          {
            label: 'kernel weights',
            value: densities
              .map((density) => {
                const stored = weights.find(([own]) => own === density)?.[1]
                return `${formatDensity(density)}: ${stored?.toLocaleString('en-US') ?? 'n/a'}`
              })
              .join('; '),
          },
        ]),
    {
      label: 'initial values',
      value:
        'DCTpS: S zero, alpha 1 (Fixup networks: as the paper says). Sparse and dense: Kaiming normal on the dense shape',
    },
    { label: 'batch norm', value: 'statistics of the probe batch; derivatives take them as constants' },
    { label: 'arithmetic', value: 'float64; nothing is trained' },
    { label: 'software', value: `dctps ${version}, Node ${process.versions.node}` },
    { label: 'configuration', value: `hash ${planHash(plan)}` },
  ]
}
