// The geometry of a kernel (a convolution's or a linear layer's weight) and the lengths that follow from it.
// Source: [P] section 1 of ALGORITHMS: the patch order is (kh, kw, c), channel fastest.

import { DctpsError } from '../errors.js'
import { type ActivationShape, slidingPositions } from './activation.js'

/** A square 2-d convolution; a linear layer is `size: 1, stride: 1, padding: 0, groups: 1` on a 1x1 image. */
export interface KernelGeometry {
  readonly inChannels: number
  readonly outChannels: number
  /** Kernel height and width, K. */
  readonly size: number
  readonly stride: number
  readonly padding: number
  readonly groups: number
}

/** Input channels that one output channel reads, `Cg`. */
export function groupChannels(geometry: KernelGeometry): number {
  return geometry.inChannels / geometry.groups
}

/** Entries in one patch: `K * K * Cg`. */
export function patchLength(geometry: KernelGeometry): number {
  return geometry.size * geometry.size * groupChannels(geometry)
}

/** Length of the DCT of a layer: `d = max(patch, Cout)`. */
export function transformLength(geometry: KernelGeometry): number {
  return Math.max(patchLength(geometry), geometry.outChannels)
}

/** Weights of the dense kernel: `Cout * Cg * K * K`. */
export function kernelEntries(geometry: KernelGeometry): number {
  return geometry.outChannels * patchLength(geometry)
}

/**
 * Position of a weight in the patch, `(kh * K + kw) * Cg + c`, from its flat index
 * `((o * Cg + c) * K + kh) * K + kw` (the order of a PyTorch weight).
 */
export function patchPosition(geometry: KernelGeometry, flatIndex: number): { row: number; column: number } {
  const area = geometry.size * geometry.size
  const channels = groupChannels(geometry)
  const row = Math.floor(flatIndex / (area * channels))
  const inRow = flatIndex - row * area * channels
  const channel = Math.floor(inRow / area)
  const tap = inRow - channel * area
  return { row, column: tap * channels + channel }
}

/** The inverse of {@link patchPosition}. */
export function flatPosition(geometry: KernelGeometry, row: number, column: number): number {
  const area = geometry.size * geometry.size
  const channels = groupChannels(geometry)
  const tap = Math.floor(column / channels)
  const channel = column - tap * channels
  return (row * channels + channel) * area + tap
}

/**
 * Output shape of a convolution.
 * @throws DctpsError `usage` when channels, groups or window do not fit.
 */
export function convolutionOutput(input: ActivationShape, geometry: KernelGeometry): ActivationShape {
  const { inChannels, outChannels, groups } = geometry
  if (input.channels !== inChannels) {
    throw new DctpsError(
      'usage',
      `a kernel for ${inChannels} input channels was given ${input.channels} channels`,
    )
  }
  if (inChannels % groups !== 0 || outChannels % groups !== 0) {
    throw new DctpsError(
      'usage',
      `groups must divide the channels: received ${groups} groups for ${inChannels} -> ${outChannels} channels`,
    )
  }
  return {
    channels: outChannels,
    height: slidingPositions(input.height, geometry.size, geometry.stride, geometry.padding),
    width: slidingPositions(input.width, geometry.size, geometry.stride, geometry.padding),
  }
}
