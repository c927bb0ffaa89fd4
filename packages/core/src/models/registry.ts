// The architectures by name. A new one is one new file and one line here.

import { DctpsError } from '../errors.js'
import type { KernelOptions, Network } from '../network/network.js'
import type { ActivationShape } from '../shape/activation.js'
import { didYouMean } from '../support/nearest-name.js'
import { fixupResnets } from './fixup-resnet.js'
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
  /** Multiplies every residual branch by `blocks^(-1/2)`, where an architecture `canBeStable`. Default false. */
  readonly stable?: boolean
}

export interface Architecture {
  readonly name: string
  /** One line for `--help`. */
  readonly summary: string
  /** Heights (= widths) of images that it is defined for. */
  readonly inputSizes: readonly number[]
  /** Channels of the first stage, all others in proportion; only where they can be chosen. */
  readonly defaultWidth?: number
  /** Whether its residual branches can be scaled down by their number. */
  readonly canBeStable?: boolean
  build(options: ArchitectureOptions): Network
}

export const architectures: readonly Architecture[] = [
  lenet5,
  resnet8,
  ...vggs,
  ...resnets,
  mobilenetv2,
  ...fixupResnets,
]

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
 * @throws DctpsError `usage` on an unknown name, an input size or an option that it is not defined for, or classes below 2
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
  checkArchitectureOptions(architecture, options)
  return architecture.build(options)
}

/** @throws DctpsError `usage` on an option that an architecture does not have, or a width out of range */
export function checkArchitectureOptions(
  { name, defaultWidth, canBeStable }: Architecture,
  { width, stable }: Pick<ArchitectureOptions, 'width' | 'stable'>,
): void {
  const having = (has: (architecture: Architecture) => boolean) =>
    architectures
      .filter(has)
      .map((architecture) => architecture.name)
      .join(', ')
  if (stable && !canBeStable) {
    throw new DctpsError(
      'usage',
      `${name} has no option stable, only ${having((other) => other.canBeStable === true)} have; leave it out`,
    )
  }
  if (width === undefined) return
  if (defaultWidth === undefined) {
    throw new DctpsError(
      'usage',
      `${name} has one width, only that of ${having((other) => other.defaultWidth !== undefined)} can be chosen; leave out the width ${width}`,
    )
  }
  if (!Number.isInteger(width) || width < 1) {
    throw new DctpsError(
      'usage',
      `${name}: the width must be a whole number of at least 1, received ${width}`,
    )
  }
}
