import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { AnalysisLine } from '#lab/cli/analysis-line'
import { plan } from '../analyse/synthetic-analysis.js'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test('an analysis shows which network is under way, the time left and the rate', () => {
  let text = ''
  const line = new AnalysisLine(plan, {
    isTTY: false,
    write: (added: string) => {
      text += added
    },
  })
  line.start()
  vi.advanceTimersByTime(20_000)
  const series = { kind: 'sparse', densities: [0.001] } as const
  line.show({ series, seed: 1, pass: 3, passes: 4, allPasses: 15, share: 0.25 })
  line.clear()
  // A quarter took 20 s; 15 passes of two images took as long.
  expect(text).toBe('sparse 0.1%, seed 2 of 2  pass 3 of 4  1 min 00 s left  1.50 images/s\n')
})

test('reading images is shown before, and warnings stay', () => {
  let text = ''
  const line = new AnalysisLine(plan, {
    isTTY: false,
    write: (added: string) => {
      text += added
    },
  })
  vi.advanceTimersByTime(4_000)
  line.showData(1200, 50_000)
  line.warn('an image is odd')
  expect(text).toBe('reading images: 1,200 of 50,000\nwarning: an image is odd\n')
})
