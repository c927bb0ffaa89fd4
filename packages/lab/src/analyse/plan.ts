// What an analysis covers: one network, its kernels made in each of the kinds and densities, each from several seeds. A
// plan determines the result, so its hash names it.

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { findArchitecture, type ImageDataset, type KernelKind, type ModelSpec } from 'dctps'
import {
  architectureOptions,
  kernelOptions,
  type RunConfig,
  resolveConfig,
  supportSource,
} from '../config/index.js'
import { networkInput } from '../run/prepare.js'

export interface AnalysisPlan {
  readonly network: string
  /** Where the network has such an option. */
  readonly width?: number
  readonly stable?: boolean
  readonly kinds: readonly KernelKind[]
  /** Of the sparse and the DCTpS networks, the largest first; none where all are dense. */
  readonly densities: readonly number[]
  /** The support rule; null where all are dense. */
  readonly rule: string | null
  readonly data: string
  readonly size: string | null
  readonly fit: RunConfig['fit']
  readonly cifar100Labels: RunConfig['cifar100Labels']
  /** Null: those of the data. */
  readonly classes: number | null
  /** Images in a probe batch. */
  readonly images: number
  /** Seeds 0 to `seeds - 1`: each has its own images, supports and initial values. */
  readonly seeds: number
}

/** Networks that are drawn as one line: one kind at one density, or all densities where they start as the same network. */
export interface SeriesPlan {
  readonly kind: KernelKind
  /** The densities that it stands for; none for dense kernels. */
  readonly densities: readonly number[]
}

/**
 * The series of a plan. S of a DCTpS kernel starts at zero, so before training its support does not matter: the
 * networks of all densities are one and the same.
 */
export function seriesOf({ kinds, densities }: AnalysisPlan): SeriesPlan[] {
  return kinds.flatMap((kind): SeriesPlan[] => {
    if (kind === 'dense') return [{ kind, densities: [] }]
    if (kind === 'dctps') return [{ kind, densities }]
    return densities.map((density) => ({ kind, densities: [density] }))
  })
}

/** The network of a series at one seed. @throws DctpsError `data` when the images are too large for it */
export function specOf(
  plan: AnalysisPlan,
  series: SeriesPlan,
  seed: number,
  dataset: ImageDataset,
): ModelSpec {
  const { network, width, stable, rule } = plan
  const [density] = series.densities
  const config = resolveConfig({
    network,
    width,
    stable,
    kind: series.kind,
    seed,
    ...(density !== undefined && rule !== null && { density, rule }),
  })
  return {
    architecture: network,
    input: networkInput(findArchitecture(network), dataset),
    classes: plan.classes ?? dataset.classes.length,
    kernel: kernelOptions(config),
    ...architectureOptions(config),
    support: supportSource(config),
  }
}

/** Six hexadecimal digits that change with anything that can change the result. */
export function planHash(plan: AnalysisPlan): string {
  return createHash('sha256').update(JSON.stringify(plan)).digest('hex').slice(0, 6)
}

export function defaultAnalysisFolder(plan: AnalysisPlan): string {
  return join('runs', `analysis-${plan.network}-${planHash(plan)}`)
}
