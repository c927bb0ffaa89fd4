// The update of every trainable vector, each thread on its slice.

import { number, type ProgramBuilder, sliceCount, sliceIndex } from '../builder.js'
import type { OptimizerType, TrainableVector } from '../parameter-layout.js'

export function emitUpdate(
  builder: ProgramBuilder,
  optimizer: OptimizerType,
  vectors: readonly TrainableVector[],
): void {
  const calls = vectors.map((vector) => ({
    kernel: `${optimizer}Step`,
    operands: [
      builder.inSlot(0),
      number(vector.count),
      number(vector.values),
      number(vector.gradients),
      number(vector.gradientStride),
      ...vector.states.map(number),
      number(vector.rateScale),
      sliceIndex,
      sliceCount,
    ],
  }))
  builder.step(`${optimizer} update`, null, 'slices', calls)
}
