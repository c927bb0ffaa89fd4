import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseHTML } from 'linkedom'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import type { ReportInput, ReportRun } from '#lab/report/records'
import { renderReport, writeReport } from '#lab/report/report'
import { answer, comparison, epochRecord, input, layer, run } from './synthetic-runs.js'

async function page(content: ReportInput): Promise<Document> {
  return parseHTML(await renderReport(content)).document
}

/** The rows of a CSV file in the page; the cells of these tests hold no commas. */
function csv(document: Document, name: string): Record<string, string>[] {
  const href = document.querySelector(`a[download="${name}"]`)!.getAttribute('href')!
  const text = Buffer.from(href.split(',')[1]!, 'base64').toString()
  const [header, ...rows] = text
    .trimEnd()
    .split('\r\n')
    .map((line) => line.split(','))
  return rows.map((cells) => Object.fromEntries(header!.map((field, index) => [field, cells[index]!])))
}

function texts(document: Document, selector: string): string[] {
  return [...document.querySelectorAll(selector)].map((element) => element.textContent!.trim())
}

describe('the report', () => {
  test('shows the chosen runs at the top, and all runs below', async () => {
    const document = await page(input(comparison))
    expect(document.title).toBe('A title')
    expect(texts(document, '.headline tbody th')).toEqual(['● DCTpS 1%', '▲ sparse 1%', '■ dense'])
    expect(texts(document, '.headline tbody strong')).toEqual(['71.3%', '71.3%', '71.3%'])
    expect(texts(document, '.headline tbody tr:first-child td').slice(1)).toEqual([
      '37.5%',
      '3 of 8',
      '4.32 kB',
      '5,678',
      '0.01 best of 2',
    ])
    expect(document.querySelectorAll('.runs tbody tr')).toHaveLength(4)
    expect(texts(document, '.runs tr.chosen td:nth-of-type(2)')).toEqual(['✓ chosen', '✓ chosen', '✓ chosen'])
    expect(texts(document, '#findings li')).toEqual(['A finding.'])
    expect(texts(document, 'dt, dd')).toEqual(['Seed', '1'])
  })

  test('asks nothing of any server and runs no script', async () => {
    const document = await page(input(comparison))
    expect(document.querySelectorAll('script, link, iframe, object, embed, base, form')).toHaveLength(0)
    for (const element of document.querySelectorAll('*')) {
      for (const { name, value } of element.attributes) {
        if (['src', 'href', 'xlink:href', 'srcset', 'data', 'poster'].includes(name))
          expect(value).toMatch(/^data:/)
        expect(name).not.toMatch(/^on/)
        if (/url\(/.test(value)) expect(value).toMatch(/^url\(#/)
      }
    }
    expect(document.querySelector('style')!.textContent).not.toMatch(/url\(|@import/)
    expect(document.querySelector('meta[http-equiv]')!.getAttribute('content')).toContain(
      "default-src 'none'",
    )
  })

  test('escapes every text it is given', async () => {
    const evil = `</style><script>alert("1")</script>'&<img src=x onerror=alert(1)>`
    const evilRun = run({
      id: evil,
      label: evil,
      network: evil,
      rule: evil,
      failed: evil,
      layers: [{ ...layer, name: evil }],
      answers: [answer({ label: evil, predicted: evil })],
    })
    const text = { title: evil, lead: evil, findings: [evil], facts: [{ label: evil, value: evil }] }
    const document = await page(input([evilRun, run()], text))
    expect(document.querySelectorAll('script, img[onerror], img[src="x"]')).toHaveLength(0)
    for (const selector of [
      'h1',
      '.lead',
      '#findings li',
      'dt',
      'dd',
      '.failure',
      '.map strong',
      '.card strong',
    ]) {
      expect(document.querySelector(selector)!.textContent).toContain(evil)
    }
  })

  test('gives the numbers of every plot exactly as it got them', async () => {
    const document = await page(input(comparison))
    const epochs = csv(document, 'epochs.csv')
    expect(epochs.map((row) => row.run)).toEqual(['d1', 'd1', 'd2', 'd2', 's1', 's1', 'w', 'w'])
    const second = epochRecord(2)
    for (const [field, value] of Object.entries(second)) expect(Number(epochs[1]![field])).toBe(value)
    const runs = csv(document, 'runs.csv')
    expect(runs.map((row) => row.selected)).toEqual(['true', 'false', 'true', 'true'])
    expect(runs[0]).toMatchObject({
      testAccuracyBest: '0.7125',
      testAccuracyFinal: '0.7',
      storedBytes: '4321',
    })
    expect(runs[3]).toMatchObject({ density: '', rule: '' })
    expect(csv(document, 'layers.csv')[0]).toMatchObject({ shape: '2x1x2x2', stored: '3', density: '0.375' })
    expect(csv(document, 'answers.csv').map((row) => row.predicted)).toEqual(['cat', 'dog', 'cat'])
    expect(csv(document, 'weights.csv').slice(0, 3)).toEqual([
      { run: 'd1', layer: 'conv1', row: '0', column: '0', value: '0.5' },
      { run: 'd1', layer: 'conv1', row: '0', column: '3', value: '-1' },
      { run: 'd1', layer: 'conv1', row: '1', column: '2', value: '0.25' },
    ])
  })

  test('names every picture for those who cannot see it', async () => {
    const document = await page(input(comparison))
    const plots = [...document.querySelectorAll('svg')]
    expect(plots).toHaveLength(3)
    expect(plots[0]!.getAttribute('aria-label')).toBe(
      'Validation accuracy of LeNet-5 at 1% density. DCTpS 1%: 65.0% after 2 epochs; sparse 1%: 65.0% after 2 epochs; dense: 65.0% after 2 epochs',
    )
    for (const plot of plots) expect(plot.getAttribute('role')).toBe('img')
    const alts = [...document.querySelectorAll('img')].map((image) => image.getAttribute('alt'))
    expect(alts).toEqual([
      'Test image, true class cat',
      'Support of conv1: 3 of 8 weights stored',
      'Support of conv1: 3 of 8 weights stored',
      'Support of conv1: 8 of 8 weights stored',
    ])
  })

  test('draws kinds with different dashes and markers, not only colours', async () => {
    const plot = (await page(input(comparison))).querySelector('svg')!
    const bold = [...plot.querySelectorAll('g[stroke-width="2.2"]')]
    expect(bold).toHaveLength(3)
    expect(new Set(bold.map((line) => line.getAttribute('stroke-dasharray'))).size).toBe(3)
    const markers = [...plot.querySelectorAll('g[aria-label="dot"] path, g[aria-label="dot"] circle')]
    expect(new Set(markers.map((marker) => marker.getAttribute('d'))).size).toBe(3)
  })

  test('shows an image once with the answer of each chosen run, right or wrong by symbol', async () => {
    const colour = answer({
      pixels: Uint8Array.of(255, 0, 0, 255, 0, 0),
      shape: { channels: 3, height: 1, width: 2 },
      label: 'dog',
      predicted: 'dog',
    })
    const first = comparison.map((each) => ({ ...each, answers: [...each.answers, colour] }))
    const document = await page(input(first))
    const cards = [...document.querySelectorAll('.card')]
    expect(cards).toHaveLength(2)
    expect([...cards[0]!.querySelectorAll('.said')].map((said) => said.textContent)).toEqual([
      '✓ cat',
      '✗ dog',
      '✓ cat',
    ])
    expect(
      [...cards[0]!.querySelectorAll('.verdict')].map((mark) => mark.getAttribute('aria-label')),
    ).toEqual(['right', 'wrong', 'right'])
    const decoded = await Promise.all(
      cards.map((card) =>
        sharp(Buffer.from(card.querySelector('img')!.getAttribute('src')!.split(',')[1]!, 'base64'))
          .raw()
          .toBuffer(),
      ),
    )
    // sharp gives grey back as three equal channels.
    expect(decoded.map((pixels) => [...pixels])).toEqual([
      [0, 255, 128, 7].flatMap((grey) => [grey, grey, grey]),
      [255, 0, 0, 0, 255, 0],
    ])
  })

  const degenerate: [string, readonly ReportRun[]][] = [
    ['one run of one epoch', [run({ epochs: [epochRecord(1)] })]],
    [
      'a run that failed before its first epoch',
      [run({ epochs: [], failed: 'loss is NaN in epoch 1', testAccuracy: null, layers: [], answers: [] })],
    ],
    [
      'losses that are not finite',
      [
        run({
          epochs: [
            epochRecord(1, { validationLoss: Number.NaN }),
            epochRecord(2, { validationLoss: 1e30 }),
            epochRecord(3, { validationLoss: Number.POSITIVE_INFINITY }),
          ],
        }),
      ],
    ],
    [
      'no validation and no test',
      [
        run({
          testAccuracy: null,
          epochs: [epochRecord(1, { validationLoss: null, validationAccuracy: null })],
        }),
      ],
    ],
    [
      'an empty layer',
      [
        run({
          layers: [{ ...layer, nonZeros: 0, positions: new Uint32Array(), values: new Float32Array() }],
        }),
      ],
    ],
    ['no chosen run', [run({ selected: false })]],
    [
      'a network that answers with certainty and sees black',
      [
        run({
          answers: [answer({ probability: 1, pixels: new Uint8Array(4) })],
          testAccuracy: { best: 1, final: 0 },
        }),
      ],
    ],
    ['a dense network alone', [comparison[3]!]],
    ['two networks', [run(), run({ id: 'b', network: 'LeNet-300-100' })]],
  ]
  test.each(degenerate)('copes with %s', async (_, runs) => {
    const text = await renderReport(input(runs, { facts: [], findings: [] }))
    // Coordinates that were computed from nothing would show up as these.
    const markup = text.replace(/data:[^"]*/g, '')
    expect(markup).not.toMatch(/="[^"]*(NaN|Infinity)[^"]*"/)
    expect(markup).not.toMatch(/undefined|\[object/)
    const { document } = parseHTML(text)
    expect(document.querySelectorAll('.headline tbody tr')).toHaveLength(runs.length)
    expect(document.querySelectorAll('#facts, #findings')).toHaveLength(0)
  })

  test('says why a run failed, in place of its accuracy', async () => {
    const failed = run({ failed: 'loss is NaN in epoch 3', testAccuracy: null })
    const document = await page(input([failed]))
    expect(texts(document, '.headline .failure')).toEqual(['✕ loss is NaN in epoch 3'])
    expect(document.querySelector('#cost')).toBeNull()
    expect(document.querySelector('#curves svg')!.textContent).toContain('DCTpS 1% ✕')
  })

  test('lets no exploding loss flatten the other curves, and says that it is cut off', async () => {
    const exploding = [epochRecord(1), epochRecord(2, { validationLoss: 1e30 })]
    const document = await page(input([run(), run({ id: 'b', epochs: exploding })]))
    const ticks = document.querySelectorAll(
      '#curves svg:nth-of-type(2) g[aria-label="y-axis tick label"] text',
    )
    expect(Math.max(...[...ticks].map((tick) => Number(tick.textContent)))).toBeLessThan(4)
    expect(ticks.length).toBeGreaterThan(2)
    expect(texts(document, '#curves .note')[0]).toContain('A loss above the axis is cut off.')
  })

  test('falls back to training curves, and says so', async () => {
    const epochs = [epochRecord(1, { validationLoss: null, validationAccuracy: null })]
    const document = await page(input([run({ epochs })]))
    expect(document.querySelector('#curves svg')!.getAttribute('aria-label')).toMatch(/^Training accuracy/)
  })

  test('marks empty layers in the table of densities', async () => {
    const document = await page(input([run({ layers: [layer, { ...layer, name: 'conv2', nonZeros: 0 }] })]))
    expect(texts(document, '.layers tbody tr td:last-child')).toEqual(['37.5% 3', 'empty'])
  })

  test('stays below a megabyte for a large network, and lists no weights then', async () => {
    const large = Array.from({ length: 30 }, (_, index) => ({
      name: `conv${index}`,
      shape: [512, 512, 3, 3],
      nonZeros: 20_000,
      positions: Uint32Array.from({ length: 20_000 }, (_, i) => (i * 7919 * 131) % (512 * 512 * 9)),
      values: Float32Array.from({ length: 20_000 }, (_, i) => Math.sin(i * (index + 1))),
    }))
    const runs = ['a', 'b', 'c'].map((id) => run({ id, layers: large }))
    const text = await renderReport(input(runs))
    expect(text.length).toBeLessThan(1_000_000)
    expect(text).not.toContain('weights.csv')
  })

  test('needs a run', async () => {
    await expect(renderReport(input([]))).rejects.toMatchObject({ code: 'usage' })
  })

  test('is written as it is rendered', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'report-')), 'report.html')
    await writeReport(path, input([run()]))
    const text = await readFile(path, 'utf8')
    expect(text).toMatch(/^<!doctype html>\n<html lang="en">/)
    expect(text).toMatch(/<\/html>\n$/)
  })
})
