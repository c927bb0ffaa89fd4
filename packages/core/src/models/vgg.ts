// VGG with batch norm for small images (Simonyan & Zisserman 2015, as [P] section 5 trains it): stages of 3x3
// convolutions, max pooling between them, one linear layer. Layers are named by their place in the published sequence.

import { NetworkBuilder } from '../network/network.js'
import type { Architecture } from './registry.js'

/** Widths of the convolutions of each stage. */
const stages: Readonly<Record<string, readonly (readonly number[])[]>> = {
  vgg11: [[64], [128], [256, 256], [512, 512], [512, 512]],
  vgg13: [
    [64, 64],
    [128, 128],
    [256, 256],
    [512, 512],
    [512, 512],
  ],
  vgg16: [[64, 64], [128, 128], Array(3).fill(256), Array(3).fill(512), Array(3).fill(512)],
  vgg19: [[64, 64], [128, 128], Array(4).fill(256), Array(4).fill(512), Array(4).fill(512)],
}

export const vggs: readonly Architecture[] = Object.entries(stages).map(([name, widths]) => ({
  name,
  summary: `VGG-${name.slice(3)} with batch norm: ${widths.flat().length} convolutions 3x3, one linear layer`,
  inputSizes: [32, 64],
  build(options) {
    const net = new NetworkBuilder(name, options.input, options.kernel)
    let x = net.input
    let place = 0
    for (const [stage, convolutions] of widths.entries()) {
      for (const width of convolutions) {
        x = net.conv2d(`feature.${place}`, x, width, { size: 3, padding: 1 })
        x = net.relu(net.batchNorm(`feature.${place + 1}`, x))
        place += 3
      }
      if (stage === widths.length - 1) break
      x = net.maxPool(x, 2)
      place++
    }
    net.linear('classifier', net.flatten(net.globalAveragePool(x)), options.classes, { bias: true })
    return net.build()
  },
}))
