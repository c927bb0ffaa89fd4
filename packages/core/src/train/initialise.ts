// Values before training, each number from its own counter: a sparse kernel gets exactly the values that the dense one
// has at the same places, and nothing depends on the order of evaluation.

import { isKernelLayer, type KernelLayer } from '../network/layer.js'
import type { Network } from '../network/network.js'
import { type Parameter, parameters, type Supports } from '../network/parameters.js'
import type { Key } from '../random/key.js'
import { patchLength } from '../shape/kernel.js'

/**
 * Initial values by parameter name. DCTpS: S = 0, alpha as the architecture says ([P] section 1). Sparse and dense:
 * normal on the dense shape, restricted to the support: of the deviation that the architecture says, or Kaiming's (fan-in,
 * ReLU gain; He et al. 2015). Biases 0, scales 1, batch norm the identity.
 */
export function initialValues(network: Network, supports: Supports, key: Key): Map<string, Float32Array> {
  return new Map(
    parameters(network, supports).map((parameter) => [
      parameter.name,
      initialValue(network, supports, parameter, key),
    ]),
  )
}

function initialValue(network: Network, supports: Supports, parameter: Parameter, key: Key): Float32Array {
  const values = new Float32Array(parameter.size)
  const layer = network.layers[parameter.layer]!
  switch (parameter.role) {
    case 'kernel':
      if (isKernelLayer(layer) && layer.kind !== 'dctps') normal(values, layer, supports, key)
      return values
    case 'alpha':
      return isKernelLayer(layer) ? values.fill(layer.initialAlpha) : values
    case 'scale':
    case 'variance':
      return values.fill(1)
    case 'bias':
    case 'shift':
    case 'offset':
    case 'mean':
      return values
  }
}

function normal(values: Float32Array, layer: KernelLayer, supports: Supports, key: Key): void {
  const own = key.fold('initialise', layer.id)
  const deviation = layer.initialDeviation ?? Math.sqrt(2 / patchLength(layer.geometry))
  const indices = supports.get(layer.id)
  for (let i = 0; i < values.length; i++) values[i] = deviation * own.normal(indices?.[i] ?? i)
}
