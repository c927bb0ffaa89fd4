// A line of progress: on a terminal it is drawn over and over, elsewhere it appears now and then. Other lines stay.

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

export class LiveLine {
  readonly #terminal: Terminal
  /** Whether lines can be drawn over. */
  readonly live: boolean
  // Work that is done in a moment needs no progress.
  #shownAt = performance.now()
  #drawn = false

  constructor(terminal: Terminal) {
    this.#terminal = terminal
    this.live = terminal.isTTY === true
  }

  /** Whether enough time has gone by since the last line to show another. */
  get due(): boolean {
    return performance.now() - this.#shownAt >= (this.live ? drawMilliseconds : lineMilliseconds)
  }

  /** A line that gives way to the next one on a terminal, and is mostly left out elsewhere. */
  pass(text: string): void {
    if (!this.due) return
    if (!this.live) {
      this.keep(text)
      return
    }
    const width = (this.#terminal.columns ?? 80) - 1
    this.#terminal.write(`${eraseLine}${text.slice(0, width)}`)
    this.#drawn = true
    this.#shownAt = performance.now()
  }

  /** A line that stays. */
  keep(text: string): void {
    this.clear()
    this.#terminal.write(`${text}\n`)
    this.#shownAt = performance.now()
  }

  /** Takes the live line away. */
  clear(): void {
    if (this.#drawn) this.#terminal.write(eraseLine)
    this.#drawn = false
  }
}
