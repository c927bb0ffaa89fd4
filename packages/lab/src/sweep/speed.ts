// How long runs take, from those that were measured: an epoch costs the same in runs of the same shape.

import type { RunConfig } from '../config/index.js'
import { identityOf } from '../run/index.js'

/**
 * Settings that change neither the memory of a run nor the time of its epochs. A method of pruning is done before the
 * first epoch.
 */
const costless: ReadonlySet<string> = new Set([
  ...['seed', 'lr', 'epochs', 'schedule', 'warmup', 'patience', 'normalise'],
  ...['momentum', 'beta1', 'beta2', 'epsilon', 'weightDecay'],
  ...['prune', 'pruneSteps'],
])

/** Runs with equal shapes take as much memory, and as long for an epoch. */
export function shapeKey(config: RunConfig): string {
  return JSON.stringify(Object.entries(identityOf(config)).filter(([name]) => !costless.has(name)))
}

export class SpeedBook {
  readonly #epochSeconds = new Map<string, { readonly network: string; readonly seconds: number }>()

  /** Takes down a measurement; a later one of the same shape counts instead. */
  learn(config: RunConfig, secondsPerEpoch: number): void {
    if (!Number.isFinite(secondsPerEpoch)) return
    this.#epochSeconds.set(shapeKey(config), { network: config.network, seconds: secondsPerEpoch })
  }

  /** Seconds of a whole run: by its shape, else by others of its network, else by all; NaN where nothing is known. */
  guess(config: RunConfig): number {
    const known = this.#epochSeconds.get(shapeKey(config))
    const all = [...this.#epochSeconds.values()]
    const similar = all.filter(({ network }) => network === config.network)
    const chosen = known !== undefined ? [known] : similar.length > 0 ? similar : all
    return (config.epochs * chosen.reduce((sum, { seconds }) => sum + seconds, 0)) / chosen.length
  }
}
