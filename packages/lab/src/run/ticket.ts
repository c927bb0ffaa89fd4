// What the last round of IMP has left, as a run state before its first step: a run that is stopped while it prunes goes on
// with the next round.

import {
  checkSameConfiguration,
  decodeTrainState,
  encodeTrainState,
  initialValues,
  Key,
  type StateFile,
  type Supports,
} from 'dctps'
import { readFileChecked, writeFileAtomic } from 'dctps/node'
import { kindOfPath } from './folder.js'

/** Initial values and supports of a round, under the run's configuration. */
export interface TicketContent extends Omit<StateFile, 'state'> {
  readonly supports: Supports
}

export class TicketFile {
  readonly #file: string
  readonly #makeFolder: () => Promise<void>

  /** @param makeFolder called before the file is written; its folder is there afterwards */
  constructor(file: string, makeFolder: () => Promise<void>) {
    this.#file = file
    this.#makeFolder = makeFolder
  }

  /**
   * Supports of the last round; undefined where none was saved.
   * @throws DctpsError `file` when it is damaged; `usage` when it belongs to another configuration or other data
   */
  async read(configuration: StateFile['configuration']): Promise<Supports | undefined> {
    if ((await kindOfPath(this.#file)) === null) return undefined
    const stored = decodeTrainState(await readFileChecked(this.#file), this.#file)
    checkSameConfiguration(stored.configuration, configuration, this.#file)
    return stored.state.supports
  }

  /** @throws DctpsError `file` */
  async write({ supports, ...file }: TicketContent, seed: number): Promise<void> {
    const parameters = initialValues(file.network, supports, Key.fromSeed(seed))
    const none = { epoch: 0, stepInEpoch: 0, step: 0, lossSum: 0, correct: 0, images: 0, seconds: 0 }
    const state = { ...none, history: [], best: null, supports, parameters, optimizer: new Map() }
    await this.#makeFolder()
    await writeFileAtomic(this.#file, encodeTrainState({ ...file, state }))
  }
}
