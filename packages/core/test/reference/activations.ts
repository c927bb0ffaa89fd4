// A batch of activations in PyTorch's layout, the only tensor that the reference layers pass around.

import { type ActivationShape, activationSize } from '#core/shape/activation'

/** `values: [images, channels, height, width]` */
export interface Activations extends ActivationShape {
  readonly images: number
  readonly values: Float64Array
}

/** A batch of one shape around `values`; zeros where none are given. */
export function activations(images: number, shape: ActivationShape, values?: Float64Array): Activations {
  const { channels, height, width } = shape
  const size = images * activationSize(shape)
  if (values !== undefined && values.length !== size) {
    throw new Error(
      `[${images}, ${channels}, ${height}, ${width}] needs ${size} values, received ${values.length}`,
    )
  }
  return { images, channels, height, width, values: values ?? new Float64Array(size) }
}

/** Position of one value in `values`. */
export function indexOf(x: Activations, image: number, channel: number, row: number, column: number): number {
  return ((image * x.channels + channel) * x.height + row) * x.width + column
}

/** A batch of the same shape, each value mapped. */
export function mapValues(x: Activations, map: (value: number, index: number) => number): Activations {
  return activations(x.images, x, x.values.map(map))
}
