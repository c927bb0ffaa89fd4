// How cost grows: the fitted models, and the plot.

import { describe, expect, test } from 'vitest'
import { dctpsSeconds, fitDctps, fitDense, growthExponent } from '#bench/growth-model'
import { drawGrowth } from '#bench/growth-plot'
import type { GrowthResults, NetworkGrowthRow } from '#bench/results'

const sizes = [128, 512, 2048]
const densities = [0.0001, 0.01]
const step = 3e-10
const weight = 5e-10

const dctpsTimes = sizes.flatMap((d) =>
  densities.map((density) => {
    const nonZeros = Math.round(density * d ** 2)
    return { d, density, nonZeros, seconds: step * d * Math.log2(d) + weight * nonZeros }
  }),
)

describe('the model of a layer', () => {
  test('finds what a transform and a stored weight cost', () => {
    const model = fitDctps(dctpsTimes)
    expect(model.perTransformStep / step).toBeCloseTo(1, 6)
    expect(model.perNonZero / weight).toBeCloseTo(1, 6)
    for (const { d, nonZeros, seconds } of dctpsTimes)
      expect(dctpsSeconds(model, d, nonZeros) / seconds).toBeCloseTo(1, 6)
  })

  test('finds what a dense weight costs, and counts small layers as much as large ones', () => {
    const times = sizes.map((d) => ({ d, nonZeros: d ** 2, seconds: 2e-10 * d ** 2 }))
    expect(fitDense(times) / 2e-10).toBeCloseTo(1, 6)
    const uneven = times.map((time, index) => ({ ...time, seconds: time.seconds * (index === 0 ? 2 : 1) }))
    // 1 / w of (1/2, 1, 1): between the two, nearer to the majority.
    expect(fitDense(uneven) / 2e-10).toBeCloseTo(2.5 / 2.25, 6)
  })

  test('a square grows with exponent 2', () => {
    expect(growthExponent(sizes.map((d) => ({ d, seconds: 7 * d ** 2 })))).toBeCloseTo(2, 6)
  })
})

describe('the plot', () => {
  const network = (width: number, kind: 'dctps' | 'dense', density: number, imagesPerSecond: number) =>
    ({
      network: 'resnet18',
      kind,
      density,
      batch: 32,
      threads: 2,
      width,
      storedWeights: 1,
      imagesPerSecond,
      peakMegabytes: 1,
      coldStartSeconds: 1,
      otherLoad: 0,
    }) satisfies NetworkGrowthRow
  const layer = { batch: 32, modelMicroseconds: 1 }
  const growth: GrowthResults = {
    layers: {
      rows: [
        ...dctpsTimes.map(({ d, density, nonZeros, seconds }) => ({
          ...layer,
          d,
          kind: 'dctps' as const,
          density,
          nonZeros,
          microseconds: 1e6 * seconds,
        })),
        ...sizes.map((d) => ({
          ...layer,
          d,
          kind: 'dense' as const,
          density: 1,
          nonZeros: d ** 2,
          microseconds: d ** 2 / 5000,
        })),
      ],
      model: {
        nanosecondsPerTransformStep: 0.3,
        nanosecondsPerNonZero: 0.5,
        nanosecondsPerDenseWeight: 0.2,
      },
    },
    networks: [
      network(32, 'dctps', 0.0001, 300),
      network(64, 'dctps', 0.0001, 140),
      network(32, 'dense', 1, 40),
      network(64, 'dense', 1, 10),
    ],
  }

  test('is one SVG with a name and a marker for each series of both charts', () => {
    const svg = drawGrowth(growth)
    expect(svg.match(/<svg/g)).toHaveLength(1)
    const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1])
    expect(texts.filter((text) => text === 'dense')).toHaveLength(2)
    expect(texts.filter((text) => text === '0.01%')).toHaveLength(2)
    expect(texts.filter((text) => text === '1%')).toHaveLength(1)
    expect(texts).toEqual(expect.arrayContaining(['128', '512', '2048', '32', '64', '1 \u00b5s', '100 ms']))
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
  })

  test('shows layers alone while networks are not measured yet', () => {
    const svg = drawGrowth({ ...growth, networks: [] })
    expect(svg).toContain('One layer')
    expect(svg).not.toContain('ResNet-18')
  })
})
