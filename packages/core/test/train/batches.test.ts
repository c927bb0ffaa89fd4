import { describe, expect, test } from 'vitest'
import { Key } from '#core/random/key'
import { byteValues, epochOrder, measureNormalisation, splitIndices } from '#core/train/batches'
import type { ImageDataset } from '#core/train/dataset'

const key = Key.fromSeed(7)

describe('the split', () => {
  test('holds out the asked share, and both parts together are every image once', () => {
    const { training, validation } = splitIndices(103, 0.1, key)
    expect(validation.length).toBe(10)
    expect([...training, ...validation].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 103 }, (_, i) => i),
    )
  })

  test('depends on the key', () => {
    expect(splitIndices(100, 0.1, key).validation).not.toEqual(
      splitIndices(100, 0.1, Key.fromSeed(8)).validation,
    )
  })
})

test('every epoch has its own order of the same images', () => {
  const training = Uint32Array.from([3, 5, 8, 13, 21, 34, 55, 89])
  const [first, second] = [epochOrder(training, key, 0), epochOrder(training, key, 1)]
  expect([...first].sort((a, b) => a - b)).toEqual([...training])
  expect(first).not.toEqual(second)
  expect(epochOrder(training, key, 0)).toEqual(first)
})

test('normalised bytes have mean 0 and deviation 1 over the measured images', () => {
  const pixels = Uint8Array.from({ length: 2 * 3 * 16 }, (_, i) => (i * 53) % 251)
  const dataset: ImageDataset = {
    name: 'test',
    shape: { channels: 2, height: 4, width: 4 },
    classes: ['a', 'b'],
    pixels,
    labels: new Uint16Array(3),
  }
  const table = byteValues(measureNormalisation(dataset, Uint32Array.from([0, 2])))
  for (const channel of [0, 1]) {
    const values = [0, 2].flatMap((image) =>
      [...pixels.subarray((image * 2 + channel) * 16, (image * 2 + channel + 1) * 16)].map(
        (byte) => table[channel * 256 + byte]!,
      ),
    )
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length
    const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length
    expect(mean).toBeCloseTo(0, 5)
    expect(variance).toBeCloseTo(1, 5)
  }
})
