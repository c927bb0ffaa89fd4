// Everything that a run needs to go on as if it had never stopped, as plain data. Files are written elsewhere.

import type { Supports } from '../network/parameters.js'
import type { EpochRecord } from './events.js'

export interface BestEpoch {
  readonly epoch: number
  readonly validationAccuracy: number
  /** The supports that its kernels' values belong to. */
  readonly supports: Supports
  readonly parameters: ReadonlyMap<string, Float32Array>
}

export interface TrainState {
  /** Epochs completed. */
  readonly epoch: number
  /** Steps taken in the epoch that has begun. */
  readonly stepInEpoch: number
  /** Optimiser steps taken in all. */
  readonly step: number
  /** Sums over the epoch so far, for its record. */
  readonly lossSum: number
  readonly correct: number
  readonly images: number
  /** Seconds spent in the epoch so far. */
  readonly seconds: number
  readonly history: readonly EpochRecord[]
  readonly best: BestEpoch | null
  /** The supports at this moment. */
  readonly supports: Supports
  readonly parameters: ReadonlyMap<string, Float32Array>
  /** Optimiser state by parameter name, one array for each state vector of the optimiser. */
  readonly optimizer: ReadonlyMap<string, readonly Float32Array[]>
}
