// Where labels go so that they neither cover each other nor leave the plot: pure geometry in pixels, no drawing.

/** Beside a curve's end: moves positions to keep `gap` between any two, within `low..high`; less where it is full. */
export function spreadPositions(
  positions: readonly number[],
  gap: number,
  low: number,
  high: number,
): number[] {
  const order = positions.map((_, index) => index).sort((a, b) => positions[a]! - positions[b]!)
  const step = Math.min(gap, (high - low) / Math.max(1, positions.length - 1))
  const placed = [...positions]
  let floor = low
  for (const index of order) {
    placed[index] = Math.max(placed[index]!, floor)
    floor = placed[index]! + step
  }
  let ceiling = high
  for (const index of order.reverse()) {
    placed[index] = Math.min(placed[index]!, ceiling)
    ceiling = placed[index]! - step
  }
  return placed
}

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Box extends Point {
  readonly width: number
  readonly height: number
}

/** A label beside its point: the offset of its anchor, and which of its ends stands there. */
export interface PointLabel {
  readonly dx: number
  readonly dy: number
  readonly anchor: 'start' | 'middle' | 'end'
}

/** In order of preference: right, left, above, below, then further away. */
const candidates: readonly PointLabel[] = [
  { dx: 10, dy: 0, anchor: 'start' },
  { dx: -10, dy: 0, anchor: 'end' },
  { dx: 0, dy: -15, anchor: 'middle' },
  { dx: 0, dy: 15, anchor: 'middle' },
  { dx: 8, dy: -15, anchor: 'start' },
  { dx: 8, dy: 15, anchor: 'start' },
  { dx: -8, dy: -15, anchor: 'end' },
  { dx: -8, dy: 15, anchor: 'end' },
  { dx: 10, dy: -30, anchor: 'start' },
  { dx: 10, dy: 30, anchor: 'start' },
]

/** Half the side of a marker, which no label may cover. */
const MARKER = 6

/** Square pixels: a smaller overlap is rounding, and does not move a label from a preferred place. */
const NEGLIGIBLE = 1

/**
 * One label a point, in order: the first candidate that stays in `frame` and covers no marker and no earlier label;
 * where all fail, the one that covers least.
 */
export function placePointLabels(
  points: readonly (Point & { readonly width: number; readonly height: number })[],
  frame: Box,
): PointLabel[] {
  const taken: Box[] = points.map(({ x, y }) => ({
    x: x - MARKER,
    y: y - MARKER,
    width: 2 * MARKER,
    height: 2 * MARKER,
  }))
  return points.map((point) => {
    let best = candidates[0]!
    let bestCost = Number.POSITIVE_INFINITY
    for (const candidate of candidates) {
      const box = labelBox(point, candidate)
      const outside = box.width * box.height - overlap(box, frame)
      const cost = outside + taken.reduce((sum, other) => sum + overlap(box, other), 0)
      if (cost < bestCost - NEGLIGIBLE) {
        best = candidate
        bestCost = cost
      }
    }
    taken.push(labelBox(point, best))
    return best
  })
}

function labelBox(point: Box, { dx, dy, anchor }: PointLabel): Box {
  const shift = anchor === 'start' ? 0 : anchor === 'middle' ? point.width / 2 : point.width
  return {
    x: point.x + dx - shift,
    y: point.y + dy - point.height / 2,
    width: point.width,
    height: point.height,
  }
}

/** Shared area of two boxes. */
function overlap(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x)
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y)
  return Math.max(0, width) * Math.max(0, height)
}
