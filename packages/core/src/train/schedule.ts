// The learning rate of each step: a pure function of the options and the step.

import type { TrainOptions } from './options.js'

/** @param step steps taken before this one, from 0 */
export function learningRateAt(options: TrainOptions, step: number, stepsPerEpoch: number): number {
  const epoch = step / stepsPerEpoch
  const warmUp = options.warmUpEpochs * stepsPerEpoch
  const rate = options.learningRate * decay(options, epoch)
  return step < warmUp ? (rate * (step + 1)) / warmUp : rate
}

function decay({ schedule, epochs, warmUpEpochs }: TrainOptions, epoch: number): number {
  switch (schedule.type) {
    case 'constant':
      return 1
    case 'multiStep':
      return schedule.factor ** schedule.milestones.filter((milestone) => epoch >= milestone).length
    case 'cosine': {
      const progress = Math.max(0, epoch - warmUpEpochs) / Math.max(epochs - warmUpEpochs, Number.MIN_VALUE)
      return 0.5 * (1 + Math.cos(Math.PI * Math.min(progress, 1)))
    }
  }
}
