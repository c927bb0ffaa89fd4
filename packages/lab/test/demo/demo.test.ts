import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DctpsError, type ImageDataset } from 'dctps'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type RunConfig, resolveConfig, supportChoice } from '#lab/config/index'
import type { OpenedDataset } from '#lab/data/index'
import { demoFindings, demoReport, demoTable } from '#lab/demo/demo-report'
import { type Contender, demoContenders } from '#lab/demo/grid'
import { type DemoOptions, runDemo, selectRuns } from '#lab/demo/run-demo'
import { renderReport } from '#lab/report/report'

/** Stripes that lie or stand: something that two epochs can begin to learn. */
function stripes(images: number): ImageDataset {
  const pixels = new Uint8Array(images * 28 * 28)
  for (let i = 0; i < pixels.length; i++) {
    const [image, row, column] = [Math.floor(i / 784), Math.floor((i % 784) / 28), i % 28]
    pixels[i] = ((image % 2 === 0 ? row : column) + image) % 6 < 3 ? 220 : 15
  }
  const labels = Uint16Array.from({ length: images }, (_, image) => image % 2)
  return {
    name: 'stripes',
    shape: { channels: 1, height: 28, width: 28 },
    classes: ['row', 'column'],
    pixels,
    labels,
  }
}

const data: OpenedDataset = {
  train: stripes(200),
  test: stripes(40),
  source: 'test',
  defaultNormalisation: null,
}

function contender(label: string, settings: { kind: RunConfig['kind']; density?: number }): Contender {
  const shared = { network: 'lenet5', epochs: 2, batch: 32, threads: 1, data: './stripes', ...settings }
  return { label, network: 'lenet5', configs: [1e-2, 1e-3].map((lr) => resolveConfig({ ...shared, lr })) }
}

const contenders = [
  contender('DCTpS 2%', { kind: 'dctps', density: 0.02 }),
  contender('sparse 2%', { kind: 'sparse', density: 0.02 }),
  contender('dense', { kind: 'dense' }),
]

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dctps-demo-'))
})
afterEach(() => rm(folder, { recursive: true }))

function options(
  signal = new AbortController().signal,
  onEvent: DemoOptions['onEvent'] = () => {},
): DemoOptions {
  return { folder, data, signal, onEvent, onStart: () => {}, onEnd: () => {} }
}

test('every kind is tried at every learning rate, and a stopped demo goes on where it stopped', async () => {
  const controller = new AbortController()
  let epochs = 0
  const stopped = runDemo(
    contenders,
    options(controller.signal, (event) => {
      if (event.type === 'epoch' && ++epochs === 5) controller.abort()
    }),
  )
  await expect(stopped).rejects.toSatisfy(
    (error) => error instanceof DctpsError && error.code === 'cancelled',
  )

  let trained = 0
  const runs = await runDemo(
    contenders,
    options(undefined, (event) => {
      if (event.type === 'epoch') trained++
    }),
  )
  expect(runs.map(({ contender, config }) => `${contender.label} ${config.lr}`)).toEqual([
    'DCTpS 2% 0.01',
    'DCTpS 2% 0.001',
    'sparse 2% 0.01',
    'sparse 2% 0.001',
    'dense 0.01',
    'dense 0.001',
  ])
  // Six runs of two epochs; five were done before, the interrupted one among them.
  expect(trained).toBe(12 - epochs)

  const selected = [...selectRuns(runs)]
  expect(selected.map(({ contender }) => contender.label)).toEqual(['DCTpS 2%', 'sparse 2%', 'dense'])
  for (const run of selected) {
    const rivals = runs.filter(({ contender }) => contender === run.contender)
    const best = rivals.map(({ outcome }) => ('failed' in outcome ? -1 : outcome.best!.validationAccuracy))
    expect('failed' in run.outcome ? -1 : run.outcome.best!.validationAccuracy).toBe(Math.max(...best))
  }

  const report = await demoReport(runs, data, 1)
  const dctps = report.runs.find((run) => run.selected && run.kind === 'dctps')!
  const summary = JSON.parse(await readFile(join(selected[0]!.paths.folder, 'summary.json'), 'utf8'))
  expect(dctps.testAccuracy!.best).toBe(summary.test.best.accuracy)
  expect(dctps.nonZeros).toBe(Math.round(0.02 * dctps.kernelEntries))
  expect(dctps.layers.reduce((sum, layer) => sum + layer.positions!.length, 0)).toBe(dctps.nonZeros)
  expect(dctps.answers.map(({ label }) => label)).toEqual(['row', 'column'])
  expect(demoTable(runs).split('\n')).toHaveLength(2 + 3)
  expect(await renderReport(report)).toContain('DCTpS 2%')
})

test('what came out is said as it is: a sparse network at chance learns nothing, the largest gain comes first', () => {
  const run = (kind: RunConfig['kind'], density: number | null, accuracy: number) => ({
    id: `${kind} ${density}`,
    label: `${kind} ${density}`,
    network: 'lenet5',
    kind,
    rule: null,
    density,
    learningRate: 0.01,
    seed: 0,
    kernelEntries: 1000,
    nonZeros: 1000 * (density ?? 1),
    storedBytes: 100,
    epochs: [],
    testAccuracy: { best: accuracy, final: 0 },
    imagesPerSecond: 1,
    failed: null,
    selected: true,
    layers: [],
    answers: [],
  })
  const findings = demoFindings([
    run('dctps', 0.1, 0.8),
    run('sparse', 0.1, 0.85),
    run('dctps', 0.01, 0.7),
    run('sparse', 0.01, 0.1),
    run('dense', null, 0.9),
  ])
  expect(findings).toHaveLength(3)
  expect(findings[0]).toMatch(/10 of 1,000 .*70\.0%.*learns nothing \(10\.0%\)/)
  expect(findings[1]).toMatch(/100 of 1,000 .*80\.0%.*reaches 85\.0%/)
  expect(findings[2]).toMatch(/dense.*90\.0%/)
})

test('the main job gives each contender the same learning rates and each pair the same budget', () => {
  const all = demoContenders({ threads: 1 })
  const rates = all.map(({ configs }) => configs.map(({ lr }) => lr))
  expect(new Set(rates.map(String)).size).toBe(1)
  const budgets = all.flatMap(({ network, configs: [config] }) =>
    config === undefined || config.kind === 'dense'
      ? []
      : [`${config.kind} ${network} ${config.density} ${supportChoice(config)}`],
  )
  const of = (kind: string) => budgets.filter((b) => b.startsWith(kind)).map((b) => b.slice(kind.length))
  expect(of('dctps')).toEqual(of('sparse'))
  expect(all.some(({ configs }) => configs[0]?.kind === 'dense')).toBe(true)
})
