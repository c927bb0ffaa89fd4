// Equal per filter: `B * F_l / sum F` non-zeros, so that a filter has equally many in every layer on average.

import { filters, totalEntries } from '../kernel-shape.js'
import { inProportion, type SupportRule } from './rule.js'

export const epf: SupportRule = {
  name: 'epf',
  summary: 'equally many non-zeros per filter (output channel)',
  targets: (kernels, density) => inProportion(density * totalEntries(kernels), kernels.map(filters)),
}
