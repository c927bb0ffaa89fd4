// The training loop: order of images, steps, validation, best weights, early stopping. It hands batches to a runner a few
// steps ahead and reports as an async iterator; files, plots and terminals are its caller's business.

import { DctpsError } from '../errors.js'
import { parameters, type Supports } from '../network/parameters.js'
import { Key } from '../random/key.js'
import type { BatchResult, BatchSlot, StepHyperparameters } from '../runtime/batch.js'
import type { Mode } from '../runtime/executor.js'
import type { Runner } from '../runtime/runner.js'
import { BatchLoader, epochOrder, type Split } from './batches.js'
import type { Normalisation } from './dataset.js'
import { DynamicSupports } from './dynamic/dynamic-supports.js'
import { evaluate } from './evaluate.js'
import type { EpochRecord, TrainEvent } from './events.js'
import type { OptimizerOptions } from './options.js'
import { learningRateAt } from './schedule.js'
import { setUpTraining, type TrainPlatform, type TrainSetup, type TrainTask } from './setup.js'
import type { BestEpoch, TrainState } from './state.js'

/** Counters of the run; `epoch` counts completed epochs. */
interface Progress {
  epoch: number
  stepInEpoch: number
  step: number
  lossSum: number
  correct: number
  images: number
  /** Seconds of the running epoch that lie before {@link Trainer}'s clock started. */
  seconds: number
}

export class Trainer {
  readonly task: TrainTask
  readonly runner: Runner
  readonly normalisation: Normalisation
  readonly split: Split
  readonly stepsPerEpoch: number
  readonly #key: Key
  readonly #loader: BatchLoader
  readonly #dynamic: DynamicSupports | null
  readonly #progress: Progress
  #history: EpochRecord[]
  #best: BestEpoch | null
  /** Results of submitted steps that have not been counted yet, in order. */
  readonly #underWay: Promise<BatchResult>[] = []
  #clock = performance.now()

  private constructor(
    task: TrainTask,
    { runner, split, normalisation }: TrainSetup,
    state: TrainState | null,
  ) {
    this.task = task
    this.runner = runner
    this.split = split
    this.normalisation = normalisation
    this.stepsPerEpoch = Math.ceil(split.training.length / task.options.batch)
    this.#key = Key.fromSeed(task.options.seed)
    this.#loader = new BatchLoader(task.dataset, task.network.input)
    const { dynamic, epochs } = task.options
    const steps = epochs * this.stepsPerEpoch
    this.#dynamic = dynamic && new DynamicSupports(dynamic, runner, this.#key, steps)
    this.#history = [...(state?.history ?? [])]
    this.#best = state?.best ?? null
    this.#progress = {
      epoch: state?.epoch ?? 0,
      stepInEpoch: state?.stepInEpoch ?? 0,
      step: state?.step ?? 0,
      lossSum: state?.lossSum ?? 0,
      correct: state?.correct ?? 0,
      images: state?.images ?? 0,
      seconds: state?.seconds ?? 0,
    }
  }

  /**
   * Compiles the network and prepares the run, from initial values or from a state.
   * @throws DctpsError `usage` or `data` where options, data and network do not fit together
   */
  static async create(
    task: TrainTask,
    platform: TrainPlatform,
    state: TrainState | null = null,
  ): Promise<Trainer> {
    return new Trainer(task, await setUpTraining(task, platform, state), state)
  }

  get history(): readonly EpochRecord[] {
    return this.#history
  }

  /** The epoch with the highest validation accuracy so far; null without validation. */
  get best(): BestEpoch | null {
    return this.#best
  }

  /** The supports at this moment. */
  get supports(): Supports {
    return this.runner.supports.current
  }

  /** Optimiser steps taken so far, updates of supports that took the place of one among them. */
  get step(): number {
    return this.#progress.step
  }

  /**
   * Trains to the end, event by event. Leaving the loop (or an aborted signal) stops after the current step; `state()`
   * then still gives a state to resume from.
   * @throws DctpsError `numeric` when the loss is not finite, `cancelled` when the signal aborts
   */
  async *run(signal?: AbortSignal): AsyncGenerator<TrainEvent, void, undefined> {
    const { epochs, patience } = this.task.options
    const progress = this.#progress
    while (progress.epoch < epochs && !this.#outOfPatience()) {
      this.#clock = performance.now()
      yield* this.#epoch(signal)
      const best = await this.#finishEpoch()
      yield { type: 'epoch', record: this.#history.at(-1)!, best }
    }
    yield { type: 'end', reason: progress.epoch < epochs && patience !== null ? 'earlyStopping' : 'finished' }
  }

  /**
   * The state after all steps submitted so far.
   * @throws DctpsError `numeric` when a parameter is no longer finite: such a state must not replace a good one
   */
  async state(): Promise<TrainState> {
    await this.#countAll()
    const { parameters: store } = this.runner
    const all = parameters(this.task.network, this.supports)
    const values = new Map(all.map(({ name }) => [name, store.read(name)]))
    for (const [name, array] of values) {
      if (!array.every(Number.isFinite)) {
        throw new DctpsError(
          'numeric',
          `parameter ${name} is no longer finite at epoch ${this.#progress.epoch + 1}, step ${this.#progress.stepInEpoch}; lower the learning rate`,
        )
      }
    }
    const trained = all.filter((parameter) => parameter.trainable)
    const vectors = store.stateNames.map((_, index) => index)
    return {
      ...this.#progress,
      seconds: this.#progress.seconds + this.#elapsed(),
      history: [...this.#history],
      best: this.#best,
      supports: this.supports,
      parameters: values,
      optimizer: new Map(
        trained.map(({ name }) => [name, vectors.map((index) => store.readState(name, index))]),
      ),
    }
  }

  close(): void {
    this.runner.close()
  }

  async *#epoch(signal?: AbortSignal): AsyncGenerator<TrainEvent, void, undefined> {
    const { options } = this.task
    const progress = this.#progress
    const { training } = this.split
    const order = epochOrder(training, this.#key, progress.epoch)
    const augments = options.augmentation.cropPadding > 0 || options.augmentation.flip
    const augmentation = augments
      ? { options: options.augmentation, key: this.#key.fold('augment', progress.epoch) }
      : null
    while (progress.stepInEpoch < this.stepsPerEpoch) {
      if (signal?.aborted) {
        throw new DctpsError(
          'cancelled',
          `stopped at epoch ${progress.epoch + 1}, step ${progress.stepInEpoch}`,
        )
      }
      const moving = this.#dynamic?.isDue(progress.step) ? this.#dynamic : null
      // Whoever sees an event may take the state of that moment, so nothing is told between an update and its step.
      while (moving !== null && this.#underWay.length > 0) {
        await this.#countOne()
        yield this.#stepEvent()
      }
      const start = progress.stepInEpoch * options.batch
      const count = Math.min(options.batch, training.length - start)
      const slot = await this.runner.nextSlot()
      this.#loader.load(slot, order, start, count, augmentation)
      const moved = await moving?.update(progress.step, () => this.#submit(slot, count, 'growth'))
      if (!moving?.replacesStep) this.#submit(slot, count, 'train')
      progress.stepInEpoch++
      progress.step++
      if (moved !== undefined) yield moved
      // Counting lags behind by the slots that the workers may have under way.
      if (this.#underWay.length < this.runner.program.memory.slots) continue
      await this.#countOne()
      yield this.#stepEvent()
    }
    while (this.#underWay.length > 0) {
      await this.#countOne()
      yield this.#stepEvent()
    }
  }

  #submit(slot: BatchSlot, images: number, mode: Mode): Promise<BatchResult> {
    const { options } = this.task
    const { step } = this.#progress
    const rate = learningRateAt(options, step, this.stepsPerEpoch)
    const replaced = this.#dynamic?.replacedBefore(step) ?? 0
    const hyper = stepHyperparameters(options.optimizer, rate, step + 1 - replaced)
    const result = this.runner.submit(slot, images, mode, hyper)
    // A failure is thrown where the result is counted.
    result.catch(() => {})
    this.#underWay.push(result)
    return result
  }

  async #finishEpoch(): Promise<boolean> {
    const { dataset, options } = this.task
    const progress = this.#progress
    const trainSeconds = progress.seconds + this.#elapsed()
    const validation =
      this.split.validation.length > 0 ? await evaluate(this.runner, dataset, this.split.validation) : null
    progress.epoch++
    this.#history.push({
      epoch: progress.epoch,
      step: progress.step,
      learningRate: learningRateAt(options, progress.step - 1, this.stepsPerEpoch),
      trainLoss: progress.lossSum / progress.images,
      trainAccuracy: progress.correct / progress.images,
      validationLoss: validation?.loss ?? null,
      validationAccuracy: validation?.accuracy ?? null,
      seconds: progress.seconds + this.#elapsed(),
      imagesPerSecond: progress.images / trainSeconds,
    })
    Object.assign(progress, { stepInEpoch: 0, lossSum: 0, correct: 0, images: 0, seconds: 0 })
    this.#clock = performance.now()
    if (validation === null || (this.#best !== null && validation.accuracy <= this.#best.validationAccuracy))
      return false
    const { parameters: store } = this.runner
    this.#best = {
      epoch: progress.epoch,
      validationAccuracy: validation.accuracy,
      supports: this.supports,
      parameters: new Map(store.parameters.map(({ name }) => [name, store.read(name)])),
    }
    return true
  }

  #outOfPatience(): boolean {
    const { patience } = this.task.options
    return patience !== null && this.#best !== null && this.#progress.epoch - this.#best.epoch >= patience
  }

  /** Waits for the oldest step under way and adds it to the epoch's sums. */
  async #countOne(): Promise<void> {
    const progress = this.#progress
    const { images, lossSum, correct } = await this.#underWay.shift()!
    const step = progress.stepInEpoch - this.#underWay.length
    if (!Number.isFinite(lossSum)) {
      throw new DctpsError(
        'numeric',
        `the loss became ${lossSum / images} at epoch ${progress.epoch + 1}, step ${step}; lower the learning rate (now ${this.task.options.learningRate}) or use warm-up`,
      )
    }
    progress.lossSum += lossSum
    progress.correct += correct
    progress.images += images
  }

  async #countAll(): Promise<void> {
    while (this.#underWay.length > 0) await this.#countOne()
  }

  #stepEvent(): TrainEvent {
    const { epoch, stepInEpoch, lossSum, correct, images, seconds } = this.#progress
    return {
      type: 'step',
      epoch: epoch + 1,
      epochs: this.task.options.epochs,
      step: stepInEpoch - this.#underWay.length,
      steps: this.stepsPerEpoch,
      loss: lossSum / images,
      accuracy: correct / images,
      imagesPerSecond: images / (seconds + this.#elapsed()),
    }
  }

  #elapsed(): number {
    return (performance.now() - this.#clock) / 1000
  }
}

/** @param step optimiser steps including this one, from 1 */
export function stepHyperparameters(
  optimizer: OptimizerOptions,
  learningRate: number,
  step: number,
): StepHyperparameters {
  return optimizer.type === 'adam' ? { ...optimizer, learningRate, step } : { ...optimizer, learningRate }
}
