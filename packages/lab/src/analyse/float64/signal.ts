// Activations and their gradients in float64, a row of numbers a channel: kernels then work on whole rows, whatever the
// image or the position. The only value that the layers of this folder pass around.

import { type ActivationShape, activationSize } from 'dctps/internal/shape/activation'

export interface BatchShape extends ActivationShape {
  readonly images: number
}

/** A batch; `values: [channels][images][height][width]`. */
export interface Signal extends BatchShape {
  readonly values: Float64Array
}

/** A batch of one shape around `values`; zeros where none are given. */
export function signal(images: number, shape: ActivationShape, values?: Float64Array): Signal {
  const { channels, height, width } = shape
  return {
    images,
    channels,
    height,
    width,
    values: values ?? new Float64Array(images * activationSize(shape)),
  }
}

/** Numbers in one channel, over all images. */
export function rowLength({ images, height, width }: BatchShape): number {
  return images * height * width
}

/** From the usual order `[images][channels][height][width]`. */
export function fromImages(images: number, shape: ActivationShape, values: ArrayLike<number>): Signal {
  const result = signal(images, shape)
  forEachPlane(result, (image, channel, start, plane) => {
    const from = (image * shape.channels + channel) * plane
    for (let i = 0; i < plane; i++) result.values[start + i] = values[from + i]!
  })
  return result
}

/** To the usual order `[images][channels][height][width]`. */
export function toImages(given: Signal): Float64Array {
  const result = new Float64Array(given.values.length)
  forEachPlane(given, (image, channel, start, plane) => {
    result.set(given.values.subarray(start, start + plane), (image * given.channels + channel) * plane)
  })
  return result
}

/** `[channels, H, W] -> [channels*H*W, 1, 1]` of every image, in the usual order of features. */
export function flatten(given: Signal): Signal {
  const { images, channels, height, width } = given
  const shape = { channels: channels * height * width, height: 1, width: 1 }
  if (height === 1 && width === 1) return given
  const flat = signal(images, shape)
  forEachPlane(given, (image, channel, start, plane) => {
    for (let i = 0; i < plane; i++)
      flat.values[(channel * plane + i) * images + image] = given.values[start + i]!
  })
  return flat
}

/** The inverse of {@link flatten}. */
export function unflatten(flat: Signal, shape: ActivationShape): Signal {
  const result = signal(flat.images, shape)
  forEachPlane(result, (image, channel, start, plane) => {
    for (let i = 0; i < plane; i++)
      result.values[start + i] = flat.values[(channel * plane + i) * flat.images + image]!
  })
  return result
}

/** Calls `visit` with the place of every image of every channel in `values`. */
export function forEachPlane(
  { images, channels, height, width }: BatchShape,
  visit: (image: number, channel: number, start: number, plane: number) => void,
): void {
  const plane = height * width
  for (let channel = 0; channel < channels; channel++)
    for (let image = 0; image < images; image++)
      visit(image, channel, (channel * images + image) * plane, plane)
}
