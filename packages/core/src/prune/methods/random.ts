// Uniformly random weights of the whole network: each layer gets about the density, by chance. For completeness; the
// support rules choose at random inside of layers and fix how many each gets.

import { kernelLayers } from '../../network/network.js'
import { Key } from '../../random/key.js'
import { kernelEntries } from '../../shape/kernel.js'
import { randomPositions } from '../../support/index.js'
import type { PruningMethod } from '../method.js'

export const random: PruningMethod = {
  name: 'random',
  summary: 'uniformly random weights of the whole network',
  steps: null,
  async prune({ network, options, weights, count }) {
    const positions = randomPositions(Key.fromSeed(options.seed).fold('prune'), weights, count)
    let start = 0
    let next = 0
    const supports = new Map(
      kernelLayers(network).map((layer) => {
        const first = start
        start += kernelEntries(layer.geometry)
        const from = next
        while (next < positions.length && positions[next]! < start) next++
        return [layer.id, positions.slice(from, next).map((position) => position - first)]
      }),
    )
    return { supports, hessianError: null }
  },
}
