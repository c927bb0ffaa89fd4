// One line on the terminal for a person who waits: what is measured, how far the run is, and how long it goes on. It
// supposes that what is left goes as fast as what is done; turns are planned so that no network takes much longer.

import { formatDuration, LiveLine, type Terminal } from '@dctps/lab'

export class Progress {
  readonly #line: LiveLine | null
  readonly #total: number
  readonly #begin = performance.now()
  #done = 0

  /** @param total how many parts there are, each of about the same time */
  constructor(terminal: Terminal, total: number) {
    this.#line = terminal.isTTY ? new LiveLine(terminal) : null
    this.#total = total
  }

  /** @param share of the present part that is done, from 0 to 1 */
  show(what: string, share = 0): void {
    const done = this.#done + share
    const seconds = (performance.now() - this.#begin) / 1000
    const left = done > 0 ? `, about ${formatDuration((seconds * (this.#total - done)) / done)} left` : ''
    this.#line?.pass(`${Math.floor((100 * done) / this.#total)}%${left}  ${what}`)
  }

  /** The present part is done. */
  next(): void {
    this.#done++
  }

  /** Takes the line away, for other output. */
  clear(): void {
    this.#line?.clear()
  }
}
