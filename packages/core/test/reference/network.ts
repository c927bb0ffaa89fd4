// Interprets a network definition layer by layer in float64: what the compiled engine must agree with.
// It keeps every activation and plans nothing.

import {
  type AddLayer,
  isKernelLayer,
  type KernelLayer,
  type Layer,
  type LayerId,
  type ScalarAffineLayer,
} from '#core/network/layer'
import type { Network } from '#core/network/network'
import { type Parameter, type ParameterRole, parameters, type Supports } from '#core/network/parameters'
import { activationSize } from '#core/shape/activation'
import { type Activations, activations } from './activations.js'
import {
  batchNorm,
  batchNormEvaluationBackward,
  batchNormTrainingBackward,
  batchStatistics,
  type Normalisation,
  type Statistics,
  updateRunningStatistics,
} from './batch-norm.js'
import { convolution, convolutionBackward, type Kernel } from './kernel.js'
import { maxPoolMargin, reluMargin } from './kinks.js'
import * as layers from './layers.js'
import { crossEntropy } from './loss.js'
import { affineSum, type ScalarAffine, scalarAffine, scalarAffineBackward } from './scalar-affine.js'

/** `train`: batch statistics, running ones are updated; `eval`: running statistics. */
export type Mode = 'train' | 'eval'

export interface Gradients {
  /** By parameter name, trainable parameters only. */
  readonly parameters: Map<string, Float64Array>
  /** Of every entry of each kernel, on its support or not, `[Cout, Cg, K, K]`: what RigL ranks. */
  readonly weights: Map<LayerId, Float64Array>
  /** `[N, C, H, W]` */
  readonly input: Float64Array
}

type RoleValues = Partial<Record<ParameterRole, Float64Array>>

export class ReferenceNetwork {
  readonly network: Network
  readonly supports: Supports
  /** Current values by parameter name, running statistics included. Optimisers change them in place. */
  readonly parameters: ReadonlyMap<string, Float64Array>
  readonly #list: readonly Parameter[]
  readonly #outputs: Activations[] = []
  #mode: Mode = 'eval'

  /** Copies `parameterValues`, which must hold every name of `parameters(network, supports)`. */
  constructor(network: Network, supports: Supports, parameterValues: ReadonlyMap<string, ArrayLike<number>>) {
    this.network = network
    this.supports = supports
    this.#list = parameters(network, supports)
    this.parameters = new Map(
      this.#list.map(({ name, size }) => {
        const values = parameterValues.get(name)
        if (values?.length !== size) {
          throw new Error(
            `${network.name}: parameter ${name} needs ${size} values, received ${values?.length ?? 'none'}`,
          )
        }
        return [name, Float64Array.from(values)]
      }),
    )
  }

  /** `x: [N, C, H, W] -> logits [N, classes]` */
  forward(x: Float64Array, mode: Mode): Float64Array {
    this.#mode = mode
    this.#outputs.length = 0
    const images = x.length / activationSize(this.network.input)
    for (const layer of this.network.layers) {
      const output = layer.op === 'input' ? activations(images, layer.output, x) : this.#apply(layer)
      this.#outputs.push(output)
    }
    return this.#outputs.at(-1)!.values
  }

  /** Mean cross-entropy of the last forward pass and its gradients, one label an image. */
  backward(labels: ArrayLike<number>): { loss: number; gradients: Gradients } {
    const { loss, gradient } = crossEntropy(this.#outputs.at(-1)!.values, labels)
    return { loss, gradients: this.backwardFrom(gradient) }
  }

  /** Gradients of `<logitsGradient, logits>` of the last forward pass, in its mode. */
  backwardFrom(logitsGradient: Float64Array): Gradients {
    const gradients = this.#outputs.map((output) => activations(output.images, output))
    gradients.at(-1)!.values.set(logitsGradient)
    const byLayer = new Map<LayerId, RoleValues>()
    const weights = new Map<LayerId, Float64Array>()
    const give = (input: LayerId, gradient: Activations) => {
      gradients[input] = layers.add(gradients[input]!, gradient)
    }
    for (const layer of this.network.layers.toReversed()) {
      const dy = gradients[layer.id]!
      if (layer.op === 'input') continue
      if (layer.op === 'add') {
        for (const input of layer.inputs) give(input, dy)
        continue
      }
      const x = this.outputOf(layer.input)
      if (isKernelLayer(layer)) {
        const { input, weight, values, alpha, bias } = convolutionBackward(x, this.kernelOf(layer), dy)
        give(layer.input, input)
        weights.set(layer.id, weight)
        byLayer.set(layer.id, {
          kernel: values,
          ...(alpha === undefined ? {} : { alpha: Float64Array.of(alpha) }),
          ...(bias === undefined ? {} : { bias }),
        })
      } else if (layer.op === 'batchNorm') {
        const normalisation = this.#normalisationOf(layer)
        const { input, scale, shift } =
          this.#mode === 'train'
            ? batchNormTrainingBackward(x, normalisation, dy)
            : batchNormEvaluationBackward(x, normalisation, this.#runningStatisticsOf(layer), dy)
        give(layer.input, input)
        byLayer.set(layer.id, { scale, shift })
      } else if (layer.op === 'scalarAffine') {
        const gradient = scalarAffineBackward(x, this.#residualOf(layer), this.#scalarsOf(layer), dy)
        give(layer.input, gradient.input)
        if (layer.residual !== null) give(layer.residual, gradient.residual)
        const { scale, shift, offset } = gradient
        byLayer.set(layer.id, {
          scale: Float64Array.of(scale),
          shift: Float64Array.of(shift),
          offset: Float64Array.of(offset),
        })
      } else {
        give(layer.input, plainBackward(layer, x, dy))
      }
    }
    const trainable = this.#list.filter((parameter) => parameter.trainable)
    return {
      parameters: new Map(trainable.map(({ name, layer, role }) => [name, byLayer.get(layer)![role]!])),
      weights,
      input: gradients[0]!.values,
    }
  }

  /** What a layer gave in the last forward pass. */
  outputOf(id: LayerId): Activations {
    const output = this.#outputs[id]
    if (output === undefined)
      throw new Error(`${this.network.name}: layer ${id} has not run; call forward first`)
    return output
  }

  /** Smallest distance, in the last forward pass, to a point where a ReLU or a max pool changes its mind. */
  kinkMargin(): number {
    const margins = this.network.layers.map((layer) => {
      if (layer.op === 'relu') return reluMargin(this.outputOf(layer.input))
      if (layer.op === 'scalarAffine' && layer.rectified) {
        const sum = affineSum(this.outputOf(layer.input), this.#residualOf(layer), this.#scalarsOf(layer))
        return reluMargin(sum)
      }
      if (layer.op === 'maxPool')
        return maxPoolMargin(this.outputOf(layer.input), this.outputOf(layer.id), layer)
      return Infinity
    })
    return Math.min(...margins)
  }

  /** A kernel layer with its current values. */
  kernelOf(layer: KernelLayer): Kernel {
    return {
      kind: layer.kind,
      geometry: layer.geometry,
      support: layer.kind === 'dense' ? undefined : this.supports.get(layer.id),
      values: this.#valuesOf(layer, 'kernel'),
      alpha: layer.kind === 'dctps' ? this.#valuesOf(layer, 'alpha')[0]! : 0,
      bias: layer.bias ? this.#valuesOf(layer, 'bias') : undefined,
    }
  }

  #apply(layer: Exclude<Layer, { op: 'input' }>): Activations {
    if (layer.op === 'add') return layers.add(this.outputOf(layer.inputs[0]), this.outputOf(layer.inputs[1]))
    const x = this.outputOf(layer.input)
    switch (layer.op) {
      case 'conv2d':
      case 'linear':
        return convolution(x, this.kernelOf(layer))
      case 'batchNorm': {
        const running = this.#runningStatisticsOf(layer)
        if (this.#mode === 'train') updateRunningStatistics(running, x, layer.momentum)
        const statistics = this.#mode === 'train' ? batchStatistics(x) : running
        return batchNorm(x, this.#normalisationOf(layer), statistics)
      }
      case 'relu':
        return layers.relu(x)
      case 'averagePool':
        return layers.averagePool(x, layer)
      case 'maxPool':
        return layers.maxPool(x, layer)
      case 'flatten':
        return layers.flatten(x)
      case 'scalarAffine':
        return scalarAffine(x, this.#residualOf(layer), this.#scalarsOf(layer))
      case 'padChannels':
        return layers.padChannels(x, layer.output.channels)
    }
  }

  #residualOf({ residual }: ScalarAffineLayer): Activations | null {
    return residual === null ? null : this.outputOf(residual)
  }

  #scalarsOf(layer: ScalarAffineLayer): ScalarAffine {
    const value = (role: 'scale' | 'shift' | 'offset') => {
      const scalar = layer[role]
      return typeof scalar === 'number' ? scalar : this.#valuesOf(layer, role)[0]!
    }
    const { rectified } = layer
    return { scale: value('scale'), shift: value('shift'), offset: value('offset'), rectified }
  }

  #normalisationOf(layer: Extract<Layer, { op: 'batchNorm' }>): Normalisation {
    return {
      scale: this.#valuesOf(layer, 'scale'),
      shift: this.#valuesOf(layer, 'shift'),
      epsilon: layer.epsilon,
    }
  }

  #runningStatisticsOf(layer: Layer): Statistics {
    return { mean: this.#valuesOf(layer, 'mean'), variance: this.#valuesOf(layer, 'variance') }
  }

  #valuesOf(layer: Layer, role: ParameterRole): Float64Array {
    const parameter = this.#list.find((candidate) => candidate.layer === layer.id && candidate.role === role)
    if (parameter === undefined) throw new Error(`${this.network.name}: layer ${layer.name} has no ${role}`)
    return this.parameters.get(parameter.name)!
  }
}

/** Gradient of the input of a layer without parameters. */
function plainBackward(
  layer: Exclude<Layer, KernelLayer | AddLayer | ScalarAffineLayer | { op: 'input' } | { op: 'batchNorm' }>,
  x: Activations,
  dy: Activations,
): Activations {
  switch (layer.op) {
    case 'relu':
      return layers.reluBackward(x, dy)
    case 'averagePool':
      return layers.averagePoolBackward(x, layer, dy)
    case 'maxPool':
      return layers.maxPoolBackward(x, layer, dy)
    case 'flatten':
      return layers.flattenBackward(x, dy)
    case 'padChannels':
      return layers.padChannelsBackward(x, dy)
  }
}
