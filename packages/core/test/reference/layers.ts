// The layers without a kernel, forward and backward, each as its formula. A backward function takes what its forward
// took and the upstream gradient `dy`, and recomputes whatever else it needs. Batch norm has a file of its own.

import { slidingPositions } from '#core/shape/activation'
import { type Activations, activations, indexOf, mapValues } from './activations.js'

export interface Pooling {
  readonly window: number
  readonly stride: number
}

export function relu(x: Activations): Activations {
  return mapValues(x, (value) => Math.max(value, 0))
}

/** The derivative at 0 is 0. */
export function reluBackward(x: Activations, dy: Activations): Activations {
  return mapValues(dy, (gradient, i) => (x.values[i]! > 0 ? gradient : 0))
}

export function averagePool(x: Activations, pooling: Pooling): Activations {
  const y = pooled(x, pooling)
  forEachWindow(x, y, pooling, (indices, iy) => {
    for (const ix of indices) y.values[iy]! += x.values[ix]! / indices.length
  })
  return y
}

export function averagePoolBackward(x: Activations, pooling: Pooling, dy: Activations): Activations {
  const dx = activations(x.images, x)
  forEachWindow(x, dy, pooling, (indices, iy) => {
    for (const ix of indices) dx.values[ix]! += dy.values[iy]! / indices.length
  })
  return dx
}

export function maxPool(x: Activations, pooling: Pooling): Activations {
  const y = pooled(x, pooling)
  forEachWindow(x, y, pooling, (indices, iy) => {
    y.values[iy] = x.values[firstLargest(x, indices)]!
  })
  return y
}

/** The whole gradient of a window goes to the first of its largest values, row by row. */
export function maxPoolBackward(x: Activations, pooling: Pooling, dy: Activations): Activations {
  const dx = activations(x.images, x)
  forEachWindow(x, dy, pooling, (indices, iy) => {
    dx.values[firstLargest(x, indices)]! += dy.values[iy]!
  })
  return dx
}

/** `[N, C, H, W] -> [N, C*H*W, 1, 1]`, values in the same order. */
export function flatten(x: Activations): Activations {
  const channels = x.channels * x.height * x.width
  return activations(x.images, { channels, height: 1, width: 1 }, x.values)
}

export function flattenBackward(x: Activations, dy: Activations): Activations {
  return activations(x.images, x, dy.values)
}

/** `[N, C, H, W] -> [N, channels, H, W]`, the further channels 0. */
export function padChannels(x: Activations, channels: number): Activations {
  const y = activations(x.images, { ...x, channels })
  forEachChannel(x, y, (ix, iy) => {
    y.values[iy] = x.values[ix]!
  })
  return y
}

export function padChannelsBackward(x: Activations, dy: Activations): Activations {
  const dx = activations(x.images, x)
  forEachChannel(x, dy, (ix, iy) => {
    dx.values[ix] = dy.values[iy]!
  })
  return dx
}

/** Its gradient is `dy` for both inputs. */
export function add(a: Activations, b: Activations): Activations {
  return mapValues(a, (value, i) => value + b.values[i]!)
}

/** Calls `visit(indices in x of one window, row by row; index in y)` for every output of a pool. */
export function forEachWindow(
  x: Activations,
  y: Activations,
  { window, stride }: Pooling,
  visit: (indices: readonly number[], iy: number) => void,
): void {
  for (let n = 0; n < y.images; n++)
    for (let c = 0; c < y.channels; c++)
      for (let row = 0; row < y.height; row++)
        for (let column = 0; column < y.width; column++) {
          const indices: number[] = []
          for (let h = 0; h < window; h++)
            for (let w = 0; w < window; w++)
              indices.push(indexOf(x, n, c, row * stride + h, column * stride + w))
          visit(indices, indexOf(y, n, c, row, column))
        }
}

/** Calls `visit(index in x, index in y)` for every value of `x`, which has the first channels of `y`. */
function forEachChannel(x: Activations, y: Activations, visit: (ix: number, iy: number) => void): void {
  for (let n = 0; n < x.images; n++)
    for (let c = 0; c < x.channels; c++)
      for (let row = 0; row < x.height; row++)
        for (let column = 0; column < x.width; column++)
          visit(indexOf(x, n, c, row, column), indexOf(y, n, c, row, column))
}

function pooled(x: Activations, { window, stride }: Pooling): Activations {
  return activations(x.images, {
    channels: x.channels,
    height: slidingPositions(x.height, window, stride, 0),
    width: slidingPositions(x.width, window, stride, 0),
  })
}

function firstLargest(x: Activations, indices: readonly number[]): number {
  return indices.reduce((best, ix) => (x.values[ix]! > x.values[best]! ? ix : best))
}
