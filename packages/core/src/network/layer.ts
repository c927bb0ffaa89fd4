// Layers as plain final records: static shapes and options, apart from parameters. A network is a list of them in
// topological order; every later stage (support, program, file) reads these records and nothing else.

import type { ActivationShape } from '../shape/activation.js'
import type { KernelGeometry } from '../shape/kernel.js'

/**
 * How a kernel is made:
 * - `dctps`: `alpha * D x + S x`, D the free transform, S sparse ([P] section 1)
 * - `sparse`: `S x`
 * - `dense`: `W x`
 */
export type KernelKind = 'dctps' | 'sparse' | 'dense'

export const kernelKinds: readonly KernelKind[] = ['dctps', 'sparse', 'dense']

/** Index of a layer in its network's list. */
export type LayerId = number

interface LayerRecord {
  readonly id: LayerId
  /** Name in the published code (`convs.0`, `layer1.0.bn1`); parameters are named after it. Unique in a network. */
  readonly name: string
  readonly output: ActivationShape
}

export interface InputLayer extends LayerRecord {
  readonly op: 'input'
}

interface KernelRecord extends LayerRecord {
  readonly input: LayerId
  readonly geometry: KernelGeometry
  readonly kind: KernelKind
  readonly bias: boolean
  /** DCTpS only: whether alpha is trained. */
  readonly alpha: 'trainable' | 'frozen'
  /** DCTpS only: alpha before training. */
  readonly initialAlpha: number
  /** Sparse and dense only: standard deviation of the weights before training; null for Kaiming's. */
  readonly initialDeviation: number | null
}

/** `x: [inChannels, H, W] -> [outChannels, H', W']` */
export interface Conv2dLayer extends KernelRecord {
  readonly op: 'conv2d'
}

/** `x: [in, 1, 1] -> [out, 1, 1]`, a 1x1 convolution on a 1x1 image */
export interface LinearLayer extends KernelRecord {
  readonly op: 'linear'
}

export interface ReluLayer extends LayerRecord {
  readonly op: 'relu'
  readonly input: LayerId
}

/** Square window without padding. */
export interface PoolLayer extends LayerRecord {
  readonly op: 'averagePool' | 'maxPool'
  readonly input: LayerId
  readonly window: number
  readonly stride: number
}

/** `[C, H, W] -> [C*H*W, 1, 1]` in PyTorch's order, `(c*H + h)*W + w`. */
export interface FlattenLayer extends LayerRecord {
  readonly op: 'flatten'
  readonly input: LayerId
}

/** Per channel over batch and positions; biased variance in training, running statistics in evaluation. */
export interface BatchNormLayer extends LayerRecord {
  readonly op: 'batchNorm'
  readonly input: LayerId
  readonly epsilon: number
  readonly momentum: number
}

/** Elementwise sum of two activations of one shape. */
export interface AddLayer extends LayerRecord {
  readonly op: 'add'
  readonly inputs: readonly [LayerId, LayerId]
}

/** One number for a whole activation: a constant, or the name of the trainable parameter that holds it. */
export type Scalar = number | string

/**
 * `max(scale * x + shift + residual, 0) + offset`, without the maximum where it is not `rectified`: what stands between
 * the kernels of a residual network without batch norm ([X]), in one pass over memory.
 */
export interface ScalarAffineLayer extends LayerRecord {
  readonly op: 'scalarAffine'
  readonly input: LayerId
  readonly residual: LayerId | null
  readonly scale: Scalar
  readonly shift: Scalar
  readonly rectified: boolean
  readonly offset: Scalar
}

/** Zeros as further channels, `[C, H, W] -> [C', H, W]`. */
export interface PadChannelsLayer extends LayerRecord {
  readonly op: 'padChannels'
  readonly input: LayerId
}

export type KernelLayer = Conv2dLayer | LinearLayer

export type Layer =
  | InputLayer
  | Conv2dLayer
  | LinearLayer
  | ReluLayer
  | PoolLayer
  | FlattenLayer
  | BatchNormLayer
  | AddLayer
  | ScalarAffineLayer
  | PadChannelsLayer

export function isKernelLayer(layer: Layer): layer is KernelLayer {
  return layer.op === 'conv2d' || layer.op === 'linear'
}

/** The layers that a layer reads. */
export function layerInputs(layer: Layer): readonly LayerId[] {
  switch (layer.op) {
    case 'input':
      return []
    case 'add':
      return layer.inputs
    case 'scalarAffine':
      return layer.residual === null ? [layer.input] : [layer.input, layer.residual]
    default:
      return [layer.input]
  }
}
