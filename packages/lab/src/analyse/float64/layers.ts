// The layers without a kernel in float64, each as what it gives and how it hands a gradient back. A pullback keeps only
// what it needs (which units were on, which input was largest, a slope), so activations can be forgotten. Closures of
// one function share what they capture: where a forward pass needs one over activations, it has a function of its own.

import type { BatchNormLayer, PoolLayer } from 'dctps/internal/network/layer'
import { type BatchShape, forEachPlane, rowLength, type Signal, signal } from './signal.js'

/** A layer at a point: its output, and the transpose of its derivative there. */
export interface Linearised {
  readonly output: Signal
  /** From the gradient of the output to that of each input. */
  readonly pullback: (gradient: Signal) => readonly Signal[]
}

/** `max(x, 0)`; the derivative at 0 is 0. */
export function relu(x: Signal): Linearised {
  const output = signal(x.images, x)
  const on = new Uint8Array(x.values.length)
  for (let i = 0; i < on.length; i++) {
    const value = x.values[i]!
    if (value > 0) {
      on[i] = 1
      output.values[i] = value
    }
  }
  return { output, pullback: (gradient) => [masked(gradient, on)] }
}

/**
 * Batch norm with the statistics of the batch. Its derivative takes them as constants: that of the network in
 * evaluation, if it had seen nothing but this batch.
 * @param scale,shift one number a channel
 */
export function batchNorm(
  x: Signal,
  { epsilon }: BatchNormLayer,
  scale: ArrayLike<number>,
  shift: ArrayLike<number>,
): Linearised {
  const length = rowLength(x)
  const output = signal(x.images, x)
  const slopes = new Float64Array(x.channels)
  for (let channel = 0; channel < x.channels; channel++) {
    const row = x.values.subarray(channel * length, (channel + 1) * length)
    const mean = row.reduce((sum, value) => sum + value, 0) / length
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / length
    const slope = scale[channel]! / Math.sqrt(variance + epsilon)
    slopes[channel] = slope
    for (let i = 0; i < length; i++)
      output.values[channel * length + i] = slope * (row[i]! - mean) + shift[channel]!
  }
  return {
    output,
    pullback: (gradient) => [mapRows(gradient, (value, channel) => slopes[channel]! * value)],
  }
}

/** `scale * x + shift + residual`, rectified or not, `+ offset`. */
export function scalarAffine(
  x: Signal,
  residual: Signal | null,
  { scale, shift, offset }: { readonly scale: number; readonly shift: number; readonly offset: number },
  rectified: boolean,
): Linearised {
  const values = affineSums(x, residual, scale, shift)
  const on = Uint8Array.from(values, (sum) => (!rectified || sum > 0 ? 1 : 0))
  for (let i = 0; i < values.length; i++) values[i] = (on[i] === 1 ? values[i]! : 0) + offset
  const hasResidual = residual !== null
  return {
    output: { ...x, values },
    pullback: (gradient) => {
      const ofSum = masked(gradient, on)
      const ofInput = { ...ofSum, values: ofSum.values.map((value) => scale * value) }
      return hasResidual ? [ofInput, ofSum] : [ofInput]
    },
  }
}

function affineSums(x: Signal, residual: Signal | null, scale: number, shift: number): Float64Array {
  return x.values.map((value, i) => scale * value + shift + (residual?.values[i] ?? 0))
}

export function add(a: Signal, b: Signal): Linearised {
  return { output: sum(a, b), pullback: (gradient) => [gradient, gradient] }
}

export function sum(a: Signal, b: Signal): Signal {
  return { ...a, values: a.values.map((value, i) => value + b.values[i]!) }
}

/** `[C, H, W] -> [channels, H, W]`, the further channels 0. */
export function padChannels(x: Signal, channels: number): Linearised {
  const output = signal(x.images, { ...x, channels })
  output.values.set(x.values)
  const { images, height, width } = x
  const shape = { channels: x.channels, height, width }
  const length = x.values.length
  return { output, pullback: ({ values }) => [signal(images, shape, values.slice(0, length))] }
}

export function averagePool(x: Signal, pool: PoolLayer): Linearised {
  const windows = new Windows(x, pool)
  return {
    output: averages(x, pool, windows),
    pullback: (gradient) => {
      const input = signal(windows.input.images, windows.input)
      windows.forEach((from, to) => {
        input.values[from]! += gradient.values[to]! / pool.window ** 2
      })
      return [input]
    },
  }
}

function averages(x: Signal, pool: PoolLayer, windows: Windows): Signal {
  const output = signal(x.images, pool.output)
  windows.forEach((from, to) => {
    output.values[to]! += x.values[from]! / pool.window ** 2
  })
  return output
}

/** The whole gradient of a window goes to the first of its largest values, row by row. */
export function maxPool(x: Signal, pool: PoolLayer): Linearised {
  const windows = new Windows(x, pool)
  const { output, places } = largest(x, pool, windows)
  return {
    output,
    pullback: (gradient) => {
      const input = signal(windows.input.images, windows.input)
      places.forEach((from, to) => {
        input.values[from]! += gradient.values[to]!
      })
      return [input]
    },
  }
}

function largest(x: Signal, pool: PoolLayer, windows: Windows): { output: Signal; places: Int32Array } {
  const output = signal(x.images, pool.output)
  const places = new Int32Array(output.values.length).fill(-1)
  windows.forEach((from, to) => {
    if (places[to] === -1 || x.values[from]! > output.values[to]!) {
      output.values[to] = x.values[from]!
      places[to] = from
    }
  })
  return { output, places }
}

/** Which inputs a pool reads for which output. */
class Windows {
  readonly input: BatchShape
  readonly #pool: PoolLayer

  constructor({ images, channels, height, width }: Signal, pool: PoolLayer) {
    this.input = { images, channels, height, width }
    this.#pool = pool
  }

  /** Calls `visit` with every input index of every output index, the window row by row. */
  forEach(visit: (from: number, to: number) => void): void {
    const { images, channels, height, width } = this.input
    const { window, stride, output } = this.#pool
    let to = 0
    forEachPlane({ images, channels, height, width }, (_image, _channel, start) => {
      for (let row = 0; row < output.height; row++)
        for (let column = 0; column < output.width; column++, to++)
          for (let h = 0; h < window; h++)
            for (let w = 0; w < window; w++)
              visit(start + (row * stride + h) * width + column * stride + w, to)
    })
  }
}

function masked(gradient: Signal, on: Uint8Array): Signal {
  const result = signal(gradient.images, gradient)
  for (let i = 0; i < on.length; i++) if (on[i] === 1) result.values[i] = gradient.values[i]!
  return result
}

function mapRows(x: Signal, map: (value: number, channel: number) => number): Signal {
  const length = rowLength(x)
  const result = signal(x.images, x)
  for (let channel = 0; channel < x.channels; channel++)
    for (let i = channel * length; i < (channel + 1) * length; i++)
      result.values[i] = map(x.values[i]!, channel)
  return result
}
