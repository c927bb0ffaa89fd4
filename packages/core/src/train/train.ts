// Training in one call, for those who want callbacks rather than an iterator.

import type { EpochRecord, TrainEvent } from './events.js'
import type { TrainPlatform, TrainTask } from './setup.js'
import { Trainer } from './trainer.js'

export interface TrainCallbacks {
  onStep?(event: Extract<TrainEvent, { type: 'step' }>): void
  /** `best` when the epoch has the highest validation accuracy so far. */
  onEpoch?(record: EpochRecord, best: boolean): void | Promise<void>
}

/**
 * Trains to the end and gives back the trainer, its runner holding the final weights; close it when done.
 * @throws DctpsError as {@link Trainer.create} and {@link Trainer.run}; the runner is then closed
 */
export async function train(
  task: TrainTask,
  platform: TrainPlatform,
  callbacks: TrainCallbacks = {},
  signal?: AbortSignal,
): Promise<Trainer> {
  const trainer = await Trainer.create(task, platform)
  try {
    for await (const event of trainer.run(signal)) {
      if (event.type === 'step') callbacks.onStep?.(event)
      if (event.type === 'epoch') await callbacks.onEpoch?.(event.record, event.best)
    }
  } catch (error) {
    trainer.close()
    throw error
  }
  return trainer
}
