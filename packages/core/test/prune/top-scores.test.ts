import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkInformative, excludePruned, topScores } from '#core/prune/top-scores'
import { highest } from './small-task.js'

const layersOf = (...layers: readonly number[][]) =>
  new Map(layers.map((values, index) => [10 * index, Float32Array.from(values)]))

/** Flat positions over all layers. */
function flat(
  scores: ReadonlyMap<number, Float32Array>,
  supports: ReadonlyMap<number, Uint32Array>,
): number[] {
  let start = 0
  return [...scores].flatMap(([layer, values]) => {
    const positions = Array.from(supports.get(layer)!, (index) => start + index)
    start += values.length
    return positions
  })
}

describe('the highest scores of a network', () => {
  test('are those that sorting finds, ties to the earlier one, for any count', () => {
    // Few different values, so that ties are the rule; both zeros, negative numbers and the smallest steps of float32.
    const value = fc.constantFrom(0, -0, 1, 1 + 2 ** -23, 2, -1, -2, 1e-45, -1e-45, 3e38, -3e38, 0.5)
    const layers = fc.array(fc.array(value, { maxLength: 12 }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(layers, fc.double({ min: 0, max: 1, noNaN: true }), (drawn, share) => {
        const scores = layersOf(...drawn)
        const all = [...scores.values()].flatMap((values) => [...values])
        const count = Math.round(share * all.length)
        expect(flat(scores, topScores(scores, count))).toEqual(highest(all, count))
      }),
      { numRuns: 500 },
    )
  })

  test('are those that sorting finds among many different values', () => {
    fc.assert(
      fc.property(
        fc.float32Array({ minLength: 200, maxLength: 400, noNaN: true, noDefaultInfinity: true }),
        fc.nat(200),
        (values, count) => {
          const scores = layersOf([...values.subarray(0, 150)], [...values.subarray(150)])
          expect(flat(scores, topScores(scores, count))).toEqual(highest(values, count))
        },
      ),
    )
  })

  test('leave out what was pruned, even where all others are 0', () => {
    const scores = layersOf([5, 0, 7, 0], [0, 9])
    excludePruned(
      scores,
      new Map([
        [0, Uint32Array.of(1, 3)],
        [10, Uint32Array.of(0)],
      ]),
    )
    expect(flat(scores, topScores(scores, 2))).toEqual([1, 3])
  })

  test.each([Number.NaN, Infinity, -Infinity])('are not chosen where one is %s', (value) => {
    expect(() => topScores(layersOf([1, 2], [value]), 1)).toThrow(/score of a weight is .*entry 0/)
  })

  test('cannot be more than there are', () => {
    expect(() => topScores(layersOf([1, 2]), 3)).toThrow('expected a count of 0 to 2 scores')
  })

  test('say nothing where all are 0', () => {
    expect(() => checkInformative(layersOf([0, -0], [0]), 'snip', 'net')).toThrow(
      'snip gives every weight of net',
    )
    expect(() => checkInformative(layersOf([0], [0, -1]), 'snip', 'net')).not.toThrow()
  })
})
