// The density table: figures by hand, and the text a reader sees.

import { expect, test } from 'vitest'
import { formatDensity, formatSupportReport, supportReport } from '#core/support/report'

const kernels = [
  { name: 'conv1', shape: [4, 3, 5, 5] },
  { name: 'linear', shape: [10, 20] },
]

test('the report counts layers, the total and the empty layers', () => {
  expect(supportReport(kernels, [3, 0])).toEqual({
    layers: [
      { name: 'conv1', shape: [4, 3, 5, 5], entries: 300, nnz: 3, density: 0.01 },
      { name: 'linear', shape: [10, 20], entries: 200, nnz: 0, density: 0 },
    ],
    total: { entries: 500, nnz: 3, density: 0.006 },
    empty: ['linear'],
  })
})

test('the table aligns its columns and names the empty layers', () => {
  expect(formatSupportReport(supportReport(kernels, [3, 0]))).toBe(
    [
      'layer   shape    weights  non-zeros  density',
      'conv1   4x3x5x5      300          3       1%',
      'linear  10x20        200          0       0%',
      'total                500          3     0.6%',
      '1 of 2 layers are empty: linear',
    ].join('\n'),
  )
})

test('a table without empty layers has no such line', () => {
  expect(formatSupportReport(supportReport(kernels, [3, 1])).split('\n')).toHaveLength(4)
})

test('counts that do not match the kernels are refused', () => {
  expect(() => supportReport(kernels, [1])).toThrow('2 kernels need as many counts, received 1')
})

test('densities are written with three significant digits', () => {
  expect([1, 0.5, 0.001234, 1e-6, 0].map(formatDensity)).toEqual(['100%', '50%', '0.123%', '0.0001%', '0%'])
})
