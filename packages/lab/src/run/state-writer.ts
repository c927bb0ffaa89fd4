// Saves the state of a run: when it is due, and when training stops before its end.

import { DctpsError, decodeTrainState, encodeTrainState, type Trainer, type TrainState } from 'dctps'
import { readFileChecked, writeFileAtomic } from 'dctps/node'
import type { PreparedRun } from './prepare.js'

export class StateWriter {
  readonly #trainer: Trainer
  readonly #prepared: PreparedRun
  readonly #file: string
  #savedAt = performance.now()

  constructor(trainer: Trainer, prepared: PreparedRun, file: string) {
    this.#trainer = trainer
    this.#prepared = prepared
    this.#file = file
  }

  async writeWhenDue(): Promise<void> {
    if (performance.now() - this.#savedAt >= this.#prepared.config.saveEvery * 1000) await this.write()
  }

  async write(): Promise<TrainState> {
    const { spec, fingerprint, task } = this.#prepared
    const state = await this.#trainer.state()
    const file = { spec, network: task.network, configuration: fingerprint, state }
    await writeFileAtomic(this.#file, encodeTrainState(file))
    this.#savedAt = performance.now()
    return state
  }

  /** Saves what can be saved when training has stopped, and says how things stand. */
  async explain(error: unknown): Promise<unknown> {
    if (!(error instanceof DctpsError)) return error
    if (error.code === 'cancelled') {
      try {
        const { epoch, stepInEpoch } = await this.write()
        return new DctpsError(
          'cancelled',
          `stopped in epoch ${epoch + 1} after ${stepInEpoch} steps; the state is saved`,
        )
      } catch (failure) {
        return failure
      }
    }
    if (error.code !== 'numeric') return error
    const kept = await readFileChecked(this.#file).then(
      (bytes) => decodeTrainState(bytes, this.#file).state,
      () => null,
    )
    const state =
      kept === null
        ? 'no state had been saved'
        : `the state of epoch ${kept.epoch + 1}, step ${kept.stepInEpoch} is kept in ${this.#file}`
    return new DctpsError('numeric', `${error.message}; ${state}`, { cause: error })
  }
}
