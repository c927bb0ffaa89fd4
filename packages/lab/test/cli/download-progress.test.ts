import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { DownloadProgress } from '#lab/cli/download-progress'

class Screen {
  text = ''
  readonly isTTY = true
  write(text: string): void {
    this.text += text
  }
  /** The line as it is now. */
  get line(): string {
    return this.text.split('\r\u001b[2K').at(-1) ?? ''
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const total = 100_000_000

test('shows bytes, the rate of the last seconds, and the time left at that rate', () => {
  const screen = new Screen()
  const progress = new DownloadProgress(screen)
  let received = 0
  const run = (seconds: number, bytesPerSecond: number) => {
    for (let i = 0; i < 10 * seconds; i++) {
      vi.advanceTimersByTime(100)
      received += bytesPerSecond / 10
      progress.show({ type: 'bytes', file: 'a.zip', received, total })
    }
  }
  run(10, 2_000_000)
  expect(screen.line).toBe('a.zip: 20.0 MB of 100 MB  2.00 MB/s  40.0 s left')
  run(10, 500_000)
  expect(screen.line).toBe('a.zip: 25.0 MB of 100 MB  500 kB/s  2 min 30 s left')
})

test('a notice stays, and the rate after it is a new one', () => {
  const screen = new Screen()
  const progress = new DownloadProgress(screen)
  for (let i = 1; i <= 20; i++) {
    vi.advanceTimersByTime(100)
    progress.show({ type: 'bytes', file: 'a.zip', received: 1_000_000 * i, total })
  }
  progress.show({ type: 'notice', message: 'a.zip: the connection was cut' })
  expect(screen.text.endsWith('\r\u001b[2Ka.zip: the connection was cut\n')).toBe(true)
  vi.advanceTimersByTime(60_000)
  progress.show({ type: 'bytes', file: 'a.zip', received: 20_000_000, total })
  vi.advanceTimersByTime(1000)
  progress.show({ type: 'bytes', file: 'a.zip', received: 21_000_000, total })
  expect(screen.line).toBe('a.zip: 21.0 MB of 100 MB  1.00 MB/s  1 min 19 s left')
})
