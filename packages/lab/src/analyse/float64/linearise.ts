// A network at a batch of images in float64: its activations, and vector-Jacobian products as often as they are asked
// for. It reads like the formulas of `packages/core/test/reference`, which judge it, but works on rows in fast forms, and
// forgets an activation when its last reader has run.

import { isKernelLayer, type Layer, type LayerId, layerInputs } from 'dctps/internal/network/layer'
import type { Network } from 'dctps/internal/network/network'
import { type ParameterRole, parameters, type Supports } from 'dctps/internal/network/parameters'
import { Kernel } from './kernel.js'
import type { Linearised } from './layers.js'
import * as layers from './layers.js'
import type { RowTransforms } from './patch-map.js'
import { type BatchShape, flatten, type Signal, unflatten } from './signal.js'

type Values = Float32Array | Float64Array

/** Called with each layer and what it gives, or the gradient of that; the values are only lent. */
export type Visit = (layer: Layer, signal: Signal) => void

/** A network at one batch. */
export interface LinearisedNetwork {
  readonly logits: Signal
  /**
   * The gradient of `<gradient, logits>` with respect to the images. Batch norm's statistics are constants, so no
   * image's gradient depends on another's.
   */
  readonly pullback: (gradient: Signal, visit?: Visit) => Signal
}

/** A network with its parameters, ready for any batch. */
export class Float64Network {
  readonly #network: Network
  readonly #kernels = new Map<LayerId, Kernel>()
  readonly #values: (layer: Layer, role: ParameterRole) => Values

  /**
   * @param values by the names of `parameters(network, supports)`
   * @throws DctpsError `usage` when a support does not fit its kernel
   */
  constructor(
    network: Network,
    supports: Supports,
    values: ReadonlyMap<string, Values>,
    transforms: RowTransforms,
  ) {
    this.#network = network
    const byPlace = new Map(
      parameters(network, supports).map(({ layer, role, name }) => [`${layer} ${role}`, values.get(name)]),
    )
    this.#values = (layer, role) => {
      const found = byPlace.get(`${layer.id} ${role}`)
      if (found === undefined) throw new Error(`${network.name}: layer ${layer.name} has no ${role}`)
      return found
    }
    for (const layer of network.layers) {
      if (!isKernelLayer(layer)) continue
      const kernel = {
        layer,
        support: layer.kind === 'dense' ? undefined : supports.get(layer.id),
        values: this.#values(layer, 'kernel'),
        alpha: layer.kind === 'dctps' ? this.#values(layer, 'alpha')[0]! : 0,
        bias: layer.bias ? this.#values(layer, 'bias') : undefined,
      }
      this.#kernels.set(layer.id, new Kernel(kernel, transforms))
    }
  }

  /** Runs the network on a batch. */
  linearise(images: Signal, visit: Visit = () => {}): LinearisedNetwork {
    const { layers: list } = this.#network
    const outputs = new Map<LayerId, Signal>()
    const pullbacks = new Map<LayerId, Linearised['pullback']>()
    const lastReaders = new Map(list.flatMap((layer) => layerInputs(layer).map((id) => [id, layer.id])))
    for (const layer of list) {
      const { output, pullback } = this.#apply(
        layer,
        layerInputs(layer).map((id) => outputs.get(id)!),
        images,
      )
      visit(layer, output)
      outputs.set(layer.id, output)
      pullbacks.set(layer.id, pullback)
      for (const id of layerInputs(layer)) if (lastReaders.get(id) === layer.id) outputs.delete(id)
    }
    const logits = outputs.get(list.length - 1)!
    return { logits, pullback: (gradient, look) => this.#pull(gradient, pullbacks, images, look) }
  }

  #pull(
    logitsGradient: Signal,
    pullbacks: ReadonlyMap<LayerId, Linearised['pullback']>,
    images: Signal,
    visit: Visit = () => {},
  ): Signal {
    const { layers: list } = this.#network
    const gradients = new Map<LayerId, Signal>([[list.length - 1, logitsGradient]])
    for (const layer of list.toReversed()) {
      // What nothing reads on the way to the logits has no gradient.
      const gradient = gradients.get(layer.id)
      gradients.delete(layer.id)
      if (gradient === undefined) continue
      visit(layer, gradient)
      if (layer.op === 'input') return gradient
      const ofInputs = pullbacks.get(layer.id)!(gradient)
      layerInputs(layer).forEach((id, i) => {
        const other = gradients.get(id)
        // Gradients are shared between layers, so they are never changed in place.
        gradients.set(id, other === undefined ? ofInputs[i]! : layers.sum(other, ofInputs[i]!))
      })
    }
    return { ...images, values: new Float64Array(images.values.length) }
  }

  #apply(layer: Layer, inputs: readonly Signal[], images: Signal): Linearised {
    if (layer.op === 'input') return { output: images, pullback: () => [] }
    const x = inputs[0]!
    switch (layer.op) {
      case 'conv2d':
      case 'linear': {
        const kernel = this.#kernels.get(layer.id)!
        const shape = shapeOf(x)
        return {
          output: kernel.apply(x),
          pullback: (gradient) => [kernel.applyTransposed(gradient, shape)],
        }
      }
      case 'batchNorm':
        return layers.batchNorm(x, layer, this.#values(layer, 'scale'), this.#values(layer, 'shift'))
      case 'relu':
        return layers.relu(x)
      case 'averagePool':
        return layers.averagePool(x, layer)
      case 'maxPool':
        return layers.maxPool(x, layer)
      case 'flatten': {
        const shape = shapeOf(x)
        return { output: flatten(x), pullback: (gradient) => [unflatten(gradient, shape)] }
      }
      case 'add':
        return layers.add(x, inputs[1]!)
      case 'padChannels':
        return layers.padChannels(x, layer.output.channels)
      case 'scalarAffine': {
        const number = (role: 'scale' | 'shift' | 'offset') => {
          const scalar = layer[role]
          return typeof scalar === 'number' ? scalar : this.#values(layer, role)[0]!
        }
        const numbers = { scale: number('scale'), shift: number('shift'), offset: number('offset') }
        return layers.scalarAffine(x, inputs[1] ?? null, numbers, layer.rectified)
      }
    }
  }
}

function shapeOf({ images, channels, height, width }: Signal): BatchShape {
  return { images, channels, height, width }
}
