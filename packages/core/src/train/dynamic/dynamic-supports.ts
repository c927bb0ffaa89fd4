// The dynamic supports of one run: when an update is due, how it grows, and what it means for the optimiser's step.

import { DctpsError } from '../../errors.js'
import type { Key } from '../../random/key.js'
import type { Runner } from '../../runtime/runner.js'
import type { TrainEvent } from '../events.js'
import type { DynamicOptions } from '../options.js'
import { moveAtRandom, moveByGradient } from './moving-supports.js'
import { dropFractionAt, replacedSteps } from './update-schedule.js'

export class DynamicSupports {
  readonly #options: DynamicOptions
  readonly #runner: Runner
  readonly #key: Key
  readonly #steps: number

  /**
   * @param key the run's
   * @param steps steps of the whole run
   */
  constructor(options: DynamicOptions, runner: Runner, key: Key, steps: number) {
    this.#options = options
    this.#runner = runner
    this.#key = key
    this.#steps = steps
  }

  /** Whether an update uses a batch up and takes the place of its step. */
  get replacesStep(): boolean {
    return this.#options.type === 'rigl'
  }

  /** @param step steps taken before, as below */
  isDue(step: number): boolean {
    return dropFractionAt(this.#options, step, this.#steps) !== null
  }

  /** Steps before this one that an update took the place of. */
  replacedBefore(step: number): number {
    return replacedSteps(this.#options, step, this.#steps)
  }

  /**
   * Moves the supports; afterwards the runner is idle.
   * @param rank runs the batch of the step in mode `growth`, where an update replaces the step
   * @throws DctpsError `usage` at a step where no update is due
   */
  async update(
    step: number,
    rank: () => Promise<unknown>,
  ): Promise<Extract<TrainEvent, { type: 'support' }>> {
    const fraction = dropFractionAt(this.#options, step, this.#steps)
    if (fraction === null) throw new DctpsError('usage', `no update of the supports is due at step ${step}`)
    await this.#runner.idle()
    const layers = this.replacesStep
      ? await moveByGradient(this.#runner, fraction, rank)
      : moveAtRandom(this.#runner, fraction, this.#key.fold('grow', step))
    return { type: 'support', step, moved: layers.reduce((sum, { moved }) => sum + moved, 0), layers }
  }
}
