// What is known after each epoch of training: one line of the metrics file, one point of every curve.

export interface EpochRecord {
  /** 1 for the first. */
  readonly epoch: number
  /** Optimiser steps done in all. */
  readonly step: number
  /** At the end of the epoch. */
  readonly learningRate: number
  /** Means over the epoch's images, as trained on (augmented, weights changing). */
  readonly trainLoss: number
  /** 0 to 1. */
  readonly trainAccuracy: number
  /** Null where no validation split was made. */
  readonly validationLoss: number | null
  /** 0 to 1; null where no validation split was made. */
  readonly validationAccuracy: number | null
  /** Wall time of the epoch, validation included. */
  readonly seconds: number
  /** Training images a second, validation excluded. */
  readonly imagesPerSecond: number
}
