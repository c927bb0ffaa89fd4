// How an analysis looks while it goes on: which network is under way, how fast it goes, how long it will take.

import { seriesLabel } from '../analyse/labels.js'
import type { AnalysisPlan } from '../analyse/plan.js'
import type { AnalysisProgress } from '../analyse/run-analysis.js'
import { formatCount, formatDuration } from '../report/format.js'
import { LiveLine, type Terminal } from './live-line.js'

export class AnalysisLine {
  readonly #plan: AnalysisPlan
  readonly #line: LiveLine
  #startedAt = performance.now()

  constructor(plan: AnalysisPlan, terminal: Terminal) {
    this.#plan = plan
    this.#line = new LiveLine(terminal)
  }

  showData(done: number, total: number): void {
    this.#line.pass(`reading images: ${formatCount(done)} of ${formatCount(total)}`)
  }

  warn(message: string): void {
    this.#line.keep(`warning: ${message}`)
  }

  /** The images are read: time counts from here. */
  start(): void {
    this.#startedAt = performance.now()
  }

  show({ series, seed, pass, passes, allPasses, share }: AnalysisProgress): void {
    const seconds = (performance.now() - this.#startedAt) / 1000
    this.#line.pass(
      [
        `${seriesLabel(series)}, seed ${seed + 1} of ${this.#plan.seeds}`,
        `pass ${pass} of ${passes}`,
        `${formatDuration((seconds * (1 - share)) / share)} left`,
        `${((this.#plan.images * allPasses) / seconds).toPrecision(3)} images/s`,
      ].join('  '),
    )
  }

  /** Takes the live line away. */
  clear(): void {
    this.#line.clear()
  }
}
