// Equal per layer: `B / L` non-zeros each; what small layers cannot hold goes to the last one.

import { totalEntries, weightEntries } from '../kernel-shape.js'
import type { SupportRule } from './rule.js'

export const epl: SupportRule = {
  name: 'epl',
  summary: 'equally many non-zeros in every layer',
  targets(kernels, density) {
    const share = (density * totalEntries(kernels)) / kernels.length
    const targets = kernels.map((kernel) => Math.min(share, weightEntries(kernel)))
    const surplus = targets.reduce((sum, target) => sum + (share - target), 0)
    targets[targets.length - 1]! += surplus
    return targets
  },
}
