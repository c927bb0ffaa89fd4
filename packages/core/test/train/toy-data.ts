// A small data set that a network can learn: bright bars whose direction is the class, with noise from a fixed key.

import { Key } from '#core/random/key'
import type { ImageDataset } from '#core/train/dataset'

export function barDataset(images: number, seed = 1): ImageDataset {
  const key = Key.fromSeed(seed)
  const size = 28
  const pixels = new Uint8Array(images * size * size)
  const labels = new Uint16Array(images)
  for (let image = 0; image < images; image++) {
    const label = image % 2
    labels[image] = label
    const at = 4 + key.fold('position', image).integer(0, size - 8)
    const noise = key.fold('noise', image)
    for (let i = 0; i < size * size; i++) {
      const along = label === 0 ? Math.floor(i / size) : i % size
      const bright = Math.abs(along - at) < 3 ? 180 : 20
      pixels[image * size * size + i] = bright + noise.integer(i, 50)
    }
  }
  return {
    name: 'bars',
    shape: { channels: 1, height: size, width: size },
    classes: ['row', 'column'],
    pixels,
    labels,
  }
}
