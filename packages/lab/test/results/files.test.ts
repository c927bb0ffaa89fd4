// The files of a report as a whole: the same runs give the same bytes, timings stand where they can be left out, and the page
// holds all it shows.

import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type EpochRecord, TransformCache } from 'dctps'
import { parseHTML } from 'linkedom'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatTable } from '#lab/report/table'
import { meanCurve } from '#lab/results/curves-section'
import { type Results, readResults } from '#lab/results/record'
import { summaryTable } from '#lab/results/tables'
import { resultsFiles, writeResults } from '#lab/results/write'
import { temporaryFolder } from '../data/sources.js'
import { epochRecord } from '../report/synthetic-runs.js'
import { type RunContent, writeRun } from './run-folders.js'

let root: string

beforeAll(async () => {
  root = await temporaryFolder()
})
afterAll(() => rm(root, { recursive: true, force: true }))

const evil = `evil</style><script>alert("1")</script>|&<img src=x onerror=alert(1)>`

/** Two methods at two densities with two seeds, one of them at two learning rates, a dense network, and what is wrong. */
async function writeRuns(
  folder: string,
  timings: Pick<RunContent, 'imagesPerSecond' | 'startedAt'>,
): Promise<void> {
  for (const seed of [0, 1]) {
    for (const density of [0.1, 0.01]) {
      const test = 0.6 + density + 0.01 * seed
      const shared = { density, seed, epochs: 2, lr: 0.01 }
      await writeRun(folder, `d-${density}-${seed}`, { settings: shared, test, ...timings })
      const slow = { settings: { ...shared, lr: 0.001 }, test: 0.99, validation: 0.3, ...timings }
      await writeRun(folder, `d-slow-${density}-${seed}`, slow)
      const sparse = { settings: { ...shared, kind: 'sparse' as const }, test: test - 0.2, ...timings }
      await writeRun(folder, `s-${density}-${seed}`, sparse)
    }
    await writeRun(folder, `w-${seed}`, {
      settings: { kind: 'dense', seed, epochs: 2, lr: 0.01 },
      ...timings,
    })
  }
  await writeRun(folder, 'x-broken', { settings: {}, files: { 'config.json': '?' } })
  const stopped = {
    settings: { density: 0.1, seed: 2, epochs: 2, lr: 0.01 },
    files: { 'summary.json': null },
  }
  await writeRun(folder, 'x-stopped', { ...stopped, ...timings })
}

async function read(name: string, timings = true): Promise<Results> {
  return readResults(join(root, name), { timings, transforms: new TransformCache() })
}

async function filesOf(results: Results): Promise<ReadonlyMap<string, string>> {
  return new Map(await resultsFiles(results))
}

/** Rows of a CSV file without quotes. */
function rows(csv: string): Record<string, string>[] {
  const [header = [], ...lines] = csv
    .trimEnd()
    .split('\r\n')
    .map((line) => line.split(','))
  return lines.map((cells) => Object.fromEntries(header.map((field, index) => [field, cells[index] ?? ''])))
}

let files: ReadonlyMap<string, string>
let results: Results

beforeAll(async () => {
  await writeRuns(join(root, 'first'), { imagesPerSecond: 1000, startedAt: '2026-01-02T03:04:05.000Z' })
  await writeRuns(join(root, 'second'), { imagesPerSecond: 777, startedAt: '2027-06-05T04:03:02.000Z' })
  results = await read('first')
  files = await filesOf(results)
})

const fileOf = (name: string) => files.get(name)!

describe('the same runs', () => {
  test('give the same bytes', async () => {
    expect(await filesOf(await read('first'))).toEqual(files)
  })

  test('made again give the same bytes without timings, and other bytes with them', async () => {
    const bare = await filesOf(await read('first', false))
    const again = await filesOf(await read('second', false))
    expect([...again.keys()]).toEqual([...files.keys()])
    for (const [name, text] of again) expect(text, name).toBe(bare.get(name))
    const timed = await filesOf(await read('second'))
    for (const name of [
      'report.html',
      'results.csv',
      'summary.csv',
      'curves.csv',
      'results.json',
      'results.md',
    ])
      expect(timed.get(name), name).not.toBe(fileOf(name))
  })
})

describe('CSV', () => {
  test('results.csv has a row a run', () => {
    const table = rows(fileOf('results.csv'))
    expect(table).toHaveLength(14)
    expect(table.find(({ run }) => run === 'd-0.1-1')).toMatchObject({
      network: 'lenet5',
      method: 'DCTpS EPL',
      density: '0.1',
      setting: 'lr 0.01',
      chosen: 'true',
      seed: '1',
      testAccuracyBest: String(0.6 + 0.1 + 0.01),
      nonZeros: '6121',
      imagesPerSecond: '1000',
      seconds: '10',
    })
    expect(table.filter(({ chosen }) => chosen === 'true')).toHaveLength(10)
  })

  test('summary.csv has a row a method and density', () => {
    const table = rows(fileOf('summary.csv'))
    expect(table.map(({ method, density }) => `${method} ${density}`)).toEqual([
      'DCTpS EPL 0.1',
      'DCTpS EPL 0.01',
      'sparse EPL 0.1',
      'sparse EPL 0.01',
      'dense ',
    ])
    expect(table[0]).toMatchObject({
      setting: 'lr 0.01',
      settingsTried: '2',
      seeds: '0 1',
      runsWithoutResult: '1',
    })
    expect(Number(table[0]!.testAccuracyBestMean)).toBeCloseTo(0.705, 12)
    expect(Number(table[0]!.testAccuracyBestDeviation)).toBeCloseTo(Math.sqrt(5e-5), 12)
  })

  test('curves.csv has a row an epoch, layers.csv a row a layer of one model', () => {
    expect(rows(fileOf('curves.csv'))).toHaveLength(28)
    const layers = rows(fileOf('layers.csv'))
    expect(layers).toHaveLength(5 * 5)
    const sum = (method: string, density: string) =>
      layers
        .filter((row) => row.method === method && row.density === density)
        .reduce((total, { stored }) => total + Number(stored), 0)
    expect([sum('DCTpS EPL', '0.01'), sum('dense', '')]).toEqual([612, 61_210])
  })
})

test('results.json holds runs, comparison, findings and problems', () => {
  const document = JSON.parse(fileOf('results.json'))
  expect(document.runs).toHaveLength(14)
  expect(document.panels[0].cells.map(({ method }: { method: string }) => method)).toHaveLength(5)
  expect(document.panels[0].cells[0].chosen.seeds).toEqual([0, 1])
  expect(document.findings).toEqual(results.findings)
  expect(document.problems.map(({ name }: { name: string }) => name)).toEqual(['x-broken', 'x-stopped'])
})

test('results.md and the terminal show the same table', () => {
  const { columns, rows: cells } = summaryTable(results.panels[0]!, results)
  const terminal = formatTable(columns, cells).split('\n')
  expect(terminal).toHaveLength(2 + 5)
  expect(terminal[2]).toMatch(
    /^DCTpS EPL +10% +70\.5 ± 0\.7% +69\.5 ± 0\.7% +50\.0 ± 0\.0% +2 of 3 +6,121 .* lr 0\.01, best of 2 +1,000$/,
  )
  const lines = fileOf('results.md')
    .split('\n')
    .filter((line) => line.startsWith('| DCTpS EPL | 10% | 70.5'))
  expect(lines).toEqual([`| ${cells[0]!.join(' | ')} |`])
})

describe('the page', () => {
  const page = () => parseHTML(fileOf('report.html')).document

  test('asks nothing of any server and runs no script', () => {
    const document = page()
    expect(document.querySelectorAll('script, link, iframe, object, embed, base, form')).toHaveLength(0)
    for (const element of document.querySelectorAll('*')) {
      for (const { name, value } of element.attributes) {
        if (['src', 'href', 'xlink:href', 'srcset', 'data'].includes(name)) expect(value).toMatch(/^data:/)
        expect(name).not.toMatch(/^on/)
      }
    }
  })

  test('states seeds and configurations below every figure', () => {
    const figures = [...page().querySelectorAll('figure')]
    // Accuracy, two densities of curves, two of layers, maps of two methods.
    expect(figures).toHaveLength(1 + 2 + 2 + 2)
    for (const figure of figures)
      expect(figure.querySelector('figcaption')!.textContent).toMatch(
        /seeds? [\d, ]+, configuration hash [0-9a-f]{6}/,
      )
  })

  test('holds the numbers of every plot, as the files have them', () => {
    const document = page()
    for (const name of ['results.csv', 'summary.csv', 'curves.csv', 'layers.csv']) {
      const href = document.querySelector(`a[download="${name}"]`)!.getAttribute('href')!
      expect(Buffer.from(href.split(',')[1]!, 'base64').toString()).toBe(fileOf(name))
    }
  })

  test('tells methods apart by dash and marker, not by colour alone', () => {
    const plot = page().querySelector('#accuracy figure svg')!
    const lines = [...plot.querySelectorAll('g[aria-label="line"]')]
    expect(new Set(lines.map((line) => line.getAttribute('stroke-dasharray'))).size).toBe(2)
    const means = [...plot.querySelectorAll('g[aria-label="dot"] > *:has(title)')]
    expect(new Set(means.map((dot) => dot.getAttribute('d') ?? 'circle')).size).toBe(2)
  })

  test('has no coordinate that was computed from nothing', () => {
    const markup = fileOf('report.html').replace(/data:[^"]*/g, '')
    expect(markup).not.toMatch(/="[^"]*(NaN|Infinity)[^"]*"/)
    expect(markup).not.toMatch(/undefined|\[object/)
  })

  test('names what is not counted, and says so where nothing is missing', async () => {
    const text = page().querySelector('#missing')!.textContent!
    expect(text).toContain('x-broken')
    expect(text).toContain('stopped after 2 of 2 epochs')
    await writeRun(join(root, 'whole'), 'a', { settings: {} })
    const whole = (await filesOf(await read('whole'))).get('report.html')!
    expect(parseHTML(whole).document.querySelector('#missing')!.textContent).toContain('Nothing')
  })

  test('escapes every text of its folders', async () => {
    const name = 'a run & <more>'
    const settings = { settings: { data: `./${evil}` } }
    await writeRun(join(root, 'evil'), name, settings)
    const evilFiles = await filesOf(await read('evil'))
    const { document } = parseHTML(evilFiles.get('report.html')!)
    expect(document.querySelectorAll('script, img[onerror], img[src="x"]')).toHaveLength(0)
    expect(document.querySelector('#runs tbody th')!.textContent).toContain(name)
  })
})

describe('odd runs', () => {
  const page = async (folder: string) => (await filesOf(await read(folder))).get('report.html')!

  test.each<[string, Partial<RunContent>]>([
    ['without test and validation', { test: null, validation: null }],
    ['without metrics', { epochs: [], files: { 'metrics.jsonl': null } }],
    ['dense alone', { settings: { kind: 'dense' } }],
    ['with a loss that explodes', { epochs: [epochRecord(1), epochRecord(2, { validationLoss: 1e30 })] }],
    ['without a model', { files: { 'model.dctps': null } }],
    ['with a damaged model', { files: { 'model.dctps': 'DCTP' } }],
  ])('%s still give a page', async (name, content) => {
    await writeRun(join(root, name), 'a', { settings: {}, ...content })
    const text = await page(name)
    expect(text.replace(/data:[^"]*/g, '')).not.toMatch(/="[^"]*(NaN|Infinity)[^"]*"|undefined/)
    expect(parseHTML(text).document.querySelectorAll('#results tbody tr')).toHaveLength(1)
  })

  test('whose first model is damaged are described by the next seed', async () => {
    const folder = join(root, 'models')
    await writeRun(folder, 'a', { settings: { seed: 0 }, files: { 'model.dctps': 'DCTP' } })
    await writeRun(folder, 'b', { settings: { seed: 1 } })
    const { facts, problems } = await read('models')
    expect([...facts.values()].map(({ run }) => run.name)).toEqual(['b'])
    expect(problems).toMatchObject([{ name: 'a', kind: 'damaged' }])
    expect(problems[0]!.reason).toMatch(/^its accuracy counts, its model cannot be read: model\.dctps/)
  })
})

test('a mean curve ends where the first of its runs does', () => {
  const losses = (...values: number[]): EpochRecord[] =>
    values.map((trainLoss, index) => epochRecord(index + 1, { trainLoss }))
  const mean = meanCurve([losses(1, 2, 3), losses(3, 4)], { read: ({ trainLoss }) => trainLoss })
  expect(mean).toEqual([
    { epoch: 1, value: 2 },
    { epoch: 2, value: 3 },
  ])
})

test('files are written as they are made, into a folder that need not be there', async () => {
  const folder = join(root, 'out/report')
  const paths = await writeResults(folder, results)
  expect((await readdir(folder)).sort()).toEqual([...files.keys()].sort())
  expect(paths[0]).toBe(join(folder, 'report.html'))
  for (const [name, text] of files) expect(await readFile(join(folder, name), 'utf8')).toBe(text)
})
