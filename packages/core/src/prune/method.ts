// What a method of pruning at initialisation is, what it is given and what it gives back. A method only decides which
// weights stay; what is asked of it is checked once, in `prune.ts`.

import type { Network } from '../network/network.js'
import type { Supports } from '../network/parameters.js'
import type { ImageDataset } from '../train/dataset.js'
import type { TrainOptions } from '../train/options.js'
import type { TrainPlatform } from '../train/setup.js'
import type { DensityDecay } from './decay.js'

/** What a round of IMP has left. */
export interface PruneRound {
  /** From 1. */
  readonly round: number
  readonly rounds: number
  readonly supports: Supports
}

/** Hears of a method's work while it goes on. */
export interface PruneWatch {
  /** @param done steps of `steps` that are done */
  onStep?(done: number, steps: number): void
  /** After each round of IMP; what it saves can be gone on from. */
  onRound?(round: PruneRound): Promise<void>
  readonly signal?: AbortSignal | undefined
}

/** A checked task, with all defaults filled in. */
export interface PruneJob {
  /** The sparse network. */
  readonly network: Network
  readonly dataset: ImageDataset
  /** Of the run: its seed, split, batch and normalisation; IMP trains with all of them. */
  readonly options: TrainOptions
  /** Weights of all kernels when dense, N. */
  readonly weights: number
  /** Share of them that is to stay. */
  readonly density: number
  /** Weights that are to stay. */
  readonly count: number
  /** Steps of an iterated method, 1 for the others. */
  readonly steps: number
  readonly decay: DensityDecay
  /** Supports after the last round of IMP that was saved, to go on from; null: from the beginning. */
  readonly from: Supports | null
  readonly platform: TrainPlatform
  readonly watch: PruneWatch
}

export interface Pruned {
  /** Exactly `count` positions in all. */
  readonly supports: Supports
  /** GraSP: error of the Hessian-vector product, measured with two step sizes, relative to its norm; null elsewhere. */
  readonly hessianError: number | null
}

export interface PruningMethod {
  /** The name in options and files. */
  readonly name: string
  /** One line for lists and help. */
  readonly summary: string
  /** Steps by default; null where the method is not iterated, or not by a given number of steps. */
  readonly steps: number | null
  /** Source: ALGORITHMS section 3. */
  prune(job: PruneJob): Promise<Pruned>
}
