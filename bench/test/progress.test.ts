// The line that a person sees who waits for the bench.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Progress } from '#bench/progress'

class Screen {
  text = ''
  readonly columns = 80
  constructor(readonly isTTY: boolean) {}
  write(text: string): void {
    this.text += text
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test('it tells how long the run still takes, from what is done', () => {
  const screen = new Screen(true)
  const progress = new Progress(screen, 4)
  vi.advanceTimersByTime(1000)
  progress.show('lenet5')
  expect(screen.text).toContain('0%  lenet5')
  progress.next()
  vi.advanceTimersByTime(59_000)
  progress.show('resnet50', 0.5)
  // 1.5 of 4 parts in 60 s.
  expect(screen.text).toContain('37%, about 1 min 40 s left  resnet50')
})

test('nothing is drawn where no person waits', () => {
  const screen = new Screen(false)
  const progress = new Progress(screen, 4)
  vi.advanceTimersByTime(10_000)
  progress.show('lenet5')
  progress.clear()
  expect(screen.text).toBe('')
})
