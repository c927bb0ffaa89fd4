// Small made-up runs for the tests of the report: every field is set, and tests change what they are about.

import type { EpochRecord } from 'dctps'
import type { ReportAnswer, ReportInput, ReportLayer, ReportRun } from '#lab/report/records'

export function epochRecord(epoch: number, changes: Partial<EpochRecord> = {}): EpochRecord {
  return {
    epoch,
    step: 10 * epoch,
    learningRate: 0.01,
    trainLoss: 2 / epoch,
    trainAccuracy: 0.5,
    validationLoss: 2.25 / epoch,
    validationAccuracy: 1 - 0.7 / epoch,
    seconds: 1.25,
    imagesPerSecond: 1234.5,
    ...changes,
  }
}

export const layer: ReportLayer = {
  name: 'conv1',
  shape: [2, 1, 2, 2],
  nonZeros: 3,
  positions: Uint32Array.of(0, 3, 6),
  values: Float32Array.of(0.5, -1, 0.25),
}

export function answer(changes: Partial<ReportAnswer> = {}): ReportAnswer {
  return {
    pixels: Uint8Array.of(0, 255, 128, 7),
    shape: { channels: 1, height: 2, width: 2 },
    label: 'cat',
    predicted: 'cat',
    probability: 0.75,
    ...changes,
  }
}

export function run(changes: Partial<ReportRun> = {}): ReportRun {
  return {
    id: 'a',
    label: 'DCTpS 1%',
    network: 'LeNet-5',
    kind: 'dctps',
    rule: 'EPL',
    density: 0.01,
    learningRate: 0.01,
    seed: 1,
    kernelEntries: 8,
    nonZeros: 3,
    storedBytes: 4321,
    epochs: [epochRecord(1), epochRecord(2)],
    testAccuracy: { best: 0.7125, final: 0.7 },
    imagesPerSecond: 5678,
    failed: null,
    selected: true,
    layers: [layer],
    answers: [answer()],
    ...changes,
  }
}

export function input(runs: readonly ReportRun[], changes: Partial<ReportInput> = {}): ReportInput {
  return {
    title: 'A title',
    lead: 'A lead.',
    facts: [{ label: 'Seed', value: '1' }],
    findings: ['A finding.'],
    runs,
    ...changes,
  }
}

export const comparison: readonly ReportRun[] = [
  run({ id: 'd1' }),
  run({ id: 'd2', learningRate: 0.001, selected: false }),
  run({ id: 's1', label: 'sparse 1%', kind: 'sparse', answers: [answer({ predicted: 'dog' })] }),
  run({
    id: 'w',
    label: 'dense',
    kind: 'dense',
    rule: null,
    density: null,
    nonZeros: 8,
    layers: [{ ...layer, nonZeros: 8, positions: null, values: new Float32Array(8).fill(0.1) }],
  }),
]
