import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { displayWidth, formatTable, type TableColumn } from '#lab/report/table'

const columns: TableColumn[] = [
  { header: 'name', align: 'left' },
  { header: 'count', align: 'right' },
]

describe('a terminal table', () => {
  test('aligns text left and numbers right, without trailing space', () => {
    expect(formatTable(columns, [['a', '1'], ['longer', '12,345'], ['b']])).toBe(
      ['name     count', '──────  ──────', 'a            1', 'longer  12,345', 'b'].join('\n'),
    )
  })

  test('counts terminal cells, not code units', () => {
    expect(displayWidth('naïve')).toBe(5)
    expect(displayWidth('nai\u0308ve')).toBe(5)
    expect(displayWidth('日本')).toBe(4)
    expect(displayWidth('한국어')).toBe(6)
    expect(displayWidth('👩‍🚀')).toBe(2)
    expect(
      formatTable(columns, [
        ['日本', '1'],
        ['abcd', '2'],
      ])
        .split('\n')
        .slice(2),
    ).toEqual(['日本      1', 'abcd      2'])
  })

  test('lets no cell break its line or colour the terminal', () => {
    expect(formatTable(columns, [['a\nb\u001b[31m', '1']])).toContain('a b [31m      1')
  })

  test('has rows of equal width when the last column is aligned right', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[0-9]{1,9}$/))),
        (rows) => {
          const widths = formatTable(columns, rows).split('\n').map(displayWidth)
          expect(new Set(widths).size).toBe(1)
        },
      ),
    )
  })
})
