import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { spansOf } from '#core/transform/touch'

describe('spansOf', () => {
  it('joins the rows of a patch into one span for each row of the kernel', () => {
    const rowBytes = 16
    const offsets = [0, 1, 2].flatMap((kernelRow) =>
      Array.from({ length: 6 }, (_, i) => kernelRow * 1600 + i * rowBytes),
    )
    expect(spansOf(Int32Array.from(offsets), rowBytes)).toEqual([
      { start: 0, end: 96 },
      { start: 1600, end: 1696 },
      { start: 3200, end: 3296 },
    ])
  })

  it('covers every row, nothing else, and leaves gaps between spans, in any order of rows', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40), { minLength: 1 }), (units) => {
        const spans = spansOf(
          Int32Array.from(units, (unit) => unit * 16),
          32,
        )
        const covered = new Set(
          spans.flatMap(({ start, end }) =>
            Array.from({ length: (end - start) / 16 }, (_, i) => start + 16 * i),
          ),
        )
        expect(covered).toEqual(new Set(units.flatMap((unit) => [unit * 16, unit * 16 + 16])))
        for (let i = 1; i < spans.length; i++) expect(spans[i]!.start).toBeGreaterThan(spans[i - 1]!.end)
      }),
    )
  })
})
