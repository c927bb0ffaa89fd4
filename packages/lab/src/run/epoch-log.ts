// What a run writes down while it trains: after each epoch a line of metrics and the points of its TensorBoard curves, after
// each update of dynamic supports what moved; cut back or marked where a run was resumed.

import type { EpochRecord } from 'dctps'
import { MetricsLog } from '../log/metrics.js'
import { SupportLog, type SupportUpdate } from '../log/support-log.js'
import { EventFile } from '../log/tensorboard.js'
import type { RunPaths } from './folder.js'

export class EpochLog {
  readonly #metrics: MetricsLog
  readonly #events: EventFile
  readonly #support: SupportLog | null

  private constructor(metrics: MetricsLog, events: EventFile, support: SupportLog | null) {
    this.#metrics = metrics
    this.#events = events
    this.#support = support
  }

  /**
   * Opens the files of a run that has `epoch` epochs and `step` steps behind it; what they say of later work goes.
   * @param dynamic whether supports move
   * @throws DctpsError `file`
   */
  static async open(
    paths: RunPaths,
    { epoch, step }: { epoch: number; step: number },
    dynamic: boolean,
  ): Promise<EpochLog> {
    const metrics = await MetricsLog.open(paths.metrics, { keepThroughEpoch: epoch })
    let support: SupportLog | null = null
    try {
      if (dynamic) support = await SupportLog.open(paths.support, { keepBeforeStep: step })
      const events = await EventFile.open(paths.folder, {
        wallTime: () => Date.now() / 1000,
        resumedAtStep: step,
      })
      return new EpochLog(metrics, events, support)
    } catch (error) {
      await metrics.close()
      await support?.close()
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

  /** Writes down an update of the supports. @throws DctpsError `file` */
  async moved({ step, moved, layers }: SupportUpdate): Promise<void> {
    await this.#support?.append({ step, moved, layers })
    this.#events.scalar('support/moved', moved, step)
  }

  async close(): Promise<void> {
    await Promise.all([this.#metrics.close(), this.#events.close(), this.#support?.close()])
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
