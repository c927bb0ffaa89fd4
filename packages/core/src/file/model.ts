// The model file (`.dctps`): what a network is, and its values. A random support is its rule, density and seed; other
// supports are coded positions. All values are one array, in the order of the network's parameters.

import { DctpsError } from '../errors.js'
import { buildSpec, type ModelSpec, type SupportSource } from '../models/spec.js'
import type { KernelKind } from '../network/layer.js'
import { kernelKinds } from '../network/layer.js'
import { kernelLayers, type Network } from '../network/network.js'
import { parameters, type Supports } from '../network/parameters.js'
import { kernelEntries } from '../shape/kernel.js'
import type { Normalisation } from '../train/dataset.js'
import { type ContainerContent, packContainer, type UnpackedContainer, unpackContainer } from './container.js'
import { asNumber, asString, Fields, type JsonValue } from './fields.js'
import { decodePositions, encodePositions } from './golomb.js'
import { requireArray } from './stored-array.js'

export interface Model {
  readonly spec: ModelSpec
  readonly network: Network
  readonly supports: Supports
  /** Values by parameter name, in the order of files. */
  readonly parameters: ReadonlyMap<string, Float32Array>
  readonly normalisation: Normalisation
  readonly classNames: readonly string[]
}

export interface EncodeOptions {
  /** float16 halves the file and rounds values to 11 bits. Default float32. */
  readonly values?: 'float32' | 'float16'
  /**
   * Keeps of each batch norm only the scale and shift that it amounts to: smaller, for inference; training the result
   * further would start from other statistics. Default false.
   */
  readonly foldBatchNorm?: boolean
}

/** The bytes of a model file. @throws DctpsError `file` when a value is too large for float16 */
export function encodeModel(model: Model, options: EncodeOptions = {}): Uint8Array<ArrayBuffer> {
  const folded = options.foldBatchNorm ?? false
  const stored = folded ? foldBatchNorm(model) : model.parameters
  const values = concatenate(
    storedNames(model.network, model.supports, folded).map((name) => stored.get(name)!),
  )
  const arrays: Record<string, ContainerContent['arrays'][string]> = {
    values: options.values === 'float16' ? { float16: values } : values,
  }
  if (model.spec.support.type === 'explicit') Object.assign(arrays, encodeSupports(model))
  const header: JsonValue = {
    ...specHeader(model.spec),
    mean: model.normalisation.mean,
    std: model.normalisation.std,
    classNames: model.classNames,
    ...(folded && { folded }),
  }
  return packContainer({ kind: 'model', header, arrays })
}

/**
 * Reads a model file and checks all of it.
 * @param label the file's path, for messages
 * @throws DctpsError `file` when anything is damaged or does not fit together
 */
export function decodeModel(bytes: Uint8Array, label: string): Model {
  const container = unpackContainer(bytes, 'model', label)
  const header = new Fields(container.header, `${label}: header`)
  const spec = readSpec(header)
  const { network, supports } = rebuild(spec, container, label)
  const folded = header.has('folded') && header.boolean('folded')
  const names = storedNames(network, supports, folded)
  const read = splitValues(
    network,
    supports,
    names,
    requireArray(container.arrays, 'values', Float32Array, label),
    label,
  )
  const normalisation = { mean: header.list('mean', asNumber), std: header.list('std', asNumber) }
  const classNames = header.list('classNames', asString)
  const { channels } = spec.input
  if (
    normalisation.mean.length !== channels ||
    normalisation.std.length !== channels ||
    classNames.length !== spec.classes
  ) {
    throw new DctpsError(
      'file',
      `${label}: expected a mean and a std for ${channels} channels and ${spec.classes} class names, received ${normalisation.mean.length}, ${normalisation.std.length} and ${classNames.length}`,
    )
  }
  return {
    spec,
    network,
    supports,
    parameters: folded ? unfoldBatchNorm(network, read) : read,
    normalisation,
    classNames,
  }
}

/** The part of a header that describes the network; state files share it. */
export function specHeader({ architecture, input, classes, kernel, width, stable, support }: ModelSpec): {
  [name: string]: JsonValue
} {
  return {
    architecture,
    input: [input.channels, input.height, input.width],
    classes,
    kind: kernel.kind,
    alpha: kernel.alpha,
    ...(width !== undefined && { width }),
    ...(stable && { stable }),
    support: { ...support },
  }
}

/** The inverse of {@link specHeader}. @throws DctpsError `file` */
export function readSpec(header: Fields): ModelSpec {
  const [channels, height, width] = header.list('input', asNumber)
  return {
    architecture: header.string('architecture'),
    input: { channels: channels ?? 0, height: height ?? 0, width: width ?? 0 },
    classes: header.integer('classes', 2),
    kernel: {
      kind: header.oneOf<KernelKind>('kind', kernelKinds),
      alpha: header.oneOf('alpha', ['trainable', 'frozen']),
    },
    ...(header.has('width') && { width: header.integer('width', 1) }),
    ...(header.has('stable') && header.boolean('stable') && { stable: true }),
    support: readSupport(header.object('support')),
  }
}

function readSupport(support: Fields): SupportSource {
  const type = support.oneOf('type', ['dense', 'random', 'explicit'])
  if (type !== 'random') return { type }
  return {
    type,
    rule: support.string('rule'),
    density: support.number('density'),
    seed: support.integer('seed'),
  }
}

/** Builds the network again; what a file asks for in vain is the file's fault. */
export function rebuild(
  spec: ModelSpec,
  container: UnpackedContainer,
  label: string,
): { network: Network; supports: Supports } {
  try {
    if (spec.support.type !== 'explicit') return buildSpec(spec)
    const { network } = buildSpec(spec, new Map())
    return { network, supports: decodeSupports(network, container, supportArrays, label) }
  } catch (error) {
    if (error instanceof DctpsError && error.code === 'usage') {
      throw new DctpsError('file', `${label}: ${error.message}; it may be of a newer version of dctps`)
    }
    throw error
  }
}

export function concatenate(arrays: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(arrays.reduce((sum, array) => sum + array.length, 0))
  let offset = 0
  for (const array of arrays) {
    all.set(array, offset)
    offset += array.length
  }
  return all
}

/** Cuts one array into parameters. @throws DctpsError `file` when the length does not fit */
export function splitValues(
  network: Network,
  supports: Supports,
  names: readonly string[],
  values: Float32Array,
  label: string,
): Map<string, Float32Array> {
  const sizes = new Map(parameters(network, supports).map(({ name, size }) => [name, size]))
  const expected = names.reduce((sum, name) => sum + sizes.get(name)!, 0)
  if (values.length !== expected) {
    throw new DctpsError(
      'file',
      `${label}: ${network.name} needs ${expected} values, received ${values.length}`,
    )
  }
  let offset = 0
  return new Map(
    names.map((name) => {
      const size = sizes.get(name)!
      offset += size
      return [name, values.slice(offset - size, offset)]
    }),
  )
}

function storedNames(network: Network, supports: Supports, folded: boolean): string[] {
  const all = parameters(network, supports)
  const kept = folded ? all.filter(({ role }) => role !== 'mean' && role !== 'variance') : all
  return kept.map(({ name }) => name)
}

/** Names of the arrays that hold explicit supports. */
export interface SupportArrays {
  /** Two numbers a kernel: positions, and bytes that code them. */
  readonly sizes: string
  /** The coded positions of all kernels, one after the other. */
  readonly positions: string
}

const supportArrays: SupportArrays = { sizes: 'sizes', positions: 'positions' }

/** The arrays of explicit supports. */
export function encodeSupports(
  { network, supports }: Pick<Model, 'network' | 'supports'>,
  names: SupportArrays = supportArrays,
): Record<string, Uint32Array | Uint8Array> {
  const lists = kernelLayers(network).map((layer) => supports.get(layer.id)!)
  const coded = lists.map(encodePositions)
  const positions = new Uint8Array(coded.reduce((sum, bytes) => sum + bytes.length, 0))
  let offset = 0
  for (const bytes of coded) {
    positions.set(bytes, offset)
    offset += bytes.length
  }
  const sizes = Uint32Array.from(lists.flatMap((list, index) => [list.length, coded[index]!.length]))
  return { [names.sizes]: sizes, [names.positions]: positions }
}

/** The inverse of {@link encodeSupports}. @throws DctpsError `file` */
export function decodeSupports(
  network: Network,
  { arrays }: UnpackedContainer,
  names: SupportArrays,
  label: string,
): Supports {
  const layers = kernelLayers(network)
  const sizes = requireArray(arrays, names.sizes, Uint32Array, label, layers.length * 2)
  const positions = requireArray(arrays, names.positions, Uint8Array, label)
  const bytes = layers.reduce((sum, _, index) => sum + sizes[2 * index + 1]!, 0)
  if (bytes !== positions.length) {
    throw new DctpsError(
      'file',
      `${label}: array ${names.positions} should have the ${bytes} bytes that ${names.sizes} adds up to, received ${positions.length}`,
    )
  }
  let offset = 0
  return new Map(
    layers.map((layer, index) => {
      const coded = positions.subarray(offset, offset + sizes[2 * index + 1]!)
      offset += coded.length
      const where = `${label}: layer ${layer.name}`
      return [layer.id, decodePositions(coded, sizes[2 * index]!, kernelEntries(layer.geometry), where)]
    }),
  )
}

/** Scale and shift that stand for the whole normalisation: `w / sqrt(var + eps)` and `b - mean * scale`. */
function foldBatchNorm({ network, parameters: values }: Model): Map<string, Float32Array> {
  const folded = new Map(values)
  for (const layer of network.layers) {
    if (layer.op !== 'batchNorm') continue
    const of = (suffix: string) => values.get(`${layer.name}.${suffix}`)!
    const variance = of('running_var')
    const mean = of('running_mean')
    const scale = of('weight').map((weight, c) => weight / Math.sqrt(variance[c]! + layer.epsilon))
    folded.set(`${layer.name}.weight`, scale)
    folded.set(
      `${layer.name}.bias`,
      of('bias').map((bias, c) => bias - mean[c]! * scale[c]!),
    )
  }
  return folded
}

/** Running statistics under which a folded batch norm computes just its scale and shift. */
function unfoldBatchNorm(network: Network, values: Map<string, Float32Array>): Map<string, Float32Array> {
  for (const layer of network.layers) {
    if (layer.op !== 'batchNorm') continue
    const channels = layer.output.channels
    values.set(`${layer.name}.running_mean`, new Float32Array(channels))
    values.set(`${layer.name}.running_var`, new Float32Array(channels).fill(1 - layer.epsilon))
  }
  return values
}
