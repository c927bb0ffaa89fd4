// What learning curves show: accuracy and loss, on the validation split or, where there is none, on the training images.

import type { EpochRecord } from 'dctps'
import { formatPercent } from './format.js'

/** What is drawn against the epoch. */
export interface Metric {
  readonly name: string
  /** Where the axis may run, from what all plots show. */
  readonly domain: readonly [number, number]
  readonly tickFormat: (value: number) => string
  readonly valueFormat: (value: number) => string
  readonly read: (record: EpochRecord) => number
}

/** On the validation split, or on the training images where no run has one. */
export function chooseMetrics(
  runs: readonly { readonly epochs: readonly EpochRecord[] }[],
): [accuracy: Metric, loss: Metric] {
  const records = runs.flatMap((run) => run.epochs)
  const validated = records.some((record) => record.validationAccuracy !== null)
  const prefix = validated ? 'Validation' : 'Training'
  const accuracy = (record: EpochRecord) =>
    (validated ? record.validationAccuracy : record.trainAccuracy) ?? Number.NaN
  const loss = (record: EpochRecord) => (validated ? record.validationLoss : record.trainLoss) ?? Number.NaN
  const accuracies = records.map(accuracy).filter(Number.isFinite)
  // A loss that explodes must not flatten the others: the axis ends a little above where the runs began.
  const begins = runs
    .map((run) => run.epochs.map(loss).find(Number.isFinite))
    .filter((value) => value !== undefined)
  begins.sort((a, b) => a - b)
  const typicalBegin = begins[Math.floor(begins.length / 2)] ?? 1
  const highest = largest(records.map(loss).filter(Number.isFinite), 0)
  return [
    {
      name: `${prefix} accuracy`,
      domain: [
        Math.max(0, Math.floor(10 * smallest(accuracies, 1) - 0.2) / 10),
        Math.min(1, Math.ceil(10 * largest(accuracies, 0.1) + 0.2) / 10),
      ],
      tickFormat: (value) => formatPercent(value, 0),
      valueFormat: (value) => formatPercent(value),
      read: accuracy,
    },
    {
      name: `${prefix} loss`,
      domain: [0, Math.min(highest, 1.5 * typicalBegin) * 1.05 || 1],
      tickFormat: (value) => value.toFixed(1),
      valueFormat: (value) => value.toFixed(3),
      read: loss,
    },
  ]
}

// Not Math.min and Math.max of all: hundreds of runs have more epochs than a call takes arguments.

function smallest(values: readonly number[], atMost: number): number {
  return values.reduce((least, value) => Math.min(least, value), atMost)
}

function largest(values: readonly number[], atLeast: number): number {
  return values.reduce((most, value) => Math.max(most, value), atLeast)
}
