// From a case of the bench to the network that it trains.

import { architectures, buildSpec, findArchitecture, type Network, type Supports } from 'dctps'
import type { StepCase } from './results.js'

export const classes = 10

/** The smallest colour image that the architecture takes. */
function inputOf(network: string) {
  const side = Math.min(...findArchitecture(network).inputSizes)
  return { channels: 3, height: side, width: side }
}

/**
 * @param width of the first stage, where the network lets it be chosen
 * @throws DctpsError `usage` on a network that does not exist
 */
export function buildCase(
  { network, kind, density }: Omit<StepCase, 'batch' | 'threads'>,
  width?: number,
): { network: Network; supports: Supports } {
  return buildSpec({
    architecture: network,
    input: inputOf(network),
    classes,
    kernel: { kind, alpha: 'trainable' },
    ...(width === undefined ? {} : { width }),
    support: kind === 'dense' ? { type: 'dense' } : { type: 'random', rule: 'epl', density, seed: 0 },
  })
}

export const networkNames: readonly string[] = architectures.map(({ name }) => name)

/** The six networks of the paper: what is measured unless one is named. */
export const paperNetworks: readonly string[] = [
  'lenet5',
  'vgg19',
  'resnet18',
  'resnet50',
  'mobilenetv2',
  'fixup-resnet110',
]

/** The paper's extreme density. */
export const usualDensity = 0.001

/**
 * Images in a batch unless it is given: 128 as the paper trains, fewer where PyTorch's published approach would take
 * more than 2.5 GB of memory for them (six processes take turns, with all their memory).
 */
export function usualBatch(network: string): number {
  return usualBatches.get(network) ?? 32
}

const usualBatches: ReadonlyMap<string, number> = new Map([
  ['lenet5', 128],
  ['resnet8', 128],
  ['vgg11', 64],
  ['vgg13', 64],
  ['vgg16', 64],
  ['vgg19', 64],
  ['resnet18', 64],
  ['fixup-resnet20', 128],
  ['fixup-resnet110', 64],
])
