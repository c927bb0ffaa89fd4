// LeNet-5 as the paper trains it ([P] section 5): no biases, average pooling, 32x32 inputs.

import { NetworkBuilder } from '../network/network.js'
import type { Architecture } from './registry.js'

export const lenet5: Architecture = {
  name: 'lenet5',
  summary: 'LeNet-5: three 5x5 convolutions, two linear layers, no biases',
  inputSizes: [32],
  build(options) {
    const net = new NetworkBuilder(this.name, options.input, options.kernel)
    let x = net.averagePool(net.relu(net.conv2d('convs.0', net.input, 6, { size: 5 })), 2)
    x = net.averagePool(net.relu(net.conv2d('convs.3', x, 16, { size: 5 })), 2)
    x = net.relu(net.conv2d('convs.6', x, 120, { size: 5 }))
    x = net.relu(net.linear('fcs.0', net.flatten(x), 82))
    net.linear('fcs.2', x, options.classes)
    return net.build()
  },
}
