// What a report is made from: plain records of finished (or failed) runs. Who trains, tests and collects them is
// left to the experiments; everything in this folder only reads.

import type { EpochRecord } from 'dctps'
import type { KernelKind } from 'dctps/internal/network/layer'
import type { ActivationShape } from 'dctps/internal/shape/activation'

export interface ReportInput {
  readonly title: string
  /** One or two sentences: what is compared, and what came out. */
  readonly lead: string
  /** Data set, network, images, threads, versions, seed, command to reproduce. */
  readonly facts: readonly ReportFact[]
  /** At least one, in the order to show them. */
  readonly runs: readonly ReportRun[]
  /** One sentence each. */
  readonly findings: readonly string[]
}

export interface ReportFact {
  readonly label: string
  readonly value: string
}

export interface ReportRun {
  /** Unique in the report. */
  readonly id: string
  /** Short, as it stands beside a curve: `DCTpS 1%`. Runs that differ in learning rate alone may share it. */
  readonly label: string
  readonly network: string
  readonly kind: KernelKind
  /** The support rule; null for a dense network. */
  readonly rule: string | null
  /** As asked for; null for a dense network. */
  readonly density: number | null
  readonly learningRate: number
  readonly seed: number
  /** Kernel weights of the dense network. */
  readonly kernelEntries: number
  /** Kernel weights stored. */
  readonly nonZeros: number
  /** Of the whole model file. */
  readonly storedBytes: number
  readonly epochs: readonly EpochRecord[]
  /** With the best-validation and the last weights, 0 to 1; null where the run was not tested. */
  readonly testAccuracy: { readonly best: number; readonly final: number } | null
  /** Training images a second over the whole run. */
  readonly imagesPerSecond: number
  /** Why the run stopped early, or null. */
  readonly failed: string | null
  /** The learning rate chosen on validation: the run that stands for its network, kind and density. */
  readonly selected: boolean
  /** Kernel layers in the order of the network. */
  readonly layers: readonly ReportLayer[]
  readonly answers: readonly ReportAnswer[]
}

export interface ReportLayer {
  readonly name: string
  /** `[Cout, Cg, K, K]` or `[out, in]` */
  readonly shape: readonly number[]
  readonly nonZeros: number
  /** Flat indices of the support in `shape`; null where every weight is stored, or the support is not known. */
  readonly positions: Uint32Array | null
  /** Trained values, one a position (or one a weight where `positions` is null); null where they are not known. */
  readonly values: Float32Array | null
}

export interface ReportAnswer {
  /** `[channels][height][width]`, 0 to 255 */
  readonly pixels: Uint8Array
  readonly shape: ActivationShape
  /** The true class. */
  readonly label: string
  readonly predicted: string
  /** Of the predicted class, 0 to 1. */
  readonly probability: number
}

/** The runs that the report shows beside each other: the chosen ones, or all where none is chosen. */
export function shownRuns(runs: readonly ReportRun[]): readonly ReportRun[] {
  const selected = runs.filter((run) => run.selected)
  return selected.length > 0 ? selected : runs
}

/** Runs by network, each with a heading: the network's name where there are several, else nothing. */
export function byNetwork(runs: readonly ReportRun[]): { heading: string | null; runs: ReportRun[] }[] {
  const groups = [...groupBy(runs, ({ network }) => network)]
  return groups.map(([network, ofNetwork]) => ({
    heading: groups.length > 1 ? network : null,
    runs: ofNetwork,
  }))
}

/** The best validation accuracy of any epoch; null without validation. */
export function bestValidationAccuracy(run: ReportRun): number | null {
  const accuracies = run.epochs.flatMap((record) => record.validationAccuracy ?? [])
  return accuracies.length > 0 ? Math.max(...accuracies) : null
}

/** Items by key, keys in order of first appearance. */
export function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(key(item))
    if (group) group.push(item)
    else groups.set(key(item), [item])
  }
  return groups
}
