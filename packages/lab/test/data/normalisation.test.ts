import { expect, test } from 'vitest'
import { computeNormalisation, datasetStatistics } from '#lab/data/index'
import { noise } from './sources.js'

const shape = { channels: 2, height: 3, width: 2 }
const dataset = {
  name: 'noise',
  shape,
  classes: ['a', 'b', 'none'],
  pixels: noise(4 * 12, 5),
  labels: Uint16Array.of(0, 1, 1, 1),
}

/** Values of a channel over some images, by the definition of the layout. */
function valuesOf(channel: number, images: readonly number[]): number[] {
  return images.flatMap((image) => {
    const start = (image * shape.channels + channel) * 6
    return [...dataset.pixels.subarray(start, start + 6)]
  })
}

test('mean and deviation are those of the definition, over all or the given images', () => {
  for (const images of [
    [0, 1, 2, 3],
    [1, 3],
  ]) {
    const { mean, std } = computeNormalisation(dataset, images)
    for (const channel of [0, 1]) {
      const values = valuesOf(channel, images).map((value) => value / 255)
      const average = values.reduce((sum, value) => sum + value, 0) / values.length
      const variance = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / values.length
      expect(mean[channel]).toBeCloseTo(average, 12)
      expect(std[channel]).toBeCloseTo(Math.sqrt(variance), 12)
    }
  }
  expect(computeNormalisation(dataset)).toEqual(computeNormalisation(dataset, [0, 1, 2, 3]))
})

test('a constant channel has deviation 1, so that normalising it gives zeros', () => {
  const constant = { ...dataset, pixels: new Uint8Array(48).fill(51) }
  expect(computeNormalisation(constant)).toEqual({ mean: [0.2, 0.2], std: [1, 1] })
})

test('statistics count images a class and bytes, and give the range of every channel', () => {
  const statistics = datasetStatistics(dataset)
  expect(statistics.classes).toEqual([
    { name: 'a', images: 1 },
    { name: 'b', images: 3 },
    { name: 'none', images: 0 },
  ])
  expect(statistics.bytes).toBe(48 + 8)
  for (const channel of [0, 1]) {
    const values = valuesOf(channel, [0, 1, 2, 3])
    expect(statistics.channels[channel]).toMatchObject({ min: Math.min(...values), max: Math.max(...values) })
  }
})
