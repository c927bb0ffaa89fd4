// What a run shows on a terminal and in a log file.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Progress } from '#lab/cli/progress'
import type { RunEvent } from '#lab/run/index'

const epoch = (number: number, best = false): RunEvent => ({
  type: 'epoch',
  best,
  record: {
    epoch: number,
    step: 100 * number,
    learningRate: 0.01,
    trainLoss: 1.2345,
    trainAccuracy: 0.5,
    validationLoss: 1.5,
    validationAccuracy: 0.25,
    seconds: 10,
    imagesPerSecond: 1280,
  },
})

const step = (number: number, step: number): RunEvent => ({
  type: 'step',
  epoch: number,
  epochs: 4,
  step,
  steps: 100,
  loss: 2.3456,
  accuracy: 0.125,
  imagesPerSecond: 1280.4,
})

class Screen {
  text = ''
  constructor(
    readonly isTTY: boolean,
    readonly columns = 80,
  ) {}
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

describe('on a terminal', () => {
  test('one line is drawn over and over, at most ten times a second', () => {
    const screen = new Screen(true)
    const progress = new Progress(screen)
    for (let i = 1; i <= 100; i++) {
      vi.advanceTimersByTime(10)
      progress.show(step(1, i))
    }
    expect(screen.text.match(/epoch/g)).toHaveLength(10)
    expect(screen.text).not.toContain('\n')
    const last = screen.text.split('\r\u001b[2K').at(-1)
    expect(last).toMatch(
      /^epoch 1\/4 {2}loss 2\.346 {2}accuracy 12\.5% {2}.* left {2}1,280 images\/s {2}step \d+\/10/,
    )
  })

  test('time left follows from the steps done so far', () => {
    const screen = new Screen(true)
    const progress = new Progress(screen)
    vi.advanceTimersByTime(30_000)
    // Half of the first of four epochs took 30 s: seven more halves are left.
    progress.show(step(1, 50))
    expect(screen.text).toMatch(/ 3 min 30 s left /)
  })

  test('a line for each epoch stays, and the live line goes', () => {
    const screen = new Screen(true)
    const progress = new Progress(screen)
    vi.advanceTimersByTime(200)
    progress.show(step(1, 100))
    progress.show(epoch(1, true))
    progress.show(epoch(2))
    const line = 'loss 1.234, accuracy 50.0%; validation loss 1.500, accuracy 25.0%'
    expect(screen.text.endsWith(`\r\u001b[2Kepoch 1: ${line} best\nepoch 2: ${line}\n`)).toBe(true)
  })

  test('is never wider than the terminal', () => {
    const screen = new Screen(true, 40)
    const progress = new Progress(screen)
    vi.advanceTimersByTime(200)
    progress.show(step(1, 50))
    expect(screen.text.replace('\r\u001b[2K', '')).toHaveLength(39)
  })
})

test('elsewhere there are whole lines, at most one in three seconds', () => {
  const screen = new Screen(false)
  const progress = new Progress(screen)
  for (let i = 1; i <= 100; i++) {
    vi.advanceTimersByTime(100)
    progress.show(step(1, i))
    if (i % 10 === 0) progress.show(epoch(i / 10))
  }
  const lines = screen.text.split('\n')
  expect(lines.pop()).toBe('')
  expect(lines).toHaveLength(3)
  expect(screen.text).not.toContain('\r')
  expect(screen.text).not.toContain('\u001b')
})
