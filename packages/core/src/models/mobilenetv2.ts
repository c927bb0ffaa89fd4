// MobileNetV2 for small images (Sandler et al. 2018, as [P] section 5 trains it): inverted residual blocks with depthwise
// convolutions, ReLU in place of ReLU6, a projection where a shortcut changes the channels.

import type { LayerId } from '../network/layer.js'
import { NetworkBuilder } from '../network/network.js'
import type { Architecture } from './registry.js'

/** Expansion, output channels, repeats, stride of the first. */
const stages = [
  [1, 16, 1, 1],
  [6, 24, 2, 1],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const

export const mobilenetv2: Architecture = {
  name: 'mobilenetv2',
  summary: 'MobileNetV2: 17 inverted residual blocks with depthwise convolutions, batch norm',
  inputSizes: [32, 64],
  build(options) {
    const net = new NetworkBuilder(this.name, options.input, options.kernel)
    let x = net.relu(net.batchNorm('bn1', net.conv2d('conv1', net.input, 32, { size: 3, padding: 1 })))
    let index = 0
    for (const [expansion, channels, repeats, stride] of stages) {
      for (let repeat = 0; repeat < repeats; repeat++) {
        const shape = { expansion, channels, stride: repeat === 0 ? stride : 1 }
        x = invertedResidual(net, `layers.${index++}`, x, shape)
      }
    }
    x = net.relu(net.batchNorm('bn2', net.conv2d('conv2', x, 1280, { size: 1 })))
    net.linear('linear', net.flatten(net.globalAveragePool(x)), options.classes, { bias: true })
    return net.build()
  },
}

function invertedResidual(
  net: NetworkBuilder,
  name: string,
  x: LayerId,
  { expansion, channels, stride }: { expansion: number; channels: number; stride: number },
): LayerId {
  const inputs = net.shapeOf(x).channels
  const planes = expansion * inputs
  let y = net.relu(net.batchNorm(`${name}.bn1`, net.conv2d(`${name}.conv1`, x, planes, { size: 1 })))
  const depthwise = { size: 3, stride, padding: 1, groups: planes }
  y = net.relu(net.batchNorm(`${name}.bn2`, net.conv2d(`${name}.conv2`, y, planes, depthwise)))
  y = net.batchNorm(`${name}.bn3`, net.conv2d(`${name}.conv3`, y, channels, { size: 1 }))
  if (stride !== 1) return y
  const shortcut =
    inputs === channels
      ? x
      : net.batchNorm(`${name}.shortcut.1`, net.conv2d(`${name}.shortcut.0`, x, channels, { size: 1 }))
  return net.add(y, shortcut)
}
