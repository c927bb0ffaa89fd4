// Every layer at the network's density: the target of a layer is `density * N_l`.

import { weightEntries } from '../kernel-shape.js'
import type { SupportRule } from './rule.js'

export const uniform: SupportRule = {
  name: 'uniform',
  summary: 'the same density in every layer',
  targets: (kernels, density) => kernels.map((kernel) => density * weightEntries(kernel)),
}
