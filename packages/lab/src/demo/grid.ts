// What the main job compares: DCTpS against plain sparse networks of the same few weights, and a dense one as the
// yardstick. Every kind is trained at the same learning rates, and the one with the best validation accuracy stands for
// it. All runs together take about two minutes on two cores.

import { type RunConfig, resolveConfig, type Settings } from '../config/index.js'
import { formatDensity } from '../report/format.js'

/** One curve of the report: runs that differ in their learning rate alone. */
export interface Contender {
  /** As in the report: `DCTpS 1%`. */
  readonly label: string
  readonly network: string
  readonly configs: readonly RunConfig[]
}

interface Comparison {
  readonly network: string
  readonly epochs: number
  readonly densities: readonly number[]
  readonly dense: boolean
}

/** Adam with L2 decay, as [P]; at the paper's 1e-3, S has not left zero far enough after so few epochs. */
const learningRates = [1e-2, 3e-3]

const comparisons: readonly Comparison[] = [
  { network: 'lenet5', epochs: 20, densities: [0.01, 0.005], dense: true },
  // The batch-normalised network does more work an image, so it gets fewer epochs.
  { network: 'resnet8', epochs: 4, densities: [0.005], dense: false },
]

/** @param shared settings for all runs, e.g. threads */
export function demoContenders(shared: Settings): Contender[] {
  return comparisons.flatMap(({ network, epochs, densities, dense }) => {
    const contender = (label: string, settings: Settings): Contender => ({
      label,
      network,
      configs: learningRates.map((lr) => resolveConfig({ ...shared, ...settings, network, epochs, lr })),
    })
    const sparse = densities.flatMap((density) => [
      contender(`DCTpS ${formatDensity(density)}`, { kind: 'dctps', density }),
      contender(`sparse ${formatDensity(density)}`, { kind: 'sparse', density }),
    ])
    return dense ? [...sparse, contender('dense', { kind: 'dense' })] : sparse
  })
}
