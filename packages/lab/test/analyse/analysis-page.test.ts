import { parseHTML } from 'linkedom'
import { describe, expect, test } from 'vitest'
import { renderAnalysis } from '#lab/analyse/analysis-page'
import { axisFor, tickText } from '#lab/analyse/axis'
import { findingsOf, leadOf } from '#lab/analyse/findings'
import { formatSize, formatSpread } from '#lab/analyse/labels'
import { analysisCsv } from '#lab/analyse/numbers'
import { defaultAnalysisFolder, planHash } from '#lab/analyse/plan'
import type { Analysis } from '#lab/analyse/run-analysis'
import { medianOf, spreadOf } from '#lab/analyse/spread'
import { summarise } from '#lab/analyse/summary'
import { summaryRows } from '#lab/analyse/summary-table'
import { analysis, plan, signals } from './synthetic-analysis.js'

const [dctps, faint, silent, dense] = analysis.series

describe('the summary', () => {
  test('compares the last hidden layer with the first, and counts singular values', () => {
    const summary = summarise(analysis, dctps!)
    expect(summary.signal).toMatchObject({ mean: 0.75, least: 0.7, most: 0.8, count: 2 })
    expect(summary.signal.deviation).toBeCloseTo(0.1 / Math.SQRT2, 14)
    expect(summary.largest.mean).toBe(3)
    expect(summary.median.mean).toBe(1.5)
    expect(summary.condition).toBe(4)
    expect(summary.rank).toBe(3)
    expect(summary.silentFrom).toEqual([null, null])
  })

  test('of a silent network has zeros and nulls, no NaN', () => {
    const summary = summarise(analysis, silent!)
    expect(summary).toMatchObject({
      signal: { mean: 0, deviation: 0 },
      correlation: null,
      condition: null,
      rank: 0,
    })
    expect(summary.silentFrom).toEqual([1, 1])
    expect(JSON.stringify(summary)).not.toContain('NaN')
  })

  test('a first layer without a signal makes the share 0', () => {
    const blank = { ...silent!, seeds: [signals([0, 0, 0])] }
    expect(summarise(analysis, blank).signal.mean).toBe(0)
  })

  test('has the cells of the table, in words', () => {
    expect(summaryRows(analysis).map(({ cells }) => cells)).toEqual([
      ['0.750 ± 0.071', '0.250 ± 0.000', '0.500 ± 0.000', '20 ± 0%', '3.00 ± 1.15', '1.50 ± 0.58', '4.0'],
      ['(2.00 ± 1.41)e-5', '0.250 ± 0.000', '0.500 ± 0.000', '20 ± 0%', '3.00 ± 1.15', '1.50 ± 0.58', '4.0'],
      ['0', '0.250 ± 0.000', '–', '60 ± 0%', '0', '0', '∞'],
      ['1.00 ± 0.00', '0.250 ± 0.000', '0.500 ± 0.000', '20 ± 0%', '3.00 ± 1.15', '1.50 ± 0.58', '4.0'],
    ])
  })
})

describe('findings', () => {
  const findings = findingsOf(analysis)

  test('say where a sparse network falls silent, beside what the DCTpS one keeps', () => {
    expect(findings).toHaveLength(4)
    expect(findings[2]).toBe(
      "At 0.1%, the sparse testnet has no signal left from block<1> (2 of 3) on: it is exactly zero for every image; the DCTpS one has 0.75 times its first layer's.",
    )
    expect(leadOf(analysis)).toBe(findings[2])
  })

  test('say that DCTpS networks of all densities start as one', () => {
    expect(findings[0]).toMatch(
      /^The DCTpS testnet has 0\.75 times .* at 1%, 0\.1% it is the same network\.$/,
    )
  })

  test('say where gradients of the DCTpS network are of another size than those of the dense one', () => {
    const large = signals([1, 1, 1])
    const points = large.points.map((point) => ({ ...point, gradient: 5 }))
    const [first] = findingsOf({
      ...analysis,
      series: [{ ...dctps!, seeds: [{ ...large, points }] }, dense!],
    })
    expect(first).toContain(" That gradient is 20 times as large as the dense network's.")
    expect(findings[0]).not.toContain('as large as')
  })

  test('tell a last layer that starts at zero from a network that is silent', () => {
    const fixup = { ...dense!, seeds: [signals([1, 0.5, 0])] }
    expect(findingsOf({ ...analysis, series: [fixup] }).at(-1)).toMatch(
      /^The last layer of testnet starts at zero/,
    )
    expect(findings.join()).not.toContain('starts at zero:')
  })

  test('give the size of a signal that fades, and that of the dense one', () => {
    expect(findings[1]).toMatch(
      /^At 1%, the sparse testnet has 2\.0e-5 times .*; for the DCTpS one these are 0\.75 times and 0\.25\.$/,
    )
    expect(findings[3]).toMatch(/^The dense testnet has 1\.0 times /)
  })

  test('admit that a size that is kept can be worth nothing', () => {
    const alike = signals([1, 1, 1])
    const points = alike.points.map((point) => ({ ...point, correlation: 0.99, gradient: 1e-6 }))
    const kept = { ...faint!, seeds: [{ ...alike, points }] }
    const [, finding] = findingsOf({ ...analysis, series: [dctps!, kept] })
    expect(finding).toMatch(/Its signal has a size, but .*same for every image, and hardly any gradient/)
  })

  test('tell a branch that is silent from a network that is', () => {
    const bypassed = { ...faint!, seeds: [signals([1, 0, 0.5])] }
    expect(summarise(analysis, bypassed).silentFrom).toEqual([null])
    const logitsOnly = { ...faint!, seeds: [signals([1, 1, 0])] }
    const [finding] = findingsOf({ ...analysis, series: [logitsOnly] })
    expect(finding).toMatch(/has 1\.0 times .*With 1 of 1 seeds its logits are exactly zero/)
  })

  test('name the seeds whose signal dies where others keep theirs', () => {
    const mixed = { ...faint!, seeds: [signals([1, 1, 1]), signals([1, 0, 0])] }
    expect(findingsOf({ ...analysis, series: [mixed] })[0]).toMatch(
      /With 1 of 2 seeds its logits are exactly zero for every image\.$/,
    )
  })
})

describe('the page', () => {
  const page = renderAnalysis(analysis, [{ label: 'seeds', value: '0 to 1' }])
  const { document } = parseHTML(page)
  const texts = (selector: string) =>
    [...document.querySelectorAll(selector)].map((element) => element.textContent!.trim())

  test('has a row of small multiples a measure, a column a kind', () => {
    const rows = [...document.querySelectorAll('.multiples')]
    expect(rows).toHaveLength(5)
    for (const row of rows) {
      const names = [...row.querySelectorAll('svg')].map((plot) => plot.getAttribute('aria-label')!)
      expect(names.map((name) => name.match(/, (DCTpS|sparse|dense)\./)?.[1])).toEqual([
        'DCTpS',
        'sparse',
        'dense',
      ])
    }
  })

  test('shows zeros on a marked floor, and never a number that is none', () => {
    expect(page).not.toMatch(/NaN|Infinity|undefined|\[object/)
    const [signalRow] = document.querySelectorAll('.multiples')
    const [, sparse] = signalRow!.querySelectorAll('svg')
    const hollow = [...sparse!.querySelectorAll('[aria-label="dot"] [fill="white"]')]
    expect(hollow).toHaveLength(2)
    const ticks = [...sparse!.querySelectorAll('[aria-label*="y-axis tick label"] text')].map(
      (text) => text.textContent,
    )
    expect(ticks).toContain('0')
    expect(texts('figcaption')[0]).toContain('Hollow markers on the dotted floor are exactly zero.')
  })

  test('draws densities with different dashes and markers, not only shades', () => {
    const [, sparse] = document.querySelector('.multiples')!.querySelectorAll('svg')
    const lines = [...sparse!.querySelectorAll('g[aria-label="line"]')]
    expect(lines).toHaveLength(2)
    expect(new Set(lines.map((line) => line.getAttribute('stroke-dasharray'))).size).toBe(2)
  })

  test('gives the numbers of every plot for download', () => {
    const names = [...document.querySelectorAll('a[download]')].map((link) => link.getAttribute('download'))
    expect(names).toEqual([
      'signal.csv',
      'gradient.csv',
      'likeness.csv',
      'dead-units.csv',
      'singular-values.csv',
    ])
    const href = document.querySelector('a[download="signal.csv"]')!.getAttribute('href')!
    const csv = Buffer.from(href.split(',')[1]!, 'base64').toString()
    expect(csv.split('\r\n').slice(0, 3)).toEqual([
      'kind,density,seed,measure,place,layer,image,value',
      'dctps,any density,0,signal,1,conv1,,1',
      'dctps,any density,0,signal,2,block<1>,,0.8',
    ])
  })

  test('asks nothing of any server, runs no script, and escapes names', () => {
    expect(document.querySelectorAll('script, link, iframe')).toHaveLength(0)
    expect(document.querySelectorAll('block')).toHaveLength(0)
    expect(texts('.layers td:nth-of-type(2)')).toEqual(['conv1', 'block<1>', 'fc'])
    expect(texts('dt, dd')).toEqual(['seeds', '0 to 1'])
  })

  test('stands without sparse or DCTpS networks, and where nothing arrives anywhere', () => {
    const cases: readonly Analysis[] = [
      { ...analysis, plan: { ...plan, kinds: ['dense'], densities: [], rule: null }, series: [dense!] },
      { ...analysis, plan: { ...plan, kinds: ['sparse'], densities: [0.001] }, series: [silent!] },
      {
        ...analysis,
        plan: { ...plan, kinds: ['dctps'] },
        series: [{ ...dctps!, seeds: [signals([1, 0.5, 0.5])] }],
      },
    ]
    for (const each of cases) expect(renderAnalysis(each, [])).not.toMatch(/NaN|Infinity|undefined/)
  })
})

describe('axes', () => {
  test('a logarithmic one holds all values, and zeros on a floor below them', () => {
    const axis = axisFor('signal', 'log', [0, 2e-5, 0.3, 40])
    expect(axis.hasZeros).toBe(true)
    const [low, high] = axis.domain
    expect(low).toBeLessThan(1e-5)
    expect(high).toBe(100)
    expect(axis.ticks[0]).toBe(low)
    expect(axisFor('signal', 'log', [2e-5, 0.3]).domain).toEqual([1e-5, 1])
    expect(axisFor('signal', 'log', [2e-5, 0.3]).hasZeros).toBe(false)
  })

  test('one of zeros alone, and one down to the smallest numbers, are finite', () => {
    for (const values of [
      [0, 0],
      [1e-300, 1],
      [0, 1e-320, 1],
    ]) {
      const { domain, ticks } = axisFor('signal', 'log', values)
      expect([...domain, ...ticks].every((value) => value > 0 && Number.isFinite(value))).toBe(true)
      expect(domain[0]).toBeLessThan(domain[1])
    }
  })

  test('ticks are powers of ten, and the floor is 0', () => {
    const axis = axisFor('signal', 'log', [0, 1e-12, 20])
    const texts = axis.ticks.map((tick) => tickText(tick, axis))
    expect(texts).toEqual(['0', '10⁻¹²', '10⁻⁹', '10⁻⁶', '10⁻³', '1'])
  })

  test('a linear one reaches below zero only where values do', () => {
    expect(axisFor('likeness', 'linear', [0.2, 1]).domain).toEqual([0, 1])
    expect(axisFor('likeness', 'linear', [-0.33, 1])).toMatchObject({ domain: [-0.4, 1], ticks: [0, 0.5, 1] })
  })
})

describe('numbers', () => {
  test('every value stands in the file once, empty where there is nothing to measure', () => {
    const rows = analysisCsv(analysis).trimEnd().split('\r\n')
    // Five measures at three places and three singular values of two images, for two seeds of four series.
    expect(rows).toHaveLength(1 + 4 * 2 * (5 * 3 + 2 * 3))
    expect(rows).toContain('sparse,0.001,1,correlation,2,block<1>,,')
    expect(rows).toContain('sparse,0.001,0,signal,2,block<1>,,0')
    expect(rows).toContain('dense,,0,singular value,3,,1,0.5')
  })

  test('are written with two digits, and exactly zero only where they are', () => {
    expect([0, 0.8, 14.2, 149, 2.13e-7, 0.0101, 1e5, Infinity].map((value) => formatSize(value))).toEqual([
      '0',
      '0.80',
      '14',
      '150',
      '2.1e-7',
      '0.010',
      '1.0e+5',
      '∞',
    ])
    expect(formatSpread(null)).toBe('–')
    expect(formatSpread(spreadOf([2]))).toBe('2.00')
  })

  test('means, deviations and medians', () => {
    expect(spreadOf([1, null, 3])).toEqual({ mean: 2, deviation: Math.SQRT2, least: 1, most: 3, count: 2 })
    expect(spreadOf([null])).toBeNull()
    expect(medianOf([3, 1, 2])).toBe(2)
    expect(medianOf([4, 1, 2, 3])).toBe(2.5)
    expect(medianOf([1, Infinity, Infinity])).toBe(Infinity)
    expect(medianOf([Infinity, Infinity])).toBe(Infinity)
  })

  test('a folder is named by everything that can change the result', () => {
    expect(defaultAnalysisFolder(plan)).toMatch(/^runs\/analysis-testnet-[0-9a-f]{6}$/)
    const hashes = [
      plan,
      { ...plan, seeds: 3 },
      { ...plan, rule: 'erk' },
      { ...plan, densities: [0.01] },
    ].map(planHash)
    expect(new Set(hashes).size).toBe(4)
  })
})
