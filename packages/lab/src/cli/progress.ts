// How a run looks while it goes on: a live line for what passes, lines that stay for start, epochs and warnings.

import type { EpochRecord, TrainEvent } from 'dctps'
import { type RunConfig, supportChoice } from '../config/index.js'
import { describePruning } from '../prune/index.js'
import { formatCount, formatDensity, formatDuration, formatPercent } from '../report/format.js'
import { networkSizes, type RunEvent } from '../run/index.js'
import { LiveLine, type Terminal } from './live-line.js'

type StepEvent = Extract<TrainEvent, { type: 'step' }>
type ReadyEvent = Extract<RunEvent, { type: 'ready' }>

/** Shows a run's events as they come. */
export class Progress {
  readonly #line: LiveLine
  #startedAt = performance.now()
  #epochs = 0
  /** Epochs, with fractions, done before this session. */
  #begin = 0

  constructor(terminal: Terminal) {
    this.#line = new LiveLine(terminal)
  }

  show(event: RunEvent): void {
    switch (event.type) {
      case 'data':
        this.#line.pass(`reading images: ${formatCount(event.done)} of ${formatCount(event.total)}`)
        break
      case 'warning':
        this.#line.keep(`warning: ${event.message}`)
        break
      case 'prune':
        this.#line.pass(`pruning by ${event.method}: step ${event.done} of ${event.steps}`)
        break
      case 'ready':
        this.#startedAt = performance.now()
        this.#epochs = event.prepared.config.epochs
        this.#begin = event.from.epoch + event.from.stepInEpoch / event.trainer.stepsPerEpoch
        for (const line of describeStart(event)) this.#line.keep(line)
        break
      case 'step':
        this.#line.pass(this.#describeStep(event))
        break
      case 'epoch':
        // Short epochs would fill a log file; the last one is always there.
        if (this.#line.live || this.#line.due || event.record.epoch === this.#epochs) {
          this.#line.keep(describeEpoch(event.record, event.best))
        }
        break
      case 'support':
        this.#line.pass(`step ${event.step}: ${formatCount(event.moved)} weights moved`)
        break
      case 'testing':
        this.#line.pass('testing')
        break
      case 'end':
        break
    }
  }

  /** Takes the live line away. */
  clear(): void {
    this.#line.clear()
  }

  #describeStep(event: StepEvent): string {
    const { epoch, epochs, step, steps, loss, accuracy, imagesPerSecond } = event
    const done = epoch - 1 + step / steps
    const seconds = (performance.now() - this.#startedAt) / 1000
    const left = ((epochs - done) * seconds) / (done - this.#begin)
    // A narrow terminal cuts off the end, so what matters least comes last.
    return [
      `epoch ${epoch}/${epochs}`,
      `loss ${loss.toFixed(3)}`,
      `accuracy ${formatPercent(accuracy)}`,
      `${formatDuration(left)} left`,
      `${formatCount(imagesPerSecond)} images/s`,
      `step ${step}/${steps}`,
    ].join('  ')
  }
}

function describeStart({ prepared, paths, trainer, from }: ReadyEvent): string[] {
  const { config, data, task } = prepared
  const { nonZeros, kernelWeights } = networkSizes(task.network, task.supports)
  const kernels =
    config.kind === 'dense'
      ? `dense kernels, ${formatCount(kernelWeights)} weights`
      : `${config.kind === 'dctps' ? 'DCTpS' : 'sparse'} kernels, ${formatCount(nonZeros)} of ${formatCount(kernelWeights)} weights (${formatDensity(config.density)}, ${supportChoice(config)})`
  const { channels, height, width } = data.train.shape
  const split = [
    `${formatCount(trainer.split.training.length)} training`,
    `${formatCount(trainer.split.validation.length)} validation`,
    `${formatCount(data.test?.labels.length ?? 0)} test images`,
  ]
  const resumed =
    from.epoch + from.stepInEpoch === 0
      ? []
      : [`resumed in epoch ${from.epoch + 1} after ${from.stepInEpoch} steps`]
  return [
    `${config.network}: ${kernels}`,
    ...describeDynamic(config),
    `${data.train.name}: ${split.join(', ')}, ${channels} x ${height} x ${width}, ${data.train.classes.length} classes`,
    `${paths.folder}: ${trainer.runner.threads === 1 ? '1 thread' : `${trainer.runner.threads} threads`}`,
    ...resumed,
    ...(prepared.pruning === null ? [] : describePruning(prepared.pruning)),
  ]
}

function describeDynamic(config: RunConfig): string[] {
  if (config.dynamic === undefined) return []
  const { dynamic, updateEvery, dropFraction, updateUntil } = config
  const name = dynamic === 'rigl' ? 'RigL' : 'SET'
  return [
    `${name}: ${formatPercent(dropFraction)} of the weights move every ${updateEvery} steps, ever fewer until ${formatPercent(updateUntil)} of the run`,
  ]
}

function describeEpoch(record: EpochRecord, best: boolean): string {
  const { epoch, trainLoss, trainAccuracy, validationLoss, validationAccuracy } = record
  const training = `epoch ${epoch}: loss ${trainLoss.toFixed(3)}, accuracy ${formatPercent(trainAccuracy)}`
  if (validationLoss === null || validationAccuracy === null) return training
  const validation = `validation loss ${validationLoss.toFixed(3)}, accuracy ${formatPercent(validationAccuracy)}`
  return `${training}; ${validation}${best ? ' best' : ''}`
}
