// Small images as PNG data URIs, encoded while the report is written so that the page holds everything it shows.

import type { ActivationShape } from 'dctps/internal/shape/activation'
import sharp from 'sharp'

/**
 * An image of a data set; one channel is grey, three are colour, and of any other number the first is shown.
 * @param pixels `[channels][height][width]`, 0 to 255
 */
export async function pixelsDataUri(pixels: Uint8Array, shape: ActivationShape): Promise<string> {
  const { width, height } = shape
  const area = width * height
  const channels = shape.channels === 3 ? 3 : 1
  const interleaved = new Uint8Array(area * channels)
  for (let channel = 0; channel < channels; channel++) {
    for (let i = 0; i < area; i++) interleaved[i * channels + channel] = pixels[channel * area + i]!
  }
  return await encodePng(interleaved, width, height, channels)
}

/** @param grey `[height][width]`, 0 is black */
export async function greyDataUri(grey: Uint8Array, width: number, height: number): Promise<string> {
  return await encodePng(grey, width, height, 1)
}

async function encodePng(data: Uint8Array, width: number, height: number, channels: 1 | 3): Promise<string> {
  const image = sharp(data, { raw: { width, height, channels } })
  if (channels === 1) image.toColourspace('b-w')
  const png = await image.png({ compressionLevel: 9 }).toBuffer()
  return `data:image/png;base64,${png.toString('base64')}`
}
