import { expect, test } from 'vitest'
import { formatBytes, formatCount, formatDensity, formatDuration, formatPercent } from '#lab/report/format'

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.00 kB'],
  [9994, '9.99 kB'],
  [9996, '10.0 kB'],
  [99_960, '100 kB'],
  [999_499, '999 kB'],
  [999_500, '1.00 MB'],
  [4_294_967_296, '4.29 GB'],
  [5e15, '5000 TB'],
])('%d bytes read %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

test.each([
  [0, '0'],
  [61470, '61,470'],
  [1234567.6, '1,234,568'],
  [Number.NaN, 'n/a'],
])('%d counts as %s', (count, text) => {
  expect(formatCount(count)).toBe(text)
})

test('percentages keep their decimals, densities three digits', () => {
  expect([0.7648, 1, 0, Number.NaN].map((fraction) => formatPercent(fraction))).toEqual([
    '76.5%',
    '100.0%',
    '0.0%',
    'n/a',
  ])
  expect(formatPercent(0.7648, 0)).toBe('76%')
  expect([1, 0.01, 0.005, 0.0001, 0.000098, 0.81333, Number.NaN].map(formatDensity)).toEqual([
    '100%',
    '1%',
    '0.5%',
    '0.01%',
    '0.0098%',
    '81.3%',
    'n/a',
  ])
})

test.each([
  [0.4, '0.40 s'],
  [9.999, '10.0 s'],
  [59.94, '59.9 s'],
  [59.96, '1 min 00 s'],
  [185.4, '3 min 05 s'],
  [3599.6, '1 h 00 min'],
  [7799, '2 h 10 min'],
  [Number.POSITIVE_INFINITY, 'n/a'],
])('%d seconds read %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text)
})
