// The main job's runs as records for the report and as a table for the terminal. Every sentence is made from measured
// numbers.

import { availableParallelism, cpus } from 'node:os'
import { Classifier, type ImageDataset, kernelLayers, type Model, weightShape } from 'dctps'
import { kernelName } from 'dctps/internal/network/parameters'
import { cachedTransforms, nodePlatform } from 'dctps/node'
import { supportChoice } from '../config/index.js'
import type { OpenedDataset } from '../data/index.js'
import { formatBytes, formatCount, formatDensity, formatPercent } from '../report/format.js'
import type { ReportAnswer, ReportInput, ReportLayer, ReportRun } from '../report/records.js'
import { formatTable } from '../report/table.js'
import { networkSizes, type RunSummary, readModel, version } from '../run/index.js'
import { type DemoRun, selectRuns } from './run-demo.js'

/** Reads the models of the runs and lets the selected ones answer. @throws DctpsError `file` */
export async function demoReport(
  runs: readonly DemoRun[],
  data: OpenedDataset,
  threads: number,
): Promise<ReportInput> {
  const selected = selectRuns(runs)
  const records: ReportRun[] = []
  for (const run of runs) records.push(await reportRun(run, selected.has(run), data))
  const findings = demoFindings(records)
  return {
    title: 'DCT plus Sparse against plain sparse training',
    lead: findings[0] ?? 'Nothing could be compared: see the runs that failed.',
    facts: [
      { label: 'data', value: dataFact(data) },
      {
        label: 'training',
        value: 'Adam, weight decay 5e-4, batch 128, 10% of the training images for validation',
      },
      {
        label: 'learning rates',
        value: `${[...new Set(runs.map(({ config }) => config.lr))].join(' and ')} for every kind; the one with the best validation accuracy is shown`,
      },
      { label: 'weights tested', value: 'of the epoch with the best validation accuracy' },
      { label: 'supports', value: 'random, equal per layer (EPL), exact budgets' },
      { label: 'seed', value: String(runs[0]?.config.seed ?? 0) },
      {
        label: 'machine',
        value: `${cpus()[0]?.model.trim() ?? 'unknown'}, ${threads} of ${availableParallelism()} cores`,
      },
      { label: 'software', value: `dctps ${version}, Node ${process.versions.node}` },
      { label: 'to reproduce', value: 'npm ci && npm start' },
    ],
    runs: records,
    findings: findings.slice(1),
  }
}

/** Accuracy, size and speed of the selected runs, for a terminal. */
export function demoTable(runs: readonly DemoRun[]): string {
  const rows = [...selectRuns(runs)].map(({ contender, config, outcome }) =>
    'failed' in outcome
      ? [contender.network, contender.label, '', 'failed', '', '', String(config.lr)]
      : [
          contender.network,
          contender.label,
          formatCount(outcome.nonZeros),
          formatPercent(testedAccuracy(outcome)),
          formatBytes(outcome.modelBytes),
          formatCount(outcome.imagesPerSecond),
          String(config.lr),
        ],
  )
  return formatTable(
    [
      { header: 'network', align: 'left' },
      { header: 'kernels', align: 'left' },
      { header: 'weights', align: 'right' },
      { header: 'test accuracy', align: 'right' },
      { header: 'model file', align: 'right' },
      { header: 'training images/s', align: 'right' },
      { header: 'learning rate', align: 'right' },
    ],
    rows,
  )
}

/**
 * One sentence for each density at which both kinds were trained, the largest difference first, then one for the
 * yardstick.
 */
export function demoFindings(runs: readonly ReportRun[]): string[] {
  const shown = runs.filter((run) => run.selected && run.testAccuracy !== null)
  const pairs = shown.flatMap((dctps) => {
    if (dctps.kind !== 'dctps') return []
    const sparse = shown.find(
      (run) => run.kind === 'sparse' && run.network === dctps.network && run.density === dctps.density,
    )
    return sparse === undefined ? [] : [{ dctps, sparse, gain: accuracyOf(dctps) - accuracyOf(sparse) }]
  })
  const dense = shown.filter((run) => run.kind === 'dense')
  return [
    ...pairs.sort((a, b) => b.gain - a.gain).map(({ dctps, sparse }) => compare(dctps, sparse)),
    ...dense.map(
      (run) =>
        `The dense ${run.network} (${formatCount(run.kernelEntries)} kernel weights, ${formatBytes(run.storedBytes)}) reaches ${formatPercent(accuracyOf(run))}.`,
    ),
  ]
}

function compare(dctps: ReportRun, sparse: ReportRun): string {
  const weights = `${formatCount(dctps.nonZeros)} of ${formatCount(dctps.kernelEntries)} kernel weights (${formatDensity(dctps.density ?? 0)})`
  const theirs = formatPercent(accuracyOf(sparse))
  const outcome = accuracyOf(sparse) <= chanceLimit ? `learns nothing (${theirs})` : `reaches ${theirs}`
  return `With ${weights}, the DCTpS ${dctps.network} reaches ${formatPercent(accuracyOf(dctps))}; the plain sparse one with as many weights ${outcome}.`
}

/** Ten classes answered at random give 10%; a little above is still chance. */
const chanceLimit = 0.12

function accuracyOf(run: ReportRun): number {
  return run.testAccuracy?.best ?? Number.NaN
}

function testedAccuracy({ test }: RunSummary): number {
  return test?.best?.accuracy ?? test?.final.accuracy ?? Number.NaN
}

async function reportRun(run: DemoRun, selected: boolean, data: OpenedDataset): Promise<ReportRun> {
  const { contender, config, paths, epochs, outcome } = run
  const base = {
    id: `${config.network} ${contender.label} ${config.lr}`,
    label: contender.label,
    network: config.network,
    kind: config.kind,
    rule: supportChoice(config),
    density: config.kind === 'dense' ? null : config.density,
    learningRate: config.lr,
    seed: config.seed,
    epochs,
    selected,
  }
  if ('failed' in outcome) {
    const none = { kernelEntries: 0, nonZeros: 0, storedBytes: 0, imagesPerSecond: 0, testAccuracy: null }
    return { ...base, ...none, failed: outcome.failed, layers: [], answers: [] }
  }
  const model = await readModel(paths.bestModel)
  const layers = kernelLayers(model.network).map((layer): ReportLayer => {
    const positions = model.supports.get(layer.id) ?? null
    const shape = weightShape(layer)
    const values = model.parameters.get(`${kernelName(layer)}.weight`) ?? null
    const nonZeros = positions?.length ?? shape.reduce((product, size) => product * size, 1)
    return { name: layer.name, shape, nonZeros, positions, values }
  })
  const { kernelWeights, nonZeros } = networkSizes(model.network, model.supports)
  return {
    ...base,
    kernelEntries: kernelWeights,
    nonZeros,
    storedBytes: outcome.modelBytes,
    testAccuracy: outcome.test && { best: testedAccuracy(outcome), final: outcome.test.final.accuracy },
    imagesPerSecond: outcome.imagesPerSecond,
    failed: null,
    layers,
    answers: selected && data.test !== null ? await answersOf(model, data.test) : [],
  }
}

/** Answers to the first test image of each class. */
async function answersOf(model: Model, test: ImageDataset): Promise<ReportAnswer[]> {
  const { shape, classes } = test
  const indices = classes.map((_, label) => test.labels.indexOf(label)).filter((index) => index >= 0)
  const size = shape.channels * shape.height * shape.width
  const images = indices.map((index) => test.pixels.slice(index * size, (index + 1) * size))
  const classifier = await Classifier.create(
    model,
    { ...nodePlatform(1), transforms: cachedTransforms() },
    shape,
  )
  try {
    const answers = await classifier.classify(new Uint8Array(Buffer.concat(images)))
    return answers.map(({ className, probability }, i) => ({
      pixels: images[i]!,
      shape,
      label: classes[test.labels[indices[i]!]!]!,
      predicted: className,
      probability,
    }))
  } finally {
    classifier.close()
  }
}

function dataFact({ train, test }: OpenedDataset): string {
  const { channels, height, width } = train.shape
  const tested = test === null ? '' : ` and ${formatCount(test.labels.length)} test`
  return `${train.name}: ${formatCount(train.labels.length)} training${tested} images, ${channels} x ${height} x ${width}, ${train.classes.length} classes`
}
