// Convolution and linear layers, forward and backward: `y = (alpha * D + S) x + b` with the weight written out in
// full, so that every kind of kernel is one plain convolution. Linear layers are 1x1 convolutions on 1x1 images.

import type { KernelKind } from '#core/network/layer'
import {
  convolutionOutput,
  groupChannels,
  type KernelGeometry,
  kernelEntries,
  patchLength,
  transformLength,
} from '#core/shape/kernel'
import { type Activations, activations } from './activations.js'
import { dctMatrix } from './dct.js'

/** One kernel with its values. */
export interface Kernel {
  readonly kind: KernelKind
  readonly geometry: KernelGeometry
  /** Ascending flat indices into the weight `[Cout, Cg, K, K]`; a dense kernel has none. */
  readonly support: Uint32Array | undefined
  /** One value for each index of the support, or the whole weight of a dense kernel. */
  readonly values: Float64Array
  /** Only DCTpS kernels read it. */
  readonly alpha: number
  readonly bias: Float64Array | undefined
}

export interface KernelGradients {
  readonly input: Activations
  /** Of every entry of the weight, on the support or not: `[Cout, Cg, K, K]`. */
  readonly weight: Float64Array
  /** Of the stored values. */
  readonly values: Float64Array
  readonly alpha: number | undefined
  readonly bias: Float64Array | undefined
}

/**
 * D as a convolution weight `[Cout, Cg, K, K]`: row `o` of the DCT for output channel `o` of any group, columns in
 * patch order `(kh, kw, c)`. Source: [P] section 1.
 */
export function transformWeight(geometry: KernelGeometry): Float64Array {
  const { outChannels, size } = geometry
  const channels = groupChannels(geometry)
  const patch = patchLength(geometry)
  const matrix = dctMatrix(outChannels, patch, transformLength(geometry))
  const weight = new Float64Array(kernelEntries(geometry))
  for (let o = 0; o < outChannels; o++)
    for (let c = 0; c < channels; c++)
      for (let kh = 0; kh < size; kh++)
        for (let kw = 0; kw < size; kw++)
          weight[((o * channels + c) * size + kh) * size + kw] =
            matrix[o * patch + (kh * size + kw) * channels + c]!
  return weight
}

/** The dense weight that a kernel amounts to, `[Cout, Cg, K, K]`: `alpha * D + S`, `S`, or the weight itself. */
export function effectiveWeight(kernel: Kernel): Float64Array {
  const weight =
    kernel.kind === 'dctps'
      ? transformWeight(kernel.geometry).map((entry) => kernel.alpha * entry)
      : new Float64Array(kernelEntries(kernel.geometry))
  for (let i = 0; i < kernel.values.length; i++) weight[storedIndex(kernel, i)]! += kernel.values[i]!
  return weight
}

/** `x: [N, Cin, H, W] -> [N, Cout, H', W']` */
export function convolution(x: Activations, kernel: Kernel): Activations {
  const weight = effectiveWeight(kernel)
  const y = activations(x.images, convolutionOutput(x, kernel.geometry))
  forEachProduct(x, y, kernel.geometry, (ix, iw, iy) => {
    y.values[iy]! += weight[iw]! * x.values[ix]!
  })
  const { bias } = kernel
  if (bias !== undefined) {
    forEachOutput(y, (iy, channel) => {
      y.values[iy]! += bias[channel]!
    })
  }
  return y
}

/** Gradients of `<dy, y>` where `y = convolution(x, kernel)`. */
export function convolutionBackward(x: Activations, kernel: Kernel, dy: Activations): KernelGradients {
  const weight = effectiveWeight(kernel)
  const input = activations(x.images, x)
  const dWeight = new Float64Array(weight.length)
  forEachProduct(x, dy, kernel.geometry, (ix, iw, iy) => {
    input.values[ix]! += weight[iw]! * dy.values[iy]!
    dWeight[iw]! += dy.values[iy]! * x.values[ix]!
  })
  const bias = kernel.bias?.map(() => 0)
  if (bias !== undefined) {
    forEachOutput(dy, (iy, channel) => {
      bias[channel]! += dy.values[iy]!
    })
  }
  return {
    input,
    weight: dWeight,
    values: kernel.values.map((_, i) => dWeight[storedIndex(kernel, i)]!),
    alpha: kernel.kind === 'dctps' ? innerProduct(transformWeight(kernel.geometry), dWeight) : undefined,
    bias,
  }
}

/**
 * Calls `visit(index in x, index in the weight, index in y)` for every product `w * x` that is summed into `y`.
 * Indices are written out: this is the one loop of the reference whose speed is felt.
 */
function forEachProduct(
  x: Activations,
  y: Activations,
  geometry: KernelGeometry,
  visit: (ix: number, iw: number, iy: number) => void,
): void {
  const { size, stride, padding, groups, outChannels } = geometry
  const channels = groupChannels(geometry)
  const groupOutputs = outChannels / groups
  for (let n = 0; n < y.images; n++)
    for (let o = 0; o < outChannels; o++) {
      const firstChannel = Math.floor(o / groupOutputs) * channels
      for (let row = 0; row < y.height; row++)
        for (let column = 0; column < y.width; column++) {
          const iy = ((n * y.channels + o) * y.height + row) * y.width + column
          for (let c = 0; c < channels; c++)
            for (let kh = 0; kh < size; kh++)
              for (let kw = 0; kw < size; kw++) {
                const h = row * stride + kh - padding
                const w = column * stride + kw - padding
                if (h < 0 || h >= x.height || w < 0 || w >= x.width) continue
                const iw = ((o * channels + c) * size + kh) * size + kw
                const ix = ((n * x.channels + firstChannel + c) * x.height + h) * x.width + w
                visit(ix, iw, iy)
              }
        }
    }
}

function forEachOutput(y: Activations, visit: (iy: number, channel: number) => void): void {
  const area = y.height * y.width
  for (let iy = 0; iy < y.values.length; iy++) visit(iy, Math.floor(iy / area) % y.channels)
}

/** Flat index in the weight of the i-th stored value. */
function storedIndex(kernel: Kernel, i: number): number {
  return kernel.support === undefined ? i : kernel.support[i]!
}

function innerProduct(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0)
}
