// What it takes to build a network and its supports again: an architecture with options, and where the supports come
// from. A random support is its rule, density and seed, so files need not store it.

import { DctpsError } from '../errors.js'
import { type KernelOptions, kernelLayers, type Network, weightShape } from '../network/network.js'
import type { Supports } from '../network/parameters.js'
import { Key } from '../random/key.js'
import type { ActivationShape } from '../shape/activation.js'
import { randomSupports } from '../support/index.js'
import { buildNetwork } from './registry.js'

export type SupportSource =
  /** Dense kernels have no support. */
  | { readonly type: 'dense' }
  /** Rebuilt from its rule and seed. */
  | { readonly type: 'random'; readonly rule: string; readonly density: number; readonly seed: number }
  /** Chosen by data or by training; stored position by position. */
  | { readonly type: 'explicit' }

export interface ModelSpec {
  /** Registry name, e.g. `lenet5`. */
  readonly architecture: string
  readonly input: ActivationShape
  readonly classes: number
  readonly kernel: Required<KernelOptions>
  /** Channels of the first stage; only where the architecture lets them be chosen, and not its default. */
  readonly width?: number
  /** Residual branches scaled down by their number; only where the architecture lets that be chosen. */
  readonly stable?: true
  readonly support: SupportSource
}

/**
 * Builds the network and supports of a spec.
 * @param explicit the supports of an `explicit` source
 * @throws DctpsError `usage` on unknown names or numbers out of range, or a source that does not suit the kernels
 */
export function buildSpec(spec: ModelSpec, explicit?: Supports): { network: Network; supports: Supports } {
  const network = buildNetwork(spec.architecture, spec)
  const { kind } = spec.kernel
  if ((kind === 'dense') !== (spec.support.type === 'dense')) {
    throw new DctpsError('usage', `${kind} kernels do not go with a support of type ${spec.support.type}`)
  }
  switch (spec.support.type) {
    case 'dense':
      return { network, supports: new Map() }
    case 'random': {
      const { rule, density, seed } = spec.support
      return { network, supports: randomSupports(namedKernels(network), rule, density, Key.fromSeed(seed)) }
    }
    case 'explicit':
      if (explicit === undefined)
        throw new DctpsError('usage', 'an explicit support must be given with its positions')
      return { network, supports: explicit }
  }
}

/** The kernels as support rules take them. */
export function namedKernels(network: Network): { id: number; name: string; shape: number[] }[] {
  return kernelLayers(network).map((layer) => ({ id: layer.id, name: layer.name, shape: weightShape(layer) }))
}
