// Erdos-Renyi kernel: `B * D_l / sum D` non-zeros, `D_l` the sum of the weight's dimensions.

import { totalEntries } from '../kernel-shape.js'
import { inProportion, type SupportRule } from './rule.js'

export const erk: SupportRule = {
  name: 'erk',
  summary: "non-zeros in proportion to the sum of the weight's dimensions (Erdos-Renyi kernel)",
  targets(kernels, density) {
    const dimensions = kernels.map((kernel) => kernel.shape.reduce((sum, size) => sum + size, 0))
    return inProportion(density * totalEntries(kernels), dimensions)
  },
}
