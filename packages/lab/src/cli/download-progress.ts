// How a download looks while it goes on: bytes, rate and time left on a live line, and what goes wrong as lines that stay.

import type { DownloadEvent } from '../data/index.js'
import { formatBytes, formatDuration } from '../report/format.js'
import { LiveLine, type Terminal } from './live-line.js'

/** The rate is that of the last seconds, so that it follows the network. */
const rateMilliseconds = 5000

interface Sample {
  readonly at: number
  readonly received: number
}

export class DownloadProgress {
  readonly #line: LiveLine
  #file = ''
  /** Oldest first, not many older than the time that the rate is taken over. */
  #samples: Sample[] = []

  constructor(terminal: Terminal) {
    this.#line = new LiveLine(terminal)
  }

  show(event: DownloadEvent): void {
    if (event.type === 'notice') {
      this.#line.keep(event.message)
      // what comes after a pause is another speed, and may begin at another byte
      this.#samples = []
      return
    }
    const { file, received, total } = event
    if (file !== this.#file) this.#samples = []
    this.#file = file
    const rate = this.#rateAt(performance.now(), received)
    if (!this.#line.due) return
    const speed =
      rate > 0 ? [`${formatBytes(rate)}/s`, `${formatDuration((total - received) / rate)} left`] : []
    this.#line.pass([`${file}: ${formatBytes(received)} of ${formatBytes(total)}`, ...speed].join('  '))
  }

  /** Takes the live line away. */
  clear(): void {
    this.#line.clear()
  }

  /** Bytes a second; 0 before there is anything to compare with. */
  #rateAt(at: number, received: number): number {
    const newest = this.#samples.at(-1)
    // one sample in a tenth of a second is enough
    if (newest === undefined || at - newest.at >= rateMilliseconds / 50) this.#samples.push({ at, received })
    while (this.#samples.length > 2 && at - (this.#samples[1]?.at ?? at) > rateMilliseconds)
      this.#samples.shift()
    const [oldest] = this.#samples
    if (oldest === undefined || at === oldest.at) return 0
    return (1000 * (received - oldest.received)) / (at - oldest.at)
  }
}
