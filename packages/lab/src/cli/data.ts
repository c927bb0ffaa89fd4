// `dctps data`: whether a data set can be read, and what is in it. The data sets that are known by name are `data-known`'s.

import type { Command } from 'commander'
import { DctpsError } from 'dctps'
import { type RunConfig, resolveConfig } from '../config/index.js'
import {
  checkSource,
  type DatasetStatistics,
  datasetStatistics,
  parseDatasetSpec,
  parseImageSize,
} from '../data/index.js'
import { formatBytes, formatCount } from '../report/format.js'
import { formatTable } from '../report/table.js'
import { openConfiguredData } from '../run/index.js'
import { addGet, addList } from './data-known.js'
import { interruptSignal } from './interrupt.js'
import { Progress } from './progress.js'
import { addSettingOptions, settingsOf } from './setting-options.js'
import { printJson } from './values.js'

interface DataOptions extends Readonly<Record<string, unknown>> {
  readonly json?: true
}

const sources = `
DATA is a known name, or a folder or archive (.tar, .tar.gz, .zip) with
  images        train/CLASS/* and test/CLASS/*, JPEG or PNG,
                or CLASS/* for training images only
  IDX files     train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-...,
                plain or gzipped
  CIFAR files   data_batch_1.bin ..., or train.bin and test.bin
  Tiny ImageNet wnids.txt, train/ID/images, val/images, val/val_annotations.txt`

const examples = `${sources}

Examples:
  dctps data list
  dctps data get cifar10
  dctps data check ~/photos --size 32
  dctps data stats fashion-mnist-12k`

export function register(program: Command): void {
  const data = program
    .command('data')
    .description('List, fetch, check and describe data sets.')
    .helpCommand(false)
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', examples)
  addList(data)
  addGet(data)
  addReader(data, 'check', 'Read every file from the source and print every problem.', check)
  addReader(data, 'stats', 'Print images, classes, and mean and deviation of each channel.', stats)
}

function addReader(
  data: Command,
  name: string,
  description: string,
  run: (config: RunConfig, options: DataOptions) => Promise<void>,
): void {
  const command = data
    .command(name)
    .argument('<data>', 'known name, folder or archive')
    .description(description)
  addSettingOptions(command, ['size', 'fit', 'cifar100Labels'])
    .optionsGroup('Output:')
    .option('--json', 'print one JSON document')
    .optionsGroup('Help:')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', sources)
    .action((source: string, options: DataOptions) =>
      run(resolveConfig({ ...settingsOf(options), data: source }), options),
    )
}

async function check(config: RunConfig, { json }: DataOptions): Promise<void> {
  const progress = new Progress(process.stderr)
  const { source, problems, splits } = await checkSource(parseDatasetSpec(config.data), {
    size: config.size === null ? undefined : parseImageSize(config.size),
    fit: config.fit,
    cifar100Labels: config.cifar100Labels,
    signal: interruptSignal(),
    onProgress: (done, total) => progress.show({ type: 'data', done, total }),
    onWarning: (message) => progress.show({ type: 'warning', message }),
  }).finally(() => progress.clear())
  if (json === true) printJson({ source, problems })
  else for (const problem of problems) console.log(problem)
  if (problems.length > 0) {
    throw new DctpsError(
      'data',
      `${problems.length === 1 ? '1 problem' : `${problems.length} problems`} in ${source ?? config.data}`,
    )
  }
  if (json !== true && splits !== null) {
    const { train, test } = splits
    const counts = `${formatCount(train.labels.length)} training and ${formatCount(test?.labels.length ?? 0)} test images`
    console.log(`${source}: no problems in ${counts} of ${train.classes.length} classes`)
  }
}

async function stats(config: RunConfig, { json }: DataOptions): Promise<void> {
  const progress = new Progress(process.stderr)
  const { train, test, source } = await openConfiguredData(config, {
    signal: interruptSignal(),
    onDataProgress: (done, total) => progress.show({ type: 'data', done, total }),
    onWarning: (message) => progress.show({ type: 'warning', message }),
  }).finally(() => progress.clear())
  const splits = { train: datasetStatistics(train), test: test && datasetStatistics(test) }
  if (json === true) {
    printJson({ source, ...splits })
    return
  }
  const { channels, height, width } = train.shape
  console.log(`${source}: ${channels} x ${height} x ${width}, ${train.classes.length} classes\n`)
  console.log(`${classTable(splits.train, splits.test)}\n`)
  console.log(channelTable(splits.train))
}

function classTable(train: DatasetStatistics, test: DatasetStatistics | null): string {
  const rows = train.classes.map(({ name, images }, label) => [
    name,
    formatCount(images),
    test === null ? 'none' : formatCount(test.classes[label]?.images ?? 0),
  ])
  const total = ['total', formatCount(train.images), test === null ? 'none' : formatCount(test.images)]
  const bytes = ['in memory', formatBytes(train.bytes), test === null ? '' : formatBytes(test.bytes)]
  return formatTable(
    [
      { header: 'class', align: 'left' },
      { header: 'training', align: 'right' },
      { header: 'test', align: 'right' },
    ],
    [...rows, total, bytes],
  )
}

/** Of the training images, pixels scaled to 0..1. */
function channelTable({ channels }: DatasetStatistics): string {
  return formatTable(
    [
      { header: 'channel', align: 'left' },
      { header: 'mean', align: 'right' },
      { header: 'deviation', align: 'right' },
      { header: 'smallest', align: 'right' },
      { header: 'largest', align: 'right' },
    ],
    channels.map(({ mean, std, min, max }, index) => [
      String(index),
      mean.toFixed(4),
      std.toFixed(4),
      String(min),
      String(max),
    ]),
  )
}
