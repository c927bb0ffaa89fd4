// What a network has to learn and to remember, derived from its records: names as in the published code, shapes,
// roles. Values live in the program's arena or in files, never here.

import { DctpsError } from '../errors.js'
import { kernelEntries } from '../shape/kernel.js'
import { isKernelLayer, type KernelLayer, type LayerId, type ScalarAffineLayer } from './layer.js'
import { type Network, weightShape } from './network.js'

/**
 * - `kernel`: stored values of a kernel: the support's values, or all weights of a dense kernel
 * - `alpha`, `bias`, `scale` (batch-norm weight), `shift` (batch-norm bias), `offset`: trainable
 * - `mean`, `variance`: running statistics, updated by the forward pass
 */
export type ParameterRole = 'kernel' | 'alpha' | 'bias' | 'scale' | 'shift' | 'offset' | 'mean' | 'variance'

export interface Parameter {
  /** PyTorch name, e.g. `convs.0.conv.weight`, `layer1.0.bn1.running_mean`. */
  readonly name: string
  readonly role: ParameterRole
  readonly layer: LayerId
  /** Stored numbers (for a kernel: its non-zeros). */
  readonly size: number
  readonly trainable: boolean
  /** Its learning rate, as a multiple of the network's. */
  readonly rateScale: number
}

type ParameterRecord = Omit<Parameter, 'rateScale'>

const roleHasBiasRate: ReadonlySet<ParameterRole> = new Set(['bias', 'scale', 'shift', 'offset'])

/** The numbers of a scalar layer that may be trained, by role. */
export const scalarRoles = ['scale', 'shift', 'offset'] as const

/** Whether anything of a scalar layer is trained. */
export function hasTrainableScalar(layer: ScalarAffineLayer): boolean {
  return scalarRoles.some((role) => typeof layer[role] === 'string')
}

/** The support of one kernel: flat indices into the dense weight `[Cout, Cg, K, K]`, ascending. Dense kernels have none. */
export type Supports = ReadonlyMap<LayerId, Uint32Array>

/** `convs.0.conv` for a DCTpS convolution, `convs.0` for a standard one: the prefix of weight and bias names. */
export function kernelName(layer: KernelLayer): string {
  return layer.kind === 'dctps' ? `${layer.name}.${layer.op === 'conv2d' ? 'conv' : 'linear'}` : layer.name
}

/**
 * All parameters in definition order.
 * @throws DctpsError `usage` when a sparse or DCTpS kernel has no support, or an index lies outside its weight.
 */
export function parameters(network: Network, supports: Supports): Parameter[] {
  return parameterRecords(network, supports).map((parameter) => ({
    ...parameter,
    rateScale: roleHasBiasRate.has(parameter.role) ? network.biasRate : 1,
  }))
}

function parameterRecords(network: Network, supports: Supports): ParameterRecord[] {
  const list: ParameterRecord[] = []
  for (const layer of network.layers) {
    if (isKernelLayer(layer)) {
      const name = kernelName(layer)
      list.push({
        name: `${name}.weight`,
        role: 'kernel',
        layer: layer.id,
        size: storedEntries(layer, supports),
        trainable: true,
      })
      if (layer.kind === 'dctps') {
        const trainable = layer.alpha === 'trainable'
        list.push({ name: `${layer.name}.scaling`, role: 'alpha', layer: layer.id, size: 1, trainable })
      }
      if (layer.bias) {
        list.push({
          name: `${name}.bias`,
          role: 'bias',
          layer: layer.id,
          size: layer.geometry.outChannels,
          trainable: true,
        })
      }
    } else if (layer.op === 'batchNorm') {
      const of = (suffix: string, role: ParameterRole, trainable: boolean): ParameterRecord => ({
        name: `${layer.name}.${suffix}`,
        role,
        layer: layer.id,
        size: layer.output.channels,
        trainable,
      })
      list.push(of('weight', 'scale', true), of('bias', 'shift', true))
      list.push(of('running_mean', 'mean', false), of('running_var', 'variance', false))
    } else if (layer.op === 'scalarAffine') {
      for (const role of scalarRoles) {
        const name = layer[role]
        if (typeof name === 'string') list.push({ name, role, layer: layer.id, size: 1, trainable: true })
      }
    }
  }
  return list
}

function storedEntries(layer: KernelLayer, supports: Supports): number {
  const entries = kernelEntries(layer.geometry)
  if (layer.kind === 'dense') return entries
  const indices = supports.get(layer.id)
  if (indices === undefined) {
    throw new DctpsError('usage', `layer ${layer.name} is ${layer.kind} and needs a support; none was given`)
  }
  for (let i = 0; i < indices.length; i++) {
    if (indices[i]! >= entries || (i > 0 && indices[i]! <= indices[i - 1]!)) {
      throw new DctpsError(
        'usage',
        `layer ${layer.name}: the support must be ascending flat indices below ${entries} (weight ${weightShape(layer).join('x')}); entry ${i} is ${indices[i]}`,
      )
    }
  }
  return indices.length
}
