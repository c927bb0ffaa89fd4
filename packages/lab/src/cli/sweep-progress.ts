// How a sweep looks while it goes on: a line for the end of each run, and a live one with what is done, what runs now,
// and how long all of it will take.

import { formatCount, formatDuration, formatPercent } from '../report/format.js'
import { describeRun, type RunProgress, SpeedBook, type SweepEvent, type SweepRun } from '../sweep/index.js'
import type { LiveLine } from './live-line.js'

/** A run under way. */
interface Active {
  readonly startedAt: number
  /** Where this session found it, to measure its speed from. */
  first: { readonly share: number; readonly at: number } | null
  last: RunProgress | null
}

export class SweepProgress {
  readonly #line: LiveLine
  readonly #speeds = new SpeedBook()
  readonly #active = new Map<SweepRun, Active>()
  readonly #waiting = new Set<SweepRun>()
  #runs = 0
  #done = 0
  #jobs = 1

  constructor(line: LiveLine) {
    this.#line = line
  }

  show(event: SweepEvent): void {
    switch (event.type) {
      case 'data':
        this.#line.pass(`reading images: ${formatCount(event.done)} of ${formatCount(event.total)}`)
        break
      case 'warning':
        this.#line.keep(`warning: ${event.message}`)
        break
      case 'begin':
        this.#begin(event)
        break
      case 'start':
        this.#waiting.delete(event.run)
        this.#active.set(event.run, { startedAt: performance.now(), first: null, last: null })
        this.#line.pass(this.#describe())
        break
      case 'progress':
        this.#progress(event.run, event.progress)
        this.#line.pass(this.#describe())
        break
      case 'end':
        this.#end(event)
        break
    }
  }

  /** Takes the live line away. */
  clear(): void {
    this.#line.clear()
  }

  #begin({ runs, before, parallelism }: Extract<SweepEvent, { type: 'begin' }>): void {
    this.#runs = runs.length
    this.#done = before.length
    this.#jobs = parallelism.jobs
    for (const run of runs) this.#waiting.add(run)
    for (const { run, outcome } of before) {
      this.#waiting.delete(run)
      if (outcome.type === 'finished') {
        this.#speeds.learn(run.config, outcome.summary.seconds / outcome.summary.epochs)
      }
    }
    const { jobs, threads } = parallelism
    const there = before.length === 0 ? '' : `, ${before.length} of them done before`
    const how =
      this.#waiting.size === 0
        ? ''
        : `; ${jobs} at once, ${threads === 1 ? '1 thread' : `${threads} threads`} each`
    this.#line.keep(`${runs.length} runs${there}${how}`)
  }

  #progress(run: SweepRun, progress: RunProgress): void {
    const active = this.#active.get(run)
    if (active === undefined) return
    active.last = progress
    const now = performance.now()
    if (active.first === null) {
      active.first = { share: progress.share, at: now }
      return
    }
    const { share, at } = active.first
    const epochs = (progress.share - share) * progress.epochs
    if (epochs > 0) this.#speeds.learn(run.config, (now - at) / 1000 / epochs)
  }

  #end({ run, outcome }: Extract<SweepEvent, { type: 'end' }>): void {
    const startedAt = this.#active.get(run)?.startedAt ?? performance.now()
    this.#active.delete(run)
    this.#done++
    const took = formatDuration((performance.now() - startedAt) / 1000)
    this.#line.keep(`${this.#done}/${this.#runs}  ${describeRun(run)}  ${describeEnd(outcome)}  ${took}`)
    if (outcome.type === 'finished') {
      this.#speeds.learn(run.config, outcome.summary.seconds / outcome.summary.epochs)
    }
  }

  #describe(): string {
    const under = [...this.#active].flatMap(([run, { last }]) => {
      if (last === null) return [`${describeRun(run)}: starting`]
      const { epoch, epochs, accuracy } = last
      return [`${describeRun(run)}: epoch ${epoch}/${epochs} ${formatPercent(accuracy)}`]
    })
    const speed = [...this.#active.values()].reduce((sum, { last }) => sum + (last?.imagesPerSecond ?? 0), 0)
    return [
      `${this.#done}/${this.#runs} done`,
      `${formatDuration(this.#secondsLeft())} left`,
      `${formatCount(speed)} images/s`,
      ...under,
    ].join('  ')
  }

  #secondsLeft(): number {
    let seconds = 0
    for (const run of this.#waiting) seconds += this.#speeds.guess(run.config)
    for (const [run, { last }] of this.#active) {
      seconds += (1 - (last?.share ?? 0)) * this.#speeds.guess(run.config)
    }
    return seconds / this.#jobs
  }
}

function describeEnd(outcome: Extract<SweepEvent, { type: 'end' }>['outcome']): string {
  switch (outcome.type) {
    case 'finished': {
      const { test, best } = outcome.summary
      const validation = best === null ? '' : `validation ${formatPercent(best.validationAccuracy)}  `
      const tested = test?.best ?? test?.final
      return `${validation}${tested === undefined ? '' : `test ${formatPercent(tested.accuracy)}`}`.trim()
    }
    case 'busy':
      return 'another process trains it'
    case 'diverged':
    case 'failed':
      return `${outcome.type}: ${outcome.failure.message.replaceAll('\n', ' ')}`
  }
}
