// The numbers behind learning curves as comma-separated text: a row an epoch of a run, in full precision.

import type { EpochRecord } from 'dctps'
import { type CsvCell, formatCsv } from './csv.js'

const outcomes = [
  'epoch',
  'step',
  'learningRate',
  'trainLoss',
  'trainAccuracy',
  'validationLoss',
  'validationAccuracy',
] as const
const measured = ['seconds', 'imagesPerSecond'] as const

/** A run's epochs, and the cells that tell it from others. */
export interface RunEpochs {
  readonly names: readonly CsvCell[]
  readonly epochs: readonly EpochRecord[]
}

/**
 * @param header of the cells that tell runs apart
 * @param timings whether to give what differs between two runs of the same result
 */
export function epochsCsv(header: readonly string[], runs: readonly RunEpochs[], timings: boolean): string {
  const fields = timings ? [...outcomes, ...measured] : outcomes
  return formatCsv(
    [...header, ...fields],
    runs.flatMap(({ names, epochs }) =>
      epochs.map((record) => [...names, ...fields.map((field) => record[field])]),
    ),
  )
}
