// One JPEG or PNG as pixels: decoded, turned upright, without transparency, and resized where asked. Whether a data
// set is grey or coloured is not decided here: every image comes back as RGB.

import type { Sharp } from 'sharp'
import { dataError, reasonOf } from './problem.js'
import { isJpeg, isPng } from './sniff.js'

export interface ImageSize {
  readonly height: number
  readonly width: number
}

/**
 * - `fill`: stretched to the size, the aspect ratio is not kept
 * - `pad`: as large as fits with its aspect ratio, centred, black around it
 */
export type Fit = 'fill' | 'pad'

export interface Resize extends ImageSize {
  readonly fit: Fit
}

export interface RgbImage extends ImageSize {
  /** `[height][width][3]`, 0 to 255. */
  readonly pixels: Uint8Array
}

const BLACK = { r: 0, g: 0, b: 0 }

async function loadSharp() {
  const { default: sharp } = await import('sharp')
  // Images are small and many are decoded at once, so one thread each; a cache of decoded images would only grow.
  sharp.concurrency(1)
  sharp.cache(false)
  return sharp
}

let loading: ReturnType<typeof loadSharp> | null = null

/** The decoder, loaded with the first image: the built-in data and decoded caches need none. */
function decoder(): ReturnType<typeof loadSharp> {
  loading ??= loadSharp()
  return loading
}

/**
 * Decodes a whole JPEG or PNG; transparent pixels are laid over black.
 * @throws DctpsError `data` naming `where` when it is neither, or damaged or truncated
 */
export async function decodeImage(
  bytes: Uint8Array,
  where: string,
  resize: Resize | null,
): Promise<RgbImage> {
  if (bytes.length === 0) throw dataError(`${where} is empty: expected a JPEG or PNG image`)
  if (!isJpeg(bytes) && !isPng(bytes)) {
    throw dataError(`${where} is not a JPEG or PNG image; convert it or remove it`)
  }
  const sharp = await decoder()
  try {
    return await toPixels(sharp(bytes).autoOrient(), resize)
  } catch (error) {
    throw dataError(`${where} does not decode (${reasonOf(error)}); replace it or remove it`, error)
  }
}

/** An image that is decoded already, brought to another size. */
export async function resizeImage(image: RgbImage, resize: Resize): Promise<RgbImage> {
  const { height, width, pixels } = image
  const sharp = await decoder()
  return toPixels(sharp(pixels, { raw: { height, width, channels: 3 } }), resize)
}

async function toPixels(image: Sharp, resize: Resize | null): Promise<RgbImage> {
  const flat = image.flatten({ background: BLACK })
  const sized =
    resize === null
      ? flat
      : flat.resize(resize.width, resize.height, {
          fit: resize.fit === 'pad' ? 'contain' : 'fill',
          background: BLACK,
        })
  const { data, info } = await sized
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  if (info.channels !== 3) throw new Error(`${info.channels} channels after conversion to RGB`)
  return { height: info.height, width: info.width, pixels: data }
}

/** True when some pixel is not grey. */
export function hasColour(image: RgbImage): boolean {
  const { pixels } = image
  for (let i = 0; i < pixels.length; i += 3) {
    if (pixels[i] !== pixels[i + 1] || pixels[i] !== pixels[i + 2]) return true
  }
  return false
}

/** Writes an image as planes `[channels][height][width]` at an offset; one channel takes the first of the three. */
export function writePlanes(image: RgbImage, channels: 1 | 3, target: Uint8Array, offset: number): void {
  const { pixels } = image
  const plane = image.height * image.width
  for (let c = 0; c < channels; c++) {
    const start = offset + c * plane
    for (let i = 0; i < plane; i++) target[start + i] = pixels[3 * i + c] ?? 0
  }
}
