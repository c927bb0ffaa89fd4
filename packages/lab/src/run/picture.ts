// An image file as the bytes that a network takes: the same way that training images go, as far as a single file tells.

import type { ActivationShape } from 'dctps'
import { readFileChecked } from 'dctps/node'
import { decodeImage, type Fit, type ImageSize, type RgbImage, resizeImage } from '../data/decode-image.js'

export interface PictureOptions {
  /** Size to bring the image to before it is padded to the network's input; null: only images that do not fit in. */
  readonly size: ImageSize | null
  readonly fit: Fit
}

/**
 * Reads a JPEG or PNG as `[C][H][W]` of the network's input. An image that fits in lies in the middle with black around
 * it, as smaller training images do; a larger one is resized to the input first. A network of one channel is shown the
 * brightness.
 * @throws DctpsError `file` or `data` naming the file
 */
export async function readPicture(
  file: string,
  input: ActivationShape,
  { size, fit }: PictureOptions,
): Promise<Uint8Array> {
  const resize = size === null ? null : { ...size, fit }
  const image = await decodeImage(await readFileChecked(file), file, resize)
  const fits = image.height <= input.height && image.width <= input.width
  const sized = fits ? image : await resizeImage(image, { height: input.height, width: input.width, fit })
  return placeInMiddle(sized, input)
}

function placeInMiddle({ pixels, height, width }: RgbImage, input: ActivationShape): Uint8Array {
  const planes = new Uint8Array(input.channels * input.height * input.width)
  const top = Math.floor((input.height - height) / 2)
  const left = Math.floor((input.width - width) / 2)
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = 3 * (row * width + column)
      const to = (row + top) * input.width + column + left
      for (let c = 0; c < input.channels; c++) {
        planes[c * input.height * input.width + to] =
          input.channels === 1 ? brightness(pixels, from) : pixels[from + c]!
      }
    }
  }
  return planes
}

/** Luma of ITU-R BT.601, what JPEG stores; a grey pixel keeps its value. */
function brightness(pixels: Uint8Array, at: number): number {
  return Math.round(0.299 * pixels[at]! + 0.587 * pixels[at + 1]! + 0.114 * pixels[at + 2]!)
}
