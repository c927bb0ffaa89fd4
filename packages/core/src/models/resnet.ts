// Residual networks for small images (He et al. 2016, as [P] section 5 trains them): a 3x3 stem, four stages of basic or
// bottleneck blocks, projection shortcuts with batch norm, global average pooling.

import type { LayerId } from '../network/layer.js'
import { NetworkBuilder } from '../network/network.js'
import type { Architecture } from './registry.js'

type Block = 'basic' | 'bottleneck'

const depths: readonly { depth: number; block: Block; blocks: readonly number[] }[] = [
  { depth: 18, block: 'basic', blocks: [2, 2, 2, 2] },
  { depth: 34, block: 'basic', blocks: [3, 4, 6, 3] },
  { depth: 50, block: 'bottleneck', blocks: [3, 4, 6, 3] },
  { depth: 101, block: 'bottleneck', blocks: [3, 4, 23, 3] },
  { depth: 110, block: 'bottleneck', blocks: [3, 4, 26, 3] },
  { depth: 152, block: 'bottleneck', blocks: [3, 8, 36, 3] },
]

/** Channels of the stem and of the first stage; each later stage doubles them. */
const defaultWidth = 64

export const resnets: readonly Architecture[] = depths.map(({ depth, block, blocks }) => ({
  name: `resnet${depth}`,
  summary: `ResNet-${depth}: four stages of ${block} blocks (${blocks.join(', ')}), batch norm`,
  inputSizes: [32, 64],
  defaultWidth,
  canBeStable: true,
  build(options) {
    const stemWidth = options.width ?? defaultWidth
    const total = blocks.reduce((sum, count) => sum + count, 0)
    const branchScale = options.stable ? 1 / Math.sqrt(total) : 1
    const net = new NetworkBuilder(`resnet${depth}`, options.input, options.kernel)
    let x = net.relu(net.batchNorm('bn1', net.conv2d('conv1', net.input, stemWidth, { size: 3, padding: 1 })))
    for (const [stage, count] of blocks.entries()) {
      for (let index = 0; index < count; index++) {
        const stride = stage > 0 && index === 0 ? 2 : 1
        const shape = { width: stemWidth * 2 ** stage, stride, branchScale }
        x = residualBlock(net, block, `layer${stage + 1}.${index}`, x, shape)
      }
    }
    net.linear('fc', net.flatten(net.globalAveragePool(x)), options.classes, { bias: true })
    return net.build()
  },
}))

function residualBlock(
  net: NetworkBuilder,
  block: Block,
  name: string,
  x: LayerId,
  { width, stride, branchScale }: { width: number; stride: number; branchScale: number },
): LayerId {
  const normalised = (place: number, input: LayerId, channels: number, size: number, step: number) =>
    net.batchNorm(
      `${name}.bn${place}`,
      net.conv2d(`${name}.conv${place}`, input, channels, {
        size,
        stride: step,
        padding: size === 3 ? 1 : 0,
      }),
    )
  const out = block === 'basic' ? width : 4 * width
  const branch =
    block === 'basic'
      ? normalised(2, net.relu(normalised(1, x, width, 3, stride)), out, 3, 1)
      : normalised(
          3,
          net.relu(normalised(2, net.relu(normalised(1, x, width, 1, 1)), width, 3, stride)),
          out,
          1,
          1,
        )
  const identity = stride === 1 && net.shapeOf(x).channels === out
  const shortcut = identity
    ? x
    : net.batchNorm(`${name}.shortcut.1`, net.conv2d(`${name}.shortcut.0`, x, out, { size: 1, stride }))
  return branchScale === 1
    ? net.relu(net.add(branch, shortcut))
    : net.scalarAffine(branch, { scale: branchScale, residual: shortcut, rectified: true })
}
