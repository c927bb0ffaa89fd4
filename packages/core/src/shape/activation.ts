// Shapes of activations and of the kernels between them: static arithmetic only, no values.

import { DctpsError } from '../errors.js'

/** One image's activation; a feature vector is `{ channels, height: 1, width: 1 }`. */
export interface ActivationShape {
  readonly channels: number
  readonly height: number
  readonly width: number
}

/** Numbers in one image's activation. */
export function activationSize(shape: ActivationShape): number {
  return shape.channels * shape.height * shape.width
}

/** `[channels, height, width]` for messages. */
export function formatActivation(shape: ActivationShape): string {
  return `[${shape.channels}, ${shape.height}, ${shape.width}]`
}

/**
 * Positions along one axis that a window of `size` visits.
 * @throws DctpsError `usage` when the window does not fit once.
 */
export function slidingPositions(length: number, size: number, stride: number, padding: number): number {
  const positions = Math.floor((length + 2 * padding - size) / stride) + 1
  if (positions < 1) {
    throw new DctpsError(
      'usage',
      `a window of ${size} does not fit into ${length} positions with padding ${padding}; use a larger input or a smaller window`,
    )
  }
  return positions
}
