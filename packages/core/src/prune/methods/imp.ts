// Iterative magnitude pruning (Frankle & Carbin, ICLR 2019): train, remove the smallest fifth of the weights that are left,
// set the others back to their initial values, and begin again. It costs a whole training run a round.

import { DctpsError } from '../../errors.js'
import { kernelLayers, type Network } from '../../network/network.js'
import { kernelName, type Supports } from '../../network/parameters.js'
import { kernelEntries } from '../../shape/kernel.js'
import { Trainer } from '../../train/trainer.js'
import type { PruneJob, PruneRound, PruningMethod } from '../method.js'
import { neverKept, type Scores, topScores } from '../top-scores.js'

/** Share of the remaining weights that a round removes. */
const removedShare = 0.2

export const imp: PruningMethod = {
  name: 'imp',
  summary: 'lottery ticket: train, remove the smallest fifth, rewind, repeat; a training run a round',
  steps: null,
  async prune(job) {
    let supports = job.from ?? fullSupports(job.network)
    for await (const round of impRounds(job, supports)) {
      supports = round.supports
      await job.watch.onRound?.(round)
    }
    return { supports, hessianError: null }
  },
}

/** Weights left after each round, from all `weights` down to `count`. */
export function impCounts({ weights, count }: Pick<PruneJob, 'weights' | 'count'>): number[] {
  const counts: number[] = []
  for (let left = weights; left > count; counts.push(left)) {
    // Of two weights a fifth is none.
    left = Math.max(count, Math.min(left - 1, Math.round((1 - removedShare) * left)))
  }
  return counts
}

/** The rounds that are left from `supports` on. @throws DctpsError as {@link Trainer} */
async function* impRounds(job: PruneJob, supports: Supports): AsyncGenerator<PruneRound, void, undefined> {
  const counts = impCounts(job)
  const total = [...supports.values()].reduce((sum, { length }) => sum + length, 0)
  const done = [job.weights, ...counts].indexOf(total)
  if (done < 0) {
    throw new DctpsError(
      'usage',
      `no round of IMP from ${job.weights} to ${job.count} weights leaves ${total} of them; begin anew`,
    )
  }
  let left = supports
  for (let round = done; round < counts.length; round++) {
    const scores = await trainedMagnitudes(job, left, { round, rounds: counts.length })
    left = topScores(scores, counts[round]!)
    yield { round: round + 1, rounds: counts.length, supports: left }
  }
}

/** Magnitudes after training from the initial values; weights outside of the supports are never kept. */
async function trainedMagnitudes(
  { network, dataset, options, platform, watch }: PruneJob,
  supports: Supports,
  { round, rounds }: { round: number; rounds: number },
): Promise<Scores> {
  const trainer = await Trainer.create({ network, supports, dataset, options }, platform)
  try {
    const steps = options.epochs * trainer.stepsPerEpoch
    for await (const event of trainer.run(watch.signal)) {
      if (event.type === 'step') watch.onStep?.(round * steps + trainer.step, rounds * steps)
    }
    return new Map(
      kernelLayers(network).map((layer) => {
        const values = trainer.runner.parameters.read(`${kernelName(layer)}.weight`)
        const scores = new Float32Array(kernelEntries(layer.geometry)).fill(neverKept)
        for (const [i, index] of supports.get(layer.id)!.entries()) scores[index] = Math.abs(values[i]!)
        return [layer.id, scores]
      }),
    )
  } finally {
    trainer.close()
  }
}

function fullSupports(network: Network): Supports {
  return new Map(
    kernelLayers(network).map(({ id, geometry }) => [
      id,
      Uint32Array.from({ length: kernelEntries(geometry) }, (_, index) => index),
    ]),
  )
}
