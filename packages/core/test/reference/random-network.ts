// Arbitrary layers and networks for property tests, with supports, parameter values and data that are exact in
// float32. fast-check draws shapes and seeds, an LCG the numbers; layers that do not fit are left out, so that every
// draw is a valid network and shrinks to a smaller one.

import fc from 'fast-check'
import { isKernelLayer, type KernelKind, type KernelLayer, type LayerId } from '#core/network/layer'
import { kernelLayers, type Network, NetworkBuilder } from '#core/network/network'
import { type ParameterRole, parameters, type Supports } from '#core/network/parameters'
import { activationSize } from '#core/shape/activation'
import { kernelEntries } from '#core/shape/kernel'
import { Lcg } from './lcg.js'

/** A network with everything that one training step needs. */
export interface NetworkCase {
  readonly network: Network
  readonly supports: Supports
  /** By name, as `parameters(network, supports)` lists them. */
  readonly parameters: ReadonlyMap<string, Float64Array>
  readonly images: number
  /** `[images, channels, height, width]` */
  readonly x: Float64Array
  /** `[images]` */
  readonly labels: Uint16Array
}

/** One kernel layer, as a network of its own: input, the layer, and a flatten after a convolution. */
export interface LayerCase extends NetworkCase {
  readonly layer: KernelLayer
  /** Upstream gradient of the layer's output, `[images, channels, height, width]`. */
  readonly dy: Float64Array
}

// Batch norm divides by sqrt(variance + epsilon). In a random network some channels are constant, and with the usual
// 1e-5 their rounding errors would grow 300-fold and hide what a comparison is meant to show.
const epsilons = [1e-3, 1e-2]

// Statistics of fewer values are dominated by cancellation for the same reason.
const fewestNormalised = 8

const kinds = fc.constantFrom<KernelKind>('dctps', 'sparse', 'dense')
const alphas = fc.constantFrom<'trainable' | 'frozen'>('trainable', 'trainable', 'frozen')
const densities = fc.constantFrom(0.3, 0.3, 0.1, 0.1, 0.03, 0.03, 1, 0)
const seeds = fc.nat({ max: 2 ** 31 - 1 })
const channelCounts = fc.integer({ min: 1, max: 8 })
// Around the block sizes 4, 8, 16 and 32 and between them.
const batchSizes = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 9 }) },
  { weight: 1, arbitrary: fc.constantFrom(16, 17, 33) },
)

/** Any convolution or linear layer: kind, geometry, groups, density, bias and alpha. */
export function arbitraryLayerCase(): fc.Arbitrary<LayerCase> {
  return fc
    .record({
      op: fc.constantFrom('conv2d', 'conv2d', 'conv2d', 'linear'),
      kind: kinds,
      alpha: alphas,
      groups: fc.constantFrom(1, 1, 1, 2, 3, 4, 8),
      groupInputs: fc.integer({ min: 1, max: 5 }),
      groupOutputs: fc.integer({ min: 1, max: 5 }),
      size: fc.integer({ min: 1, max: 5 }),
      stride: fc.integer({ min: 1, max: 3 }),
      padding: fc.integer({ min: 0, max: 2 }),
      extraHeight: fc.nat({ max: 5 }),
      extraWidth: fc.nat({ max: 5 }),
      bias: fc.boolean(),
      images: batchSizes,
      density: densities,
      seed: seeds,
    })
    .map((draw): LayerCase => {
      const { op, kind, alpha, groups, groupInputs, groupOutputs, size, padding, bias, images } = draw
      const shortest = Math.max(1, size - 2 * padding)
      const shape =
        op === 'linear'
          ? { channels: groups * groupInputs, height: 1, width: 1 }
          : {
              channels: groups * groupInputs,
              height: shortest + draw.extraHeight,
              width: shortest + draw.extraWidth,
            }
      const builder = new NetworkBuilder('layer', shape, { kind, alpha })
      const outChannels = groups * groupOutputs
      if (op === 'linear') builder.linear('layer', builder.input, outChannels, { bias })
      else {
        const options = { size, stride: draw.stride, padding, groups, bias }
        builder.flatten(builder.conv2d('layer', builder.input, outChannels, options))
      }
      const network = builder.build()
      const random = new Lcg(draw.seed)
      const filled = fillNetwork(network, images, draw.density, random)
      const layer = kernelLayers(network)[0]!
      return { ...filled, layer, dy: random.values(images * activationSize(layer.output)) }
    })
}

type Unit = {
  readonly op:
    | 'conv2d'
    | 'residual'
    | 'fixup'
    | 'batchNorm'
    | 'relu'
    | 'scalarAffine'
    | 'averagePool'
    | 'maxPool'
  readonly channels: number
  readonly size: number
  readonly stride: number
  readonly padding: number
  readonly grouped: boolean
  readonly epsilon: number
}

const units: fc.Arbitrary<Unit> = fc.record({
  op: fc.constantFrom<Unit['op']>(
    'conv2d',
    'conv2d',
    'residual',
    'fixup',
    'batchNorm',
    'relu',
    'relu',
    'scalarAffine',
    'averagePool',
    'maxPool',
  ),
  channels: channelCounts,
  size: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 2 }),
  padding: fc.integer({ min: 0, max: 1 }),
  grouped: fc.boolean(),
  epsilon: fc.constantFrom(...epsilons),
})

/**
 * A small network of convolutions, batch norm, ReLU, scalar layers, pools and residual sums that ends in a linear layer.
 */
export function arbitraryNetwork(): fc.Arbitrary<NetworkCase> {
  return fc
    .record({
      channels: channelCounts,
      height: fc.integer({ min: 4, max: 9 }),
      width: fc.integer({ min: 4, max: 9 }),
      kind: kinds,
      alpha: alphas,
      body: fc.array(units, { minLength: 1, maxLength: 5 }),
      head: fc.constantFrom<'flatten' | 'globalAveragePool'>('flatten', 'globalAveragePool'),
      classes: fc.integer({ min: 2, max: 10 }),
      bias: fc.boolean(),
      images: batchSizes,
      density: densities,
      seed: seeds,
    })
    .map(({ kind, alpha, body, head, classes, bias, images, density, seed, ...input }) => {
      const builder = new NetworkBuilder('random', input, { kind, alpha })
      // A bias in front of batch norm is cancelled by it: its gradient is rounding noise alone.
      // So is that of a scalar.
      const scalars = !body.some(({ op }) => op === 'batchNorm' || op === 'residual')
      const trained = { scalars, bias: bias && scalars }
      let last = builder.input
      body.forEach((unit, i) => {
        last = append(builder, last, unit, `body.${i}`, images, trained)
      })
      const { height, width } = builder.shapeOf(last)
      last = head === 'flatten' || height !== width ? builder.flatten(last) : builder.globalAveragePool(last)
      builder.linear('classifier', last, classes, { bias })
      return fillNetwork(builder.build(), images, density, new Lcg(seed))
    })
}

/** Appends one unit where it fits and gives the id of the layer to go on from. */
function append(
  builder: NetworkBuilder,
  input: LayerId,
  unit: Unit,
  name: string,
  images: number,
  { scalars, bias }: { scalars: boolean; bias: boolean },
): LayerId {
  const shape = builder.shapeOf(input)
  const { size, stride, padding } = unit
  const shortest = Math.min(shape.height, shape.width)
  switch (unit.op) {
    case 'conv2d': {
      if (size > shortest + 2 * padding) return input
      const groups = unit.grouped ? commonDivisor(shape.channels, unit.channels) : 1
      return builder.conv2d(name, input, unit.channels, { size, stride, padding, groups, bias })
    }
    case 'residual': {
      const branch = builder.conv2d(`${name}.conv`, input, shape.channels, { size: 3, padding: 1 })
      return builder.add(normalised(builder, branch, unit, `${name}.bn`, images), input)
    }
    case 'fixup':
      return fixupBlock(builder, input, unit, name, scalars)
    case 'scalarAffine': {
      const scalar = (suffix: string, constant: number) => (scalars ? `${name}.${suffix}` : constant)
      return builder.scalarAffine(input, {
        ...(unit.grouped ? { scale: scalar('scale', 0.75), residual: input } : { scale: -1.25 }),
        shift: scalar('shift', 0.5),
        offset: scalar('offset', -0.25),
        rectified: padding === 1,
      })
    }
    case 'batchNorm':
      return normalised(builder, input, unit, name, images)
    case 'relu':
      return builder.relu(input)
    case 'averagePool':
    case 'maxPool':
      return size > shortest ? input : builder[unit.op](input, size, stride)
  }
}

/** As in a Fixup network, subsampled and with further channels where the stride is not 1. */
function fixupBlock(
  builder: NetworkBuilder,
  input: LayerId,
  { stride }: Unit,
  name: string,
  trained: boolean,
): LayerId {
  const scalar = (suffix: string) => (trained ? `${name}.${suffix}` : 0.5)
  const inputs = builder.shapeOf(input).channels
  const channels = stride === 1 ? inputs : 2 * inputs
  const shifted = builder.scalarAffine(input, { shift: scalar('bias1a') })
  const first = builder.conv2d(`${name}.conv1`, shifted, channels, { size: 3, stride, padding: 1 })
  const inner = builder.scalarAffine(first, {
    shift: scalar('bias1b'),
    rectified: true,
    offset: scalar('bias2a'),
  })
  const branch = builder.conv2d(`${name}.conv2`, inner, channels, { size: 3, padding: 1 })
  const residual =
    stride === 1 ? input : builder.padChannels(builder.averagePool(shifted, 1, stride), channels)
  return builder.scalarAffine(branch, {
    scale: scalar('scale'),
    shift: scalar('bias2b'),
    residual,
    rectified: true,
  })
}

function normalised(
  builder: NetworkBuilder,
  input: LayerId,
  { epsilon }: Unit,
  name: string,
  images: number,
): LayerId {
  const { height, width } = builder.shapeOf(input)
  if (images * height * width < fewestNormalised) return input
  return builder.batchNorm(name, input, { epsilon })
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b)
}

/** Draws supports, parameter values and one batch for a network. */
export function fillNetwork(network: Network, images: number, density: number, random: Lcg): NetworkCase {
  const supports = new Map<LayerId, Uint32Array>()
  for (const layer of kernelLayers(network)) {
    if (layer.kind !== 'dense')
      supports.set(layer.id, support(kernelEntries(layer.geometry), density, random))
  }
  const values = new Map(
    parameters(network, supports).map(({ name, role, size, layer }) => [
      name,
      parameterValues(role, size, outputChannels(network, layer), random),
    ]),
  )
  const x = random.values(images * activationSize(network.input))
  const labels = new Uint16Array(images).map(() => random.integer(network.classes))
  return { network, supports, parameters: values, images, x, labels }
}

/** Every entry independently with probability `density`; may be empty. */
function support(entries: number, density: number, random: Lcg): Uint32Array {
  return Uint32Array.from(
    Array.from({ length: entries }, (_, index) => index).filter(() => random.fraction() < density),
  )
}

/** About the bound below which the gradient of alpha is computed in another way behind a batch norm. */
const smallAlphas = [0, 2 ** -7, -3 * 2 ** -8, 2 ** -6, -(2 ** -5)]

/** Values of a size at which activations neither fade nor grow over a few layers; none but an alpha is 0. */
function parameterValues(role: ParameterRole, size: number, channels: number, random: Lcg): Float64Array {
  switch (role) {
    case 'kernel':
      return random.values(size, Math.sqrt(3 / Math.max(1, size / channels)))
    case 'variance':
      return new Float64Array(size).map(() => random.uniform(0.5, 1.5))
    case 'alpha':
      return new Float64Array(size).map(() => {
        const draw = random.fraction()
        if (draw < 0.3) return smallAlphas[Math.floor((draw / 0.3) * smallAlphas.length)]!
        return (draw < 0.65 ? -1 : 1) * random.uniform(0.5, 1.5)
      })
    case 'scale':
      return new Float64Array(size).map(() => (random.fraction() < 0.5 ? -1 : 1) * random.uniform(0.5, 1.5))
    case 'bias':
    case 'shift':
    case 'offset':
    case 'mean':
      return random.values(size, 0.5)
  }
}

function outputChannels(network: Network, id: LayerId): number {
  const layer = network.layers[id]!
  return isKernelLayer(layer) ? layer.geometry.outChannels : layer.output.channels
}
