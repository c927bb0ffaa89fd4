import { expect, test } from 'vitest'
import { kindLooks } from '#lab/report/kind-look'
import { methodLooks } from '#lab/results/looks'
import type { Cell, Panel } from '#lab/results/panels'

const nothing = { label: '', runs: [], without: [], validation: null, testBest: null, testFinal: null }

function panel(cells: readonly Pick<Cell, 'method' | 'kind'>[]): Panel {
  const whole = cells.map((cell) => ({ ...cell, density: 0.1, chosen: nothing, candidates: [nothing] }))
  return { title: 'a on b', network: 'a', data: 'b', measure: 'testBest', cells: whole }
}

test('the first method of a kind looks as the kind does, and no two of many look alike', () => {
  const many = Array.from({ length: 24 }, (_, index) => ({ method: `m${index}`, kind: 'sparse' as const }))
  const looks = methodLooks([
    panel([{ method: 'ours', kind: 'dctps' }, ...many]),
    panel([
      { method: 'ours', kind: 'dctps' },
      { method: 'dense', kind: 'dense' },
    ]),
  ])
  expect(looks.get('ours')).toBe(kindLooks.dctps)
  expect(looks.get('m0')).toBe(kindLooks.sparse)
  expect(looks.get('dense')).toBe(kindLooks.dense)
  expect(looks.size).toBe(26)
  expect(new Set([...looks.values()].map(({ colour, symbol }) => colour + symbol)).size).toBe(26)
})
