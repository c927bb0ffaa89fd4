// Where parameters, their gradients and their optimiser state lie in shared memory. All trainable numbers of one
// learning rate form one vector, so that an optimiser step is one loop; gradients of stored values are one vector per
// block of images (summed in block order by the optimiser), those of dense kernels a single one.

import type { KernelLayer } from '../network/layer.js'
import { kernelLayers, type Network } from '../network/network.js'
import type { Parameter, Supports } from '../network/parameters.js'
import { parameters } from '../network/parameters.js'
import type { KernelGeometry } from '../shape/kernel.js'
import type { ProgramBuilder } from './builder.js'
import { alignUp } from './slot.js'

/** The optimisers that a program can contain; each needs a number of state vectors. */
export type OptimizerType = 'sgd' | 'adam'

export const optimizerStates: Readonly<Record<OptimizerType, readonly string[]>> = {
  sgd: ['momentum'],
  adam: ['firstMoment', 'secondMoment'],
}

/** Whether the parameters of a network keep the learning rates that it gives them, or all get one. */
export type LearningRates = 'network' | 'uniform'

/** A run of trainable numbers that are updated by one loop. */
export interface TrainableVector {
  readonly count: number
  readonly values: number
  readonly gradients: number
  /** Bytes between the partial gradients of two blocks; 0 where there is only one gradient. */
  readonly gradientStride: number
  /** Addresses of the optimiser's state vectors. */
  readonly states: readonly number[]
  /** Learning rate, as a multiple of the step's. */
  readonly rateScale: number
}

export interface PlacedParameter extends Parameter {
  readonly address: number
  /** Address of the gradient (of the first block), or null where none is computed. */
  readonly gradient: number | null
  readonly gradientStride: number
  readonly states: readonly number[]
  /** A dense kernel is stored in patch order; its geometry maps it to the order of files. Null: stored as it is. */
  readonly permutedBy: KernelGeometry | null
}

export interface ParameterLayout {
  readonly parameters: readonly PlacedParameter[]
  readonly vectors: readonly TrainableVector[]
}

export function layoutParameters(
  network: Network,
  supports: Supports,
  blocks: number,
  optimizer: OptimizerType | null,
  rates: LearningRates,
  builder: ProgramBuilder,
): ParameterLayout {
  const all = parameters(network, supports).map((parameter) =>
    rates === 'uniform' ? { ...parameter, rateScale: 1 } : parameter,
  )
  const kernels = new Map(kernelLayers(network).map((layer) => [layer.id, layer]))
  const isDense = (parameter: Parameter): boolean =>
    parameter.role === 'kernel' && kernels.get(parameter.layer)?.kind === 'dense'
  const stateCount = optimizer === null ? 0 : optimizerStates[optimizer].length
  const placed = new Map<string, PlacedParameter>()
  const vectors: TrainableVector[] = []

  const placeVector = (members: readonly Parameter[], partial: boolean, rateScale: number): void => {
    const count = members.reduce((sum, parameter) => sum + parameter.size, 0)
    const bytes = alignUp(count * 4, 64)
    const values = builder.shared(bytes)
    const training = optimizer !== null
    const gradients = training ? builder.shared(partial ? bytes * blocks : bytes) : 0
    const gradientStride = training && partial ? bytes : 0
    const states = Array.from({ length: stateCount }, () => builder.shared(bytes))
    let offset = 0
    for (const parameter of members) {
      placed.set(parameter.name, {
        ...parameter,
        address: values + offset,
        gradient: training ? gradients + offset : null,
        gradientStride,
        states: states.map((state) => state + offset),
        permutedBy: permutation(parameter, kernels),
      })
      offset += parameter.size * 4
    }
    if (training && count > 0) vectors.push({ count, values, gradients, gradientStride, states, rateScale })
  }

  for (const rateScale of new Set(all.map((parameter) => parameter.rateScale))) {
    const trained = all.filter((parameter) => parameter.trainable && parameter.rateScale === rateScale)
    placeVector(
      trained.filter((parameter) => !isDense(parameter)),
      true,
      rateScale,
    )
    placeVector(trained.filter(isDense), false, rateScale)
  }
  for (const parameter of all) {
    if (parameter.trainable) continue
    const address = builder.shared(alignUp(parameter.size * 4, 16))
    placed.set(parameter.name, {
      ...parameter,
      address,
      gradient: null,
      gradientStride: 0,
      states: [],
      permutedBy: null,
    })
  }
  return { parameters: all.map((parameter) => placed.get(parameter.name)!), vectors }
}

function permutation(parameter: Parameter, kernels: ReadonlyMap<number, KernelLayer>): KernelGeometry | null {
  const layer = kernels.get(parameter.layer)
  if (parameter.role !== 'kernel' || layer?.kind !== 'dense' || layer.geometry.size === 1) return null
  return layer.geometry
}
