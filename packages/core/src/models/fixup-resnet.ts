// Fixup residual networks for small images (Zhang et al. 2019 [X], as [P] section 5 trains them): no batch norm; scalar
// biases and scales, and initial values under which the residual branches start at zero.

import type { LayerId } from '../network/layer.js'
import { NetworkBuilder } from '../network/network.js'
import type { Architecture } from './registry.js'

const stages = [
  { channels: 16, stride: 1 },
  { channels: 32, stride: 2 },
  { channels: 64, stride: 2 },
] as const

/** Depth and residual blocks a stage: `depth = 6 * blocks + 2`. */
const depths = [
  { depth: 20, blocks: 3 },
  { depth: 32, blocks: 5 },
  { depth: 44, blocks: 7 },
  { depth: 56, blocks: 9 },
  { depth: 110, blocks: 18 },
] as const

/** Biases and scales learn at a tenth of the rate ([X] section 4). */
const biasRate = 0.1

/** A kernel that starts at zero, whatever its kind. */
const zero = { initialAlpha: 0, initialDeviation: 0 }

export const fixupResnets: readonly Architecture[] = depths.map(({ depth, blocks }) => ({
  name: `fixup-resnet${depth}`,
  summary: `Fixup ResNet-${depth}: three stages of ${blocks} basic blocks, scalar biases and scales, no batch norm`,
  inputSizes: [32, 64],
  build(options) {
    const net = new NetworkBuilder(this.name, options.input, options.kernel)
    let x = net.conv2d('conv1', net.input, 16, { size: 3, padding: 1 })
    x = net.scalarAffine(x, { shift: 'bias1', rectified: true })
    for (const [stage, { channels, stride }] of stages.entries()) {
      for (let index = 0; index < blocks; index++) {
        const shape = { channels, stride: index === 0 ? stride : 1 }
        x = fixupBlock(net, `layer${stage + 1}.${index}`, x, shape, stages.length * blocks)
      }
    }
    x = net.scalarAffine(net.globalAveragePool(x), { shift: 'bias2' })
    net.linear('fc', net.flatten(x), options.classes, { bias: true, ...zero })
    return net.build({ biasRate })
  },
}))

/** @param blocks residual blocks in the network */
function fixupBlock(
  net: NetworkBuilder,
  name: string,
  x: LayerId,
  { channels, stride }: { channels: number; stride: number },
  blocks: number,
): LayerId {
  const shifted = net.scalarAffine(x, { shift: `${name}.bias1a` })
  const start = branchStart(9 * net.shapeOf(x).channels, channels, blocks)
  let y = net.conv2d(`${name}.conv1`, shifted, channels, { size: 3, stride, padding: 1, ...start })
  y = net.scalarAffine(y, { shift: `${name}.bias1b`, rectified: true, offset: `${name}.bias2a` })
  y = net.conv2d(`${name}.conv2`, y, channels, { size: 3, padding: 1, ...zero })
  // A pool of one pixel is a subsampling.
  const residual = stride === 1 ? x : net.padChannels(net.averagePool(shifted, 1, stride), channels)
  return net.scalarAffine(y, {
    scale: `${name}.scale`,
    shift: `${name}.bias2b`,
    residual,
    rectified: true,
  })
}

/**
 * Initial values of the first kernel of a branch: weights of the deviation that [X] gives it, and for DCTpS the alpha
 * that [P] matches to it, `sqrt(t / m)`. `t` is the mean norm of `patch` such weights, `m` the mean norm of a row of D. A
 * patch is never shorter than the outputs here, so D has whole orthonormal rows and `m = 1`.
 */
function branchStart(patch: number, outputs: number, blocks: number) {
  const initialDeviation = Math.sqrt(2 / (9 * outputs) / blocks)
  return { initialDeviation, initialAlpha: Math.sqrt(initialDeviation * meanNormalNorm(patch)) }
}

/** Mean norm of `length` standard normal numbers: `sqrt(2) * gamma((length + 1) / 2) / gamma(length / 2)`. */
function meanNormalNorm(length: number): number {
  // Neighbouring lengths have norms whose product is the shorter length.
  let norm = Math.sqrt(2 / Math.PI)
  for (let shorter = 1; shorter < length; shorter++) norm = shorter / norm
  return norm
}
