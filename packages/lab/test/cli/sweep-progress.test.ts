// What a sweep shows on a terminal and in a log.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { LiveLine } from '#lab/cli/live-line'
import { SweepProgress } from '#lab/cli/sweep-progress'
import { expandExperiment, parseExperiment, type RunOutcome } from '#lab/sweep/index'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const { runs } = expandExperiment(
  parseExperiment({
    title: 'Seeds',
    shows: 'Nothing.',
    settings: { epochs: 10 },
    grid: { seed: [0, 1, 2, 3] },
    methods: [{ label: 'DCTpS' }],
  }),
)

const evaluation = { images: 100, loss: 1, accuracy: 0.7 }
const finished: RunOutcome = {
  type: 'finished',
  summary: {
    network: 'lenet5',
    kind: 'dctps',
    density: 0.01,
    rule: 'epl',
    dynamic: null,
    seed: 0,
    data: 'tiny',
    ended: 'finished',
    epochs: 10,
    steps: 100,
    best: { epoch: 9, validationAccuracy: 0.75 },
    test: { final: { ...evaluation, accuracy: 0.6 }, best: evaluation },
    kernelWeights: 1000,
    nonZeros: 10,
    storedNumbers: 15,
    modelBytes: 500,
    imagesPerSecond: 1000,
    seconds: 20,
  },
}

function play(terminal: { write(text: string): void; isTTY: boolean; columns: number }): void {
  const progress = new SweepProgress(new LiveLine(terminal))
  const report = (epoch: number, share: number) =>
    progress.show({
      type: 'progress',
      run: runs[1]!,
      progress: { epoch, epochs: 10, share, accuracy: 0.5, imagesPerSecond: 1234 },
    })
  progress.show({
    type: 'begin',
    runs,
    before: [{ run: runs[0]!, outcome: finished }],
    parallelism: { jobs: 1, threads: 2 },
  })
  progress.show({ type: 'start', run: runs[1]! })
  vi.advanceTimersByTime(5000)
  report(1, 0.1)
  vi.advanceTimersByTime(4000)
  // Two epochs in four seconds, as fast as the run that was there: eight epochs and two runs of ten are left.
  report(3, 0.3)
  vi.advanceTimersByTime(1000)
  progress.show({ type: 'end', run: runs[1]!, outcome: finished })
  progress.show({ type: 'end', run: runs[2]!, outcome: { type: 'busy', message: 'locked' } })
  progress.clear()
}

test('in a log: what there is to do, now and then what is under way, the end of each run', () => {
  const lines: string[] = []
  play({ write: (text) => lines.push(text.trimEnd()), isTTY: false, columns: 80 })
  expect(lines).toEqual([
    '4 runs, 1 of them done before; 1 at once, 2 threads each',
    '1/4 done  58.0 s left  1,234 images/s  DCTpS seed 1: epoch 1/10 50.0%',
    '1/4 done  54.0 s left  1,234 images/s  DCTpS seed 1: epoch 3/10 50.0%',
    '2/4  DCTpS seed 1  validation 75.0%  test 70.0%  10.0 s',
    '3/4  DCTpS seed 2  another process trains it  0.00 s',
  ])
})

test('on a terminal: one line that is drawn over, never wider than the terminal', () => {
  const writes: string[] = []
  play({ write: (text) => writes.push(text), isTTY: true, columns: 60 })
  const live = writes.filter((text) => text.startsWith('\r\u001b[2K') && text.includes('left'))
  expect(live.length).toBeGreaterThan(0)
  for (const text of live) {
    expect(text).not.toContain('\n')
    expect(text.length - '\r\u001b[2K'.length).toBeLessThanOrEqual(59)
  }
})
