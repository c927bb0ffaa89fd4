// The layers that are timed alone: those of LeNet-5, and the shapes that the paper's networks spend their time in, on
// images of the size that they have there.

import {
  type KernelKind,
  Key,
  kernelLayers,
  type Network,
  NetworkBuilder,
  namedKernels,
  randomSupports,
  type Supports,
} from 'dctps'

export interface LayerShape {
  readonly size: number
  readonly inChannels: number
  readonly outChannels: number
  /** Height and width of the output image. */
  readonly image: number
}

const conv = (size: number, inChannels: number, outChannels: number, image: number): LayerShape => ({
  size,
  inChannels,
  outChannels,
  image,
})
const linear = (inChannels: number, outChannels: number): LayerShape => conv(1, inChannels, outChannels, 1)

const lenet5 = [conv(5, 3, 6, 28), conv(5, 6, 16, 10), conv(5, 16, 120, 1), linear(120, 82), linear(82, 10)]
const residual = [conv(3, 64, 64, 32), conv(3, 128, 128, 16), conv(3, 256, 256, 8), conv(3, 512, 512, 4)]
const bottleneck = [conv(1, 64, 64, 32), conv(1, 64, 256, 32), conv(1, 256, 64, 32), conv(1, 512, 2048, 4)]

export const transformShapes = [...lenet5, ...bottleneck, conv(1, 2048, 512, 4), ...residual]
/** Its dense weight takes 256 MB and half a second a product. */
export const largestShape = linear(8192, 8192)
export const layerShapes = [
  conv(5, 6, 16, 10),
  conv(3, 64, 64, 32),
  conv(3, 512, 512, 4),
  conv(1, 64, 256, 32),
  linear(2048, 2048),
]

export function shapeName({ size, inChannels, outChannels, image }: LayerShape): string {
  const kind = image === 1 && size === 1 ? 'linear' : `conv ${size}x${size}`
  return `${kind} ${inChannels}->${outChannels}`
}

/** The layer between an input and, where it gives an image, a pooling to logits. LeNet's 5x5 kernels have no padding. */
export function layerNetwork(shape: LayerShape, kind: KernelKind): Network {
  const { size, inChannels, outChannels, image } = shape
  const padding = size === 3 ? 1 : 0
  const side = image + size - 1 - 2 * padding
  const net = new NetworkBuilder(
    shapeName(shape),
    { channels: inChannels, height: side, width: side },
    { kind },
  )
  const layer = net.conv2d('layer', net.input, outChannels, { size, padding })
  if (image > 1) net.globalAveragePool(layer)
  return net.build()
}

export function layerSupports(network: Network, density: number): Supports {
  if (kernelLayers(network).every((layer) => layer.kind === 'dense')) return new Map()
  return randomSupports(namedKernels(network), 'uniform', density, Key.fromSeed(0))
}
