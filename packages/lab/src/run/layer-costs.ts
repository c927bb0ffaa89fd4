// What each layer of a network stores and computes, as rows of a table.

import {
  compileProgram,
  type KernelKind,
  type Layer,
  type Network,
  parameters,
  type Supports,
  weightShape,
} from 'dctps'
import { isKernelLayer } from 'dctps/internal/network/layer'
import { kernelEntries } from 'dctps/internal/shape/kernel'
import { cachedTransforms } from 'dctps/node'

export interface LayerCost {
  readonly name: string
  readonly op: Layer['op']
  /** `[channels, height, width]` */
  readonly output: readonly [number, number, number]
  readonly kernel: {
    readonly kind: KernelKind
    /** `[Cout, Cg, K, K]` or `[out, in]` of the dense weight. */
    readonly shape: readonly number[]
    readonly weights: number
    readonly nonZeros: number
    /** For one image, if the kernel were dense. */
    readonly denseMultiplyAdds: number
  } | null
  /** Numbers in a model file. */
  readonly stored: number
  /** For one image, forward, with the transform. */
  readonly multiplyAdds: number
}

/** @throws DctpsError `usage` when the supports do not fit the network */
export function layerCosts(network: Network, supports: Supports): LayerCost[] {
  const options = { batch: 1, input: { type: 'bytes', source: network.input }, optimizer: null } as const
  const { evaluate } = compileProgram(network, supports, options, cachedTransforms())
  const all = parameters(network, supports)
  const sum = (numbers: readonly number[]) => numbers.reduce((total, value) => total + value, 0)
  return network.layers.map((layer) => {
    const own = all.filter((parameter) => parameter.layer === layer.id)
    const { channels, height, width } = layer.output
    return {
      name: layer.name,
      op: layer.op,
      output: [channels, height, width],
      kernel: isKernelLayer(layer)
        ? {
            kind: layer.kind,
            shape: weightShape(layer),
            weights: kernelEntries(layer.geometry),
            nonZeros: sum(own.filter(({ role }) => role === 'kernel').map(({ size }) => size)),
            denseMultiplyAdds: kernelEntries(layer.geometry) * height * width,
          }
        : null,
      stored: sum(own.map(({ size }) => size)),
      multiplyAdds: sum(
        evaluate.steps.filter((step) => step.layer === layer.id).map(({ multiplyAdds }) => multiplyAdds),
      ),
    }
  })
}
