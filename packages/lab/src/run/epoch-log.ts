// What a run writes down after each epoch: a line of metrics and the points of its TensorBoard curves, both cut back or
// marked where a run was resumed.

import type { EpochRecord } from 'dctps'
import { MetricsLog } from '../log/metrics.js'
import { EventFile } from '../log/tensorboard.js'
import type { RunPaths } from './folder.js'

export class EpochLog {
  readonly #metrics: MetricsLog
  readonly #events: EventFile

  private constructor(metrics: MetricsLog, events: EventFile) {
    this.#metrics = metrics
    this.#events = events
  }

  /**
   * Opens the files of a run that has `epoch` epochs and `step` steps behind it; what they say of later work goes.
   * @throws DctpsError `file`
   */
  static async open(paths: RunPaths, { epoch, step }: { epoch: number; step: number }): Promise<EpochLog> {
    const metrics = await MetricsLog.open(paths.metrics, { keepThroughEpoch: epoch })
    try {
      const events = await EventFile.open(paths.folder, {
        wallTime: () => Date.now() / 1000,
        resumedAtStep: step,
      })
      return new EpochLog(metrics, events)
    } catch (error) {
      await metrics.close()
      throw error
    }
  }

  /** Writes one epoch through to both files. @throws DctpsError `file` */
  async append(record: EpochRecord): Promise<void> {
    await this.#metrics.append(record)
    this.#events.scalars(
      Object.entries(curves(record)).flatMap(([tag, value]) => (value === null ? [] : [{ tag, value }])),
      record.step,
    )
    await this.#events.flush()
  }

  async close(): Promise<void> {
    await Promise.all([this.#metrics.close(), this.#events.close()])
  }
}

/** TensorBoard puts tags with the same first part side by side. */
function curves(record: EpochRecord): Record<string, number | null> {
  return {
    'loss/train': record.trainLoss,
    'loss/validation': record.validationLoss,
    'accuracy/train': record.trainAccuracy,
    'accuracy/validation': record.validationAccuracy,
    'learning rate': record.learningRate,
    'images per second': record.imagesPerSecond,
  }
}
