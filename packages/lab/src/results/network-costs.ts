// Multiply-adds of a network's layers for one image, apart from any support: what dense kernels take, what the transforms
// take as executed, and what all other layers take. Found by compiling the network dense, and with empty supports; nothing
// runs.

import {
  buildSpec,
  compileProgram,
  kernelLayers,
  type ModelSpec,
  type Network,
  type Supports,
  type TransformCache,
} from 'dctps'
import type { Step } from 'dctps/internal/program/step'
import { kernelEntries } from 'dctps/internal/shape/kernel'

export interface PassCosts {
  /** In use: forward, in evaluation mode. */
  readonly use: number
  /** In training: forward and backward. */
  readonly training: number
}

export interface KernelCosts {
  readonly entries: number
  /** With all weights. In training two or three times as much: the first layer's input needs no gradient. */
  readonly dense: PassCosts
  /** Of D alone, as executed. */
  readonly transform: PassCosts
}

export interface NetworkCosts {
  /** In the order of the network. */
  readonly kernels: readonly KernelCosts[]
  /** Everything that is not a kernel, the same for all kinds: batch norm, pooling, sums. */
  readonly others: PassCosts
}

const optimizer = 'adam'

/**
 * @param batch of training: which routes are taken may depend on it
 * @throws DctpsError `usage` as {@link buildSpec}
 */
export function networkCosts(spec: ModelSpec, batch: number, transforms: TransformCache): NetworkCosts {
  const dense = buildSpec(denseSpec(spec)).network
  const emptied = {
    ...spec,
    kernel: { ...spec.kernel, kind: 'dctps' },
    support: { type: 'explicit' },
  } as const
  const { network: transformed } = buildSpec(emptied, new Map())
  const nothing = new Map(kernelLayers(transformed).map(({ id }) => [id, new Uint32Array()]))
  const ofDense = passes(dense, new Map(), batch, transforms)
  const ofTransforms = passes(transformed, nothing, batch, transforms)
  const transformLayers = kernelLayers(transformed)
  return {
    kernels: kernelLayers(dense).map(({ id, geometry }, index) => ({
      entries: kernelEntries(geometry),
      dense: ofDense.of(id),
      transform: ofTransforms.of(transformLayers[index]!.id),
    })),
    others: ofDense.others,
  }
}

/** The same network with all weights. */
export function denseSpec(spec: ModelSpec): ModelSpec {
  return { ...spec, kernel: { ...spec.kernel, kind: 'dense' }, support: { type: 'dense' } }
}

function passes(network: Network, supports: Supports, batch: number, transforms: TransformCache) {
  const input = { type: 'bytes', source: network.input } as const
  const program = compileProgram(network, supports, { batch, input, optimizer }, transforms)
  const total = (steps: readonly Step[]) => steps.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0)
  const costs = (isCounted: (step: Step) => boolean): PassCosts => ({
    use: total(program.evaluate.steps.filter(isCounted)),
    training: total((program.gradient?.steps ?? []).filter(isCounted)),
  })
  const kernels = new Set(kernelLayers(network).map(({ id }) => id))
  return {
    of: (layer: number) => costs((step) => step.layer === layer),
    others: costs((step) => step.layer === null || !kernels.has(step.layer)),
  }
}
