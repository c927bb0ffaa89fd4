// A small data set and a network that can learn it: bright bars whose direction is the class, with noise from a fixed key.

import type { ModelSpec } from '#core/models/spec'
import { Key } from '#core/random/key'
import type { ImageDataset } from '#core/train/dataset'

/** LeNet-5 for the bars at 2% of its weights. */
export const smallSpec: ModelSpec = {
  architecture: 'lenet5',
  input: { channels: 1, height: 32, width: 32 },
  classes: 2,
  kernel: { kind: 'dctps', alpha: 'trainable' },
  support: { type: 'random', rule: 'epl', density: 0.02, seed: 0 },
}

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
