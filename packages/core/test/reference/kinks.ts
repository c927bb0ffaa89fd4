// How far an activation is from the points where a layer's derivative jumps. A gradient computed with other rounding
// (float32, finite differences) can only be compared where every such distance exceeds that rounding.

import type { Activations } from './activations.js'
import { forEachWindow, type Pooling } from './layers.js'

/**
 * Smallest `|x|` of a ReLU's input. Exact zeros do not count: they come from channels that nothing reaches, or from
 * an earlier ReLU, and stay zero under rounding.
 */
export function reluMargin(x: Activations): number {
  return x.values.reduce(
    (margin, value) => (value === 0 ? margin : Math.min(margin, Math.abs(value))),
    Infinity,
  )
}

/** Smallest gap between the largest and the next value of a max pool's window. Exact ties do not count, as above. */
export function maxPoolMargin(x: Activations, y: Activations, pooling: Pooling): number {
  let margin = Infinity
  forEachWindow(x, y, pooling, (indices, iy) => {
    for (const ix of indices) {
      const gap = y.values[iy]! - x.values[ix]!
      if (gap > 0) margin = Math.min(margin, gap)
    }
  })
  return margin
}
