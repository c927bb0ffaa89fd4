import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { placePointLabels, spreadPositions } from '#lab/report/place-labels'

describe('labels beside curve ends', () => {
  test('stay where they are when they do not touch', () => {
    expect(spreadPositions([50, 10, 30], 15, 0, 100)).toEqual([50, 10, 30])
  })

  test('keep their order, their distance and the frame, whatever the positions', () => {
    const positions = fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { minLength: 1, maxLength: 10 })
    fc.assert(
      fc.property(positions, (wanted) => {
        const placed = spreadPositions(wanted, 16, 0, 200)
        const sorted = [...placed].sort((a, b) => a - b)
        expect(sorted[0]).toBeGreaterThanOrEqual(-1e-9)
        expect(sorted.at(-1)).toBeLessThanOrEqual(200 + 1e-9)
        for (let i = 1; i < sorted.length; i++) expect(sorted[i]! - sorted[i - 1]!).toBeGreaterThan(16 - 1e-9)
        wanted.forEach((a, i) => {
          wanted.forEach((b, j) => {
            if (a < b) expect(placed[i]).toBeLessThan(placed[j]!)
          })
        })
      }),
    )
  })

  test('share a full frame evenly', () => {
    expect(spreadPositions([5, 5, 5, 5, 5], 16, 0, 20)).toEqual([0, 5, 10, 15, 20])
  })
})

describe('labels beside points', () => {
  const frame = { x: 0, y: 0, width: 300, height: 200 }

  test('stand on the right where there is room, on the left at the right edge', () => {
    const labels = placePointLabels(
      [
        { x: 50, y: 100, width: 60, height: 16 },
        { x: 290, y: 100, width: 60, height: 16 },
      ],
      frame,
    )
    expect(labels.map((label) => label.anchor)).toEqual(['start', 'end'])
  })

  test('of crowded points cover neither each other nor a marker, and stay inside', () => {
    const points = [
      [100, 100],
      [100, 108],
      [92, 104],
    ].map(([x, y]) => ({ x: x!, y: y!, width: 60, height: 16 }))
    const boxes = placePointLabels(points, frame).map(({ dx, dy, anchor }, index) => {
      const { x, y, width, height } = points[index]!
      const left = x + dx - (anchor === 'start' ? 0 : anchor === 'end' ? width : width / 2)
      return { left, right: left + width, top: y + dy - height / 2, bottom: y + dy + height / 2 }
    })
    boxes.forEach((a, i) => {
      expect([a.left >= 0, a.right <= 300, a.top >= 0, a.bottom <= 200]).toEqual([true, true, true, true])
      boxes.slice(i + 1).forEach((b) => {
        const apart = a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top
        expect(apart).toBe(true)
      })
      points.forEach(({ x, y }) => {
        const covered = x > a.left && x < a.right && y > a.top && y < a.bottom
        expect(covered).toBe(false)
      })
    })
  })
})
