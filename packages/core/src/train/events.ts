// What a training run says while it goes on.

export interface EpochRecord {
  /** From 1. */
  readonly epoch: number
  /** Optimiser steps taken by the end of the epoch. */
  readonly step: number
  /** Of the last step. */
  readonly learningRate: number
  /** Mean over the epoch's batches as they were trained on. */
  readonly trainLoss: number
  /** 0..1 */
  readonly trainAccuracy: number
  /** Null without validation images. */
  readonly validationLoss: number | null
  readonly validationAccuracy: number | null
  /** Wall-clock time of the epoch, with validation. */
  readonly seconds: number
  /** Training images a second, without validation. */
  readonly imagesPerSecond: number
}

/** What an update of a layer's support did. */
export interface SupportMove {
  /** The layer's name. */
  readonly layer: string
  /** Entries of its support. */
  readonly stored: number
  /** Entries that lie elsewhere than before: dropped ones that came back are not counted. */
  readonly moved: number
}

export type TrainEvent =
  | {
      readonly type: 'step'
      /** From 1. */
      readonly epoch: number
      readonly epochs: number
      /** Step in the epoch, from 1. */
      readonly step: number
      readonly steps: number
      /** Means over the epoch so far. */
      readonly loss: number
      readonly accuracy: number
      readonly imagesPerSecond: number
    }
  | {
      /** Supports have changed. */
      readonly type: 'support'
      /** Steps taken before. */
      readonly step: number
      /** Over all layers. */
      readonly moved: number
      readonly layers: readonly SupportMove[]
    }
  | { readonly type: 'epoch'; readonly record: EpochRecord; readonly best: boolean }
  | { readonly type: 'end'; readonly reason: 'finished' | 'earlyStopping' }
