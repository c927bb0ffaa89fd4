// How a run looks while it goes on: one live line on a terminal, a line now and then elsewhere.

import type { EpochRecord, TrainEvent } from 'dctps'
import { formatCount, formatDensity, formatDuration, formatPercent } from '../report/format.js'
import { networkSizes, type RunEvent } from '../run/index.js'

type StepEvent = Extract<TrainEvent, { type: 'step' }>
type ReadyEvent = Extract<RunEvent, { type: 'ready' }>

/** What is drawn on; a process' stdout or stderr. */
export interface Terminal {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** Between two drawings of the live line. */
const drawMilliseconds = 100
/** Between two lines where lines stay. */
const lineMilliseconds = 3000

const eraseLine = '\r\u001b[2K'

/** Shows a run's events as they come. */
export class Progress {
  readonly #terminal: Terminal
  readonly #live: boolean
  #shownAt = performance.now()
  #drawn = false
  #startedAt = 0
  #epochs = 0
  /** Epochs, with fractions, done before this session. */
  #begin = 0

  constructor(terminal: Terminal) {
    this.#terminal = terminal
    this.#live = terminal.isTTY === true
  }

  show(event: RunEvent): void {
    switch (event.type) {
      case 'data':
        this.#passing(
          `reading images: ${formatCount(event.done)} of ${formatCount(event.total)}`,
          event.done === event.total,
        )
        break
      case 'warning':
        this.#line(`warning: ${event.message}`)
        break
      case 'ready':
        this.#startedAt = performance.now()
        this.#epochs = event.prepared.config.epochs
        this.#begin = event.from.epoch + event.from.stepInEpoch / event.trainer.stepsPerEpoch
        for (const line of describeStart(event)) this.#line(line)
        break
      case 'step':
        this.#passing(this.#describeStep(event), false)
        break
      case 'epoch':
        if (this.#live || this.#isDue(lineMilliseconds) || event.record.epoch === this.#epochs)
          this.#line(describeEpoch(event.record, event.best))
        break
      case 'testing':
        this.#passing('testing', false)
        break
      case 'end':
        break
    }
  }

  /** Takes the live line away. */
  clear(): void {
    if (this.#drawn) this.#terminal.write(eraseLine)
    this.#drawn = false
  }

  /** A line that gives way to the next one on a terminal, and is mostly left out elsewhere. */
  #passing(text: string, last: boolean): void {
    if (!this.#isDue(this.#live ? drawMilliseconds : lineMilliseconds) && !last) return
    if (!this.#live) {
      if (!last) this.#line(text)
      return
    }
    const width = (this.#terminal.columns ?? 80) - 1
    this.#terminal.write(`${eraseLine}${text.slice(0, width)}`)
    this.#drawn = true
    this.#shownAt = performance.now()
  }

  #line(text: string): void {
    this.clear()
    this.#terminal.write(`${text}\n`)
    this.#shownAt = performance.now()
  }

  #isDue(milliseconds: number): boolean {
    return performance.now() - this.#shownAt >= milliseconds
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
      : `${config.kind === 'dctps' ? 'DCTpS' : 'sparse'} kernels, ${formatCount(nonZeros)} of ${formatCount(kernelWeights)} weights (${formatDensity(config.density)}, ${config.rule})`
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
    `${data.train.name}: ${split.join(', ')}, ${channels} x ${height} x ${width}, ${data.train.classes.length} classes`,
    `${paths.folder}: ${trainer.runner.threads === 1 ? '1 thread' : `${trainer.runner.threads} threads`}`,
    ...resumed,
  ]
}

function describeEpoch(record: EpochRecord, best: boolean): string {
  const { epoch, trainLoss, trainAccuracy, validationLoss, validationAccuracy } = record
  const training = `epoch ${epoch}: loss ${trainLoss.toFixed(3)}, accuracy ${formatPercent(trainAccuracy)}`
  if (validationLoss === null || validationAccuracy === null) return training
  const validation = `validation loss ${validationLoss.toFixed(3)}, accuracy ${formatPercent(validationAccuracy)}`
  return `${training}; ${validation}${best ? ' best' : ''}`
}
