// ResNet-8, the smallest CIFAR-style residual network (He et al. 2016 with one block a stage, as in MLPerf Tiny,
// Banbury et al. 2021): widths 16, 32, 64, batch norm, projection shortcuts. The small batch-normalised network here.

import { NetworkBuilder } from '../network/network.js'
import type { Architecture } from './registry.js'

const stages = [
  { width: 16, stride: 1 },
  { width: 32, stride: 2 },
  { width: 64, stride: 2 },
] as const

export const resnet8: Architecture = {
  name: 'resnet8',
  summary: 'ResNet-8: a stem and three residual blocks of widths 16, 32, 64 with batch norm',
  inputSizes: [32, 64],
  build(options) {
    const net = new NetworkBuilder(this.name, options.input, options.kernel)
    let x = net.relu(net.batchNorm('bn1', net.conv2d('conv1', net.input, 16, { size: 3, padding: 1 })))
    stages.forEach(({ width, stride }, index) => {
      const name = `layer${index + 1}.0`
      let y = net.conv2d(`${name}.conv1`, x, width, { size: 3, stride, padding: 1 })
      y = net.relu(net.batchNorm(`${name}.bn1`, y))
      y = net.batchNorm(`${name}.bn2`, net.conv2d(`${name}.conv2`, y, width, { size: 3, padding: 1 }))
      const shortcut =
        stride === 1
          ? x
          : net.batchNorm(
              `${name}.shortcut.1`,
              net.conv2d(`${name}.shortcut.0`, x, width, { size: 1, stride }),
            )
      x = net.relu(net.add(y, shortcut))
    })
    net.linear('linear', net.flatten(net.globalAveragePool(x)), options.classes, { bias: true })
    return net.build()
  },
}
