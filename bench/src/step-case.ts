// From a case of the bench to the network that it trains.

import {
  architectures,
  buildNetwork,
  buildSpec,
  findArchitecture,
  type KernelKind,
  kernelCount,
  type Network,
  type Supports,
} from 'dctps'
import type { StepCase } from './results.js'

export const classes = 10

/** The smallest colour image that the architecture takes. */
function inputOf(network: string) {
  const side = Math.min(...findArchitecture(network).inputSizes)
  return { channels: 3, height: side, width: side }
}

/** @throws DctpsError `usage` on a network that does not exist */
export function buildCase({ network, kind, density }: Omit<StepCase, 'batch' | 'threads'>): {
  network: Network
  supports: Supports
} {
  return buildSpec({
    architecture: network,
    input: inputOf(network),
    classes,
    kernel: { kind, alpha: 'trainable' },
    support: kind === 'dense' ? { type: 'dense' } : { type: 'random', rule: 'epl', density, seed: 0 },
  })
}

export const networkNames: readonly string[] = architectures.map(({ name }) => name)

/** Measured unless one is named: those whose steps take milliseconds. */
export const usualNetworks: readonly string[] = ['lenet5', 'resnet8']

/** The paper's extreme density, 0.1%; 1% on networks so small that 0.1% leaves less than a hundred weights. */
export function usualDensity(network: string, kind: KernelKind): number {
  if (kind === 'dense') return 1
  const weights = kernelCount(buildNetwork(network, { input: inputOf(network), classes, kernel: { kind } }))
  return weights < 100_000 ? 0.01 : 0.001
}
