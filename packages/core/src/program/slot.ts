// The slot: what the host hands over with each batch and gets back. A program has a few slots in a ring, so that the
// host prepares the next batches while the workers compute. Header offsets are mirrored in assembly/slot.ts.

import type { Network } from '../network/network.js'
import { type ActivationShape, activationSize } from '../shape/activation.js'

/** Byte offsets of the header's fields. */
export const slotHeader = {
  images: 0,
  blocks: 4,
  /** 0 evaluate, 1 gradient, 2 train, 3 growth */
  mode: 8,
  learningRate: 16,
  momentum: 20,
  beta2: 24,
  epsilon: 28,
  weightDecay: 32,
  inverseCorrection1: 36,
  inverseRootCorrection2: 40,
  rest1: 44,
  rest2: 48,
} as const

const headerBytes = 64

/** What the images of a batch look like in the slot. */
export type InputFormat =
  /** Raw bytes `[C][H][W]` of any size, placed and normalised by the input kernel. */
  | { readonly type: 'bytes'; readonly source: ActivationShape }
  /** Float32 `[C][H][W]` of the network's input shape. */
  | { readonly type: 'floats'; readonly source: ActivationShape }

/**
 * What a program differentiates:
 * - `crossEntropy`: the mean softmax cross-entropy of the labels
 * - `upstream`: `<upstream, logits>` for a gradient that the host gives; also yields the gradient of the input. For
 *   analysis and for checks of single layers.
 */
export type Objective = 'crossEntropy' | 'upstream'

/** Byte offsets inside one slot, and its length. */
export interface SlotLayout {
  /** `[blocks][lanes]` int32: -1 where there is an image, 0 elsewhere. */
  readonly mask: number
  /** `[batch]` int32. */
  readonly labels: number
  /** `[batch][4]` int32: top, left, flipped, unused. */
  readonly placements: number
  /** `[batch][C][H][W]` */
  readonly images: number
  readonly imageBytes: number
  /** `[blocks][2]` float64: sum of losses, correct answers. */
  readonly results: number
  /** `[batch][classes]` float32. */
  readonly logits: number
  /** `[batch][classes]` float32, only with an upstream objective. */
  readonly upstream: number
  /** `[batch][C][H][W]` float32 of the network's input shape, only with an upstream objective. */
  readonly inputGradient: number
  readonly bytes: number
}

export function slotLayout(
  batch: number,
  blocks: number,
  lanes: number,
  network: Network,
  input: InputFormat,
  objective: Objective,
): SlotLayout {
  let end = headerBytes
  const reserve = (bytes: number): number => {
    const start = end
    end = alignUp(end + bytes, 16)
    return start
  }
  const imageBytes = activationSize(input.source) * (input.type === 'bytes' ? 1 : 4)
  const mask = reserve(blocks * lanes * 4)
  const labels = reserve(batch * 4)
  const placements = reserve(batch * 16)
  const images = reserve(batch * imageBytes)
  const results = reserve(blocks * 16)
  const logits = reserve(batch * network.classes * 4)
  const given = objective === 'upstream' ? batch * 4 : 0
  const upstream = reserve(given * network.classes)
  const inputGradient = reserve(given * activationSize(network.input))
  return {
    mask,
    labels,
    placements,
    images,
    imageBytes,
    results,
    logits,
    upstream,
    inputGradient,
    bytes: end,
  }
}

export function alignUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple
}
