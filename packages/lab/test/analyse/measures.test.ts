import { describe, expect, test } from 'vitest'
import { fromImages } from '#lab/analyse/float64/signal'
import { deadShare, euclideanNorm, imageVectors, likeness, rootMeanSquare } from '#lab/analyse/measures'

/** Feature vectors, one an image. */
function batch(...images: readonly (readonly number[])[]) {
  const shape = { channels: images[0]!.length, height: 1, width: 1 }
  return fromImages(images.length, shape, images.flat())
}

describe('sizes', () => {
  test('the root mean square is over the values of all images', () => {
    expect(rootMeanSquare(batch([3, 4], [0, 0]))).toBeCloseTo(5 / 2, 15)
    expect(euclideanNorm(Float64Array.of(3, -4))).toBeCloseTo(5, 15)
  })

  test('signals whose squares are below the smallest number still have a size', () => {
    expect(rootMeanSquare(batch([1e-200, -1e-200]))).toBeCloseTo(1e-200, 210)
    expect(rootMeanSquare(batch([1e-200, -1e-200]))).toBeGreaterThan(0.99e-200)
    expect(rootMeanSquare(batch([0, 0]))).toBe(0)
  })
})

describe('likeness of images', () => {
  test('is the mean cosine over pairs, and the correlation when their means are taken off', () => {
    const { cosine, correlation } = likeness(batch([1, 0], [0, 1], [1, 1]))
    expect(cosine).toBeCloseTo((0 + Math.SQRT1_2 + Math.SQRT1_2) / 3, 14)
    // The third is constant, so only one pair is left.
    expect(correlation).toBeCloseTo(-1, 14)
  })

  test('does not depend on the size of either image', () => {
    const { cosine, correlation } = likeness(batch([1, 2, 4], [1e-150, 2e-150, 4e-150]))
    expect(cosine).toBeCloseTo(1, 14)
    expect(correlation).toBeCloseTo(1, 14)
  })

  test('is null where fewer than two images have a signal', () => {
    expect(likeness(batch([0, 0], [0, 0]))).toEqual({ cosine: null, correlation: null })
    expect(likeness(batch([1, 2], [0, 0]))).toEqual({ cosine: null, correlation: null })
    // Equal values are a signal without a pattern.
    const flat = likeness(batch([0.1, 0.1, 0.1], [0.7, 0.7, 0.7]))
    expect(flat.cosine).toBeCloseTo(1, 14)
    expect(flat.correlation).toBeNull()
  })
})

describe('dead units', () => {
  test('are channels at positions that are zero on every image', () => {
    const shape = { channels: 2, height: 1, width: 2 }
    const given = fromImages(2, shape, [0, 1, 0, 0, 0, 0, 0, 1e-300])
    expect(deadShare(given)).toBe(0.5)
  })

  test('none and all', () => {
    expect(deadShare(batch([1, 2], [0, 0]))).toBe(0)
    expect(deadShare(batch([0, 0], [0, 0]))).toBe(1)
  })
})

test('the vectors of images are in the usual order of features', () => {
  const shape = { channels: 2, height: 1, width: 2 }
  const vectors = imageVectors(fromImages(2, shape, [1, 2, 3, 4, 5, 6, 7, 8]))
  expect(vectors.map((vector) => [...vector])).toEqual([
    [1, 2, 3, 4],
    [5, 6, 7, 8],
  ])
})
