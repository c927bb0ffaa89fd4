// The networks of fixtures, where the registry has them. A fixture of another network is not a failure: it waits.

import { architectures, buildNetwork } from 'dctps/internal/models/registry'
import type { KernelKind } from 'dctps/internal/network/layer'
import { kernelLayers, type Network } from 'dctps/internal/network/network'
import type { Supports } from 'dctps/internal/network/parameters'
import type { ActivationShape } from 'dctps/internal/shape/activation'

export interface WantedNetwork {
  readonly arch: string
  readonly classes: number
  readonly kind: KernelKind
  /** Images as the network takes them; null for the architecture's first size, with three channels. */
  readonly input: ActivationShape | null
  /** The architecture's own where it is left out. */
  readonly width?: number | undefined
}

/**
 * Builds a network.
 * @returns null when the registry has no such architecture
 * @throws DctpsError `usage` when the architecture is not defined for the input or the classes
 */
export function knownNetwork({ arch, classes, kind, input, width }: WantedNetwork): Network | null {
  const architecture = architectures.find(({ name }) => name === arch)
  if (architecture === undefined) return null
  const size = architecture.inputSizes[0]!
  return buildNetwork(arch, {
    input: input ?? { channels: 3, height: size, width: size },
    classes,
    kernel: { kind },
    ...(width !== undefined && { width }),
  })
}

/** Supports without an entry, for what depends on shapes alone. */
export function emptySupports(network: Network): Supports {
  return new Map(kernelLayers(network).map((layer) => [layer.id, new Uint32Array()]))
}
