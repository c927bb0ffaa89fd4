// The architectures by name. A new one is one new file and one line here.

import { DctpsError } from '../errors.js'
import type { KernelOptions, Network } from '../network/network.js'
import type { ActivationShape } from '../shape/activation.js'
import { didYouMean } from '../support/nearest-name.js'
import { lenet5 } from './lenet5.js'
import { mobilenetv2 } from './mobilenetv2.js'
import { resnets } from './resnet.js'
import { resnet8 } from './resnet8.js'
import { vggs } from './vgg.js'

export interface ArchitectureOptions {
  /** Images as the network takes them; data of another size is padded or resized first. */
  readonly input: ActivationShape
  readonly classes: number
  readonly kernel: KernelOptions
  /** Channels of the first stage, where an architecture has a `defaultWidth`. */
  readonly width?: number
}

export interface Architecture {
  readonly name: string
  /** One line for `--help`. */
  readonly summary: string
  /** Heights (= widths) of images that it is defined for. */
  readonly inputSizes: readonly number[]
  /** Channels of the first stage, all others in proportion; only where they can be chosen. */
  readonly defaultWidth?: number
  build(options: ArchitectureOptions): Network
}

export const architectures: readonly Architecture[] = [lenet5, resnet8, ...vggs, ...resnets, mobilenetv2]

/** @throws DctpsError `usage` with the known names */
export function findArchitecture(name: string): Architecture {
  const found = architectures.find((architecture) => architecture.name === name)
  if (found === undefined) {
    const names = architectures.map((architecture) => architecture.name)
    throw new DctpsError(
      'usage',
      `unknown network "${name}"; known: ${names.join(', ')}${didYouMean(name, names)}`,
    )
  }
  return found
}

/**
 * Builds a network by name.
 * @throws DctpsError `usage` on an unknown name, an input size or a width that it is not defined for, or classes below 2
 */
export function buildNetwork(name: string, options: ArchitectureOptions): Network {
  const architecture = findArchitecture(name)
  const { channels, height, width } = options.input
  if (height !== width || !architecture.inputSizes.includes(height)) {
    const sizes = architecture.inputSizes.map((size) => `${size}x${size}`).join(' or ')
    throw new DctpsError(
      'usage',
      `${name} takes ${sizes} images, received ${height}x${width}; pad or resize the data`,
    )
  }
  if (!Number.isInteger(channels) || channels < 1) {
    throw new DctpsError(
      'usage',
      `${name}: input channels must be a whole number of at least 1, received ${channels}`,
    )
  }
  if (!Number.isInteger(options.classes) || options.classes < 2) {
    throw new DctpsError(
      'usage',
      `${name}: classes must be a whole number of at least 2, received ${options.classes}`,
    )
  }
  if (options.width !== undefined) checkWidth(architecture, options.width)
  return architecture.build(options)
}

function checkWidth({ name, defaultWidth }: Architecture, width: number): void {
  if (defaultWidth === undefined)
    throw new DctpsError('usage', `${name} has one width; leave out the width ${width}`)
  if (!Number.isInteger(width) || width < 1) {
    throw new DctpsError(
      'usage',
      `${name}: the width must be a whole number of at least 1, received ${width}`,
    )
  }
}
