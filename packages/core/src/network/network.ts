// A network is data: a list of layer records, built once, checked while it is built. No parameters live here.

import { DctpsError } from '../errors.js'
import {
  type ActivationShape,
  activationSize,
  formatActivation,
  slidingPositions,
} from '../shape/activation.js'
import { convolutionOutput, type KernelGeometry, kernelEntries } from '../shape/kernel.js'
import {
  isKernelLayer,
  type KernelKind,
  type KernelLayer,
  type Layer,
  type LayerId,
  type Scalar,
} from './layer.js'

export interface Network {
  /** Registry name of the architecture, e.g. `lenet5`. */
  readonly name: string
  /** In topological order; the first is the input, the last gives the logits `[classes, 1, 1]`. */
  readonly layers: readonly Layer[]
  readonly input: ActivationShape
  readonly classes: number
  /** Learning rate of biases, shifts and scales, as a multiple of that of all else. */
  readonly biasRate: number
}

/** What every kernel of a network shares. */
export interface KernelOptions {
  readonly kind: KernelKind
  /** DCTpS only. Default `trainable`. */
  readonly alpha?: 'trainable' | 'frozen'
}

export interface LinearOptions {
  readonly bias?: boolean
  /** Default 1. */
  readonly initialAlpha?: number
  /** Default Kaiming's. */
  readonly initialDeviation?: number
}

export interface Conv2dOptions extends LinearOptions {
  readonly size: number
  readonly stride?: number
  readonly padding?: number
  readonly groups?: number
}

/** The defaults leave `x` as it is. */
export interface ScalarAffineOptions {
  readonly scale?: Scalar
  readonly shift?: Scalar
  readonly residual?: LayerId
  readonly rectified?: boolean
  readonly offset?: Scalar
}

/** Builds a {@link Network} layer by layer; each method returns the id of the layer it appended. */
export class NetworkBuilder {
  readonly #layers: Layer[] = []
  readonly #name: string
  readonly #kernel: KernelOptions

  constructor(name: string, input: ActivationShape, kernel: KernelOptions) {
    this.#name = name
    this.#kernel = kernel
    this.#layers.push({ op: 'input', id: 0, name: 'input', output: input })
  }

  /** The input layer's id. */
  get input(): LayerId {
    return 0
  }

  shapeOf(id: LayerId): ActivationShape {
    const layer = this.#layers[id]
    if (layer === undefined) throw new DctpsError('usage', `${this.#name}: there is no layer ${id} yet`)
    return layer.output
  }

  conv2d(name: string, input: LayerId, outChannels: number, options: Conv2dOptions): LayerId {
    const shape = this.shapeOf(input)
    const geometry: KernelGeometry = {
      inChannels: shape.channels,
      outChannels,
      size: options.size,
      stride: options.stride ?? 1,
      padding: options.padding ?? 0,
      groups: options.groups ?? 1,
    }
    const output = this.#located(name, () => convolutionOutput(shape, geometry))
    return this.#append({ op: 'conv2d', input, geometry, output, ...this.#kernelFields(name, options) })
  }

  linear(name: string, input: LayerId, outFeatures: number, options: LinearOptions = {}): LayerId {
    const shape = this.shapeOf(input)
    if (shape.height !== 1 || shape.width !== 1) {
      throw new DctpsError(
        'usage',
        `${this.#name}, layer ${name}: a linear layer needs a feature vector, received ${formatActivation(shape)}; flatten or pool first`,
      )
    }
    const geometry = {
      inChannels: shape.channels,
      outChannels: outFeatures,
      size: 1,
      stride: 1,
      padding: 0,
      groups: 1,
    }
    const output = { channels: outFeatures, height: 1, width: 1 }
    return this.#append({ op: 'linear', input, geometry, output, ...this.#kernelFields(name, options) })
  }

  relu(input: LayerId): LayerId {
    return this.#append({ op: 'relu', name: this.#unnamed('relu'), input, output: this.shapeOf(input) })
  }

  averagePool(input: LayerId, window: number, stride = window): LayerId {
    return this.#pool('averagePool', input, window, stride)
  }

  maxPool(input: LayerId, window: number, stride = window): LayerId {
    return this.#pool('maxPool', input, window, stride)
  }

  /** Average over all positions, `[C, H, W] -> [C, 1, 1]`; the image must be square. */
  globalAveragePool(input: LayerId): LayerId {
    const { height, width } = this.shapeOf(input)
    if (height !== width) {
      throw new DctpsError(
        'usage',
        `${this.#name}: global pooling needs a square image, received ${height}x${width}`,
      )
    }
    return this.averagePool(input, height)
  }

  flatten(input: LayerId): LayerId {
    const output = { channels: activationSize(this.shapeOf(input)), height: 1, width: 1 }
    return this.#append({ op: 'flatten', name: this.#unnamed('flatten'), input, output })
  }

  batchNorm(name: string, input: LayerId, options: { epsilon?: number; momentum?: number } = {}): LayerId {
    return this.#append({
      op: 'batchNorm',
      name,
      input,
      output: this.shapeOf(input),
      epsilon: options.epsilon ?? 1e-5,
      momentum: options.momentum ?? 0.1,
    })
  }

  add(first: LayerId, second: LayerId): LayerId {
    const output = this.#sumShape(first, second)
    return this.#append({ op: 'add', name: this.#unnamed('add'), inputs: [first, second], output })
  }

  /** `max(scale * x + shift + residual, 0) + offset`; the maximum only where it is `rectified`. */
  scalarAffine(input: LayerId, options: ScalarAffineOptions): LayerId {
    const residual = options.residual ?? null
    return this.#append({
      op: 'scalarAffine',
      name: this.#unnamed('scalarAffine'),
      input,
      residual,
      scale: options.scale ?? 1,
      shift: options.shift ?? 0,
      rectified: options.rectified ?? false,
      offset: options.offset ?? 0,
      output: residual === null ? this.shapeOf(input) : this.#sumShape(input, residual),
    })
  }

  /** Zeros as further channels, up to `channels` of them. */
  padChannels(input: LayerId, channels: number): LayerId {
    const shape = this.shapeOf(input)
    if (!Number.isInteger(channels) || channels < shape.channels) {
      throw new DctpsError(
        'usage',
        `${this.#name}: padding ${formatActivation(shape)} needs a whole number of at least ${shape.channels} channels, received ${channels}`,
      )
    }
    const output = { ...shape, channels }
    return this.#append({ op: 'padChannels', name: this.#unnamed('padChannels'), input, output })
  }

  /** The finished network; the last layer must give a feature vector, one logit a class. */
  build(options: { biasRate?: number } = {}): Network {
    const layers = this.#layers
    const last = layers.at(-1)!
    if (last.output.height !== 1 || last.output.width !== 1 || last.op === 'input') {
      throw new DctpsError(
        'usage',
        `${this.#name}: the last layer must give logits [classes, 1, 1], it gives ${formatActivation(last.output)}`,
      )
    }
    return {
      name: this.#name,
      layers,
      input: layers[0]!.output,
      classes: last.output.channels,
      biasRate: options.biasRate ?? 1,
    }
  }

  #sumShape(first: LayerId, second: LayerId): ActivationShape {
    const [a, b] = [this.shapeOf(first), this.shapeOf(second)]
    if (a.channels !== b.channels || a.height !== b.height || a.width !== b.width) {
      throw new DctpsError(
        'usage',
        `${this.#name}: only equal shapes can be added, received ${formatActivation(a)} and ${formatActivation(b)}`,
      )
    }
    return a
  }

  #kernelFields(name: string, options: LinearOptions) {
    return {
      name,
      kind: this.#kernel.kind,
      bias: options.bias ?? false,
      alpha: this.#kernel.alpha ?? ('trainable' as const),
      initialAlpha: options.initialAlpha ?? 1,
      initialDeviation: options.initialDeviation ?? null,
    }
  }

  #pool(op: 'averagePool' | 'maxPool', input: LayerId, window: number, stride: number): LayerId {
    const { channels, height, width } = this.shapeOf(input)
    const output = this.#located(op, () => ({
      channels,
      height: slidingPositions(height, window, stride, 0),
      width: slidingPositions(width, window, stride, 0),
    }))
    return this.#append({ op, name: this.#unnamed(op), input, window, stride, output })
  }

  #unnamed(op: string): string {
    return `${op}${this.#layers.length}`
  }

  #located<T>(name: string, compute: () => T): T {
    try {
      return compute()
    } catch (error) {
      if (error instanceof DctpsError)
        throw new DctpsError(error.code, `${this.#name}, layer ${name}: ${error.message}`)
      throw error
    }
  }

  #append(layer: Layer extends infer L ? (L extends Layer ? Omit<L, 'id'> : never) : never): LayerId {
    if (this.#layers.some((other) => other.name === layer.name)) {
      throw new DctpsError('usage', `${this.#name}: two layers are named ${layer.name}; names must be unique`)
    }
    const id = this.#layers.length
    this.#layers.push({ ...layer, id } as Layer)
    return id
  }
}

/** The conv and linear layers, in definition order: the order of supports, budgets and `models.json`. */
export function kernelLayers(network: Network): KernelLayer[] {
  return network.layers.filter(isKernelLayer)
}

/** Shape of a dense weight: `[Cout, Cg, K, K]` or `[out, in]`. */
export function weightShape(layer: KernelLayer): number[] {
  const { inChannels, outChannels, size, groups } = layer.geometry
  return layer.op === 'linear' ? [outChannels, inChannels] : [outChannels, inChannels / groups, size, size]
}

/** Weights of all kernels when dense: the N of every density. */
export function kernelCount(network: Network): number {
  return kernelLayers(network).reduce((sum, layer) => sum + kernelEntries(layer.geometry), 0)
}
