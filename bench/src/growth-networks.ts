// The time of a training step of ResNet-18 as its width grows, dense and DCTpS at several densities. Sides of one width
// take turns.

import { kernelCount } from 'dctps'
import type { NetworkGrowthRow, UnmeasuredRow } from './results.js'
import { buildCase } from './step-case.js'
import { ourProcess } from './step-rows.js'
import { takeTurns } from './take-turns.js'
import type { Rounds } from './timing.js'

const network = 'resnet18'
const batch = 32
const threads = 2
const densities = [0.0001, 0.001, 0.01, 0.05] as const
/** A half, one, two and four times the usual width. A dense step of the last takes most of a minute, and 3.6 GB. */
const widths = [32, 64, 128, 256] as const
const quickWidths = widths.slice(0, 3)

export interface NetworkGrowth {
  readonly rows: readonly NetworkGrowthRow[]
  readonly unmeasured: readonly UnmeasuredRow[]
}

/**
 * @param progress is told which share is done, and of what
 * @param save is given what is known so far, after each width
 */
export async function growNetworks(
  quick: boolean,
  rounds: Rounds,
  progress: (share: number, what: string) => void,
  save: (growth: NetworkGrowth) => void,
): Promise<NetworkGrowth> {
  const used = quick ? quickWidths : widths
  const rows: NetworkGrowthRow[] = []
  const unmeasured: UnmeasuredRow[] = []
  for (const [index, width] of used.entries()) {
    const outcomes = await takeTurns(sidesOf(width), rounds, (share) =>
      progress((index + share) / used.length, `${network} of width ${width}`),
    )
    for (const outcome of outcomes) {
      const { subject } = outcome.side
      if ('figures' in outcome) {
        const { imagesPerSecond, peakMegabytes, startSeconds, otherLoad } = outcome.figures
        rows.push({
          ...subject,
          width,
          storedWeights: storedWeights(subject.density, width),
          imagesPerSecond,
          peakMegabytes,
          coldStartSeconds: startSeconds,
          otherLoad,
        })
      } else unmeasured.push({ ...subject, by: `dctps, width ${width}`, reason: outcome.unable })
    }
    save({ rows, unmeasured })
  }
  return { rows, unmeasured }
}

function sidesOf(width: number) {
  const kinds = [
    ...densities.map((density) => ({ kind: 'dctps' as const, density })),
    { kind: 'dense' as const, density: 1 },
  ]
  return kinds.map(({ kind, density }) => ({
    subject: { network, kind, density, batch, threads },
    command: process.execPath,
    args: [ourProcess, ...[network, kind, density, batch, threads, width].map(String)],
    batch,
    starts: 'once' as const,
  }))
}

function storedWeights(density: number, width: number): number {
  return Math.round(density * kernelCount(buildCase({ network, kind: 'dense', density: 1 }, width).network))
}
