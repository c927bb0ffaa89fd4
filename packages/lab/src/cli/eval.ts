// `dctps eval`: a trained network on labelled images.

import { type Command, Option } from 'commander'
import { DctpsError } from 'dctps'
import { mergeSettings, readSettings, resolveConfig, type Settings } from '../config/index.js'
import { formatCount, formatPercent } from '../report/format.js'
import { formatTable } from '../report/table.js'
import {
  kindOfPath,
  type ModelTest,
  openConfiguredData,
  readSavedModel,
  runPaths,
  testModel,
} from '../run/index.js'
import { interruptSignal } from './interrupt.js'
import { Progress } from './progress.js'
import { addSettingOptions, settingsOf } from './setting-options.js'
import { printJson } from './values.js'

interface EvalOptions extends Readonly<Record<string, unknown>> {
  readonly split: 'test' | 'train'
  readonly json?: true
}

const examples = `
MODEL is a model file, or the folder of a run, which stands for its best weights
(model-best.dctps, where it held out validation images) and for the data that it
was trained on. Images are normalised as in training.

Examples:
  dctps eval runs/NAME
  dctps eval runs/NAME/model.dctps --data cifar10.tar.gz
  dctps eval model.dctps --data ~/photos --size 32 --json`

export function register(program: Command): void {
  const command = program
    .command('eval')
    .argument('<model>', 'model file or run folder')
    .description('Test a trained network: loss, accuracy, and accuracy of each class.')
  addSettingOptions(command, ['data', 'size', 'fit', 'cifar100Labels']).addOption(
    new Option('--split <which>', 'images to test on')
      .choices(['test', 'train'])
      .default('test')
      .helpGroup('Data:'),
  )
  addSettingOptions(command, ['simd', 'threads'])
    .optionsGroup('Running:')
    .option('--json', 'print one JSON document, with the confusion matrix')
    .optionsGroup('Help:')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', examples)
    .action((path: string, options: EvalOptions) => evaluateModel(path, options))
}

async function evaluateModel(path: string, options: EvalOptions): Promise<void> {
  const { model, path: file } = await readSavedModel(path)
  const config = resolveConfig(mergeSettings(await dataSettingsOf(path), settingsOf(options)))
  const progress = new Progress(process.stderr)
  const data = await openConfiguredData(config, {
    signal: interruptSignal(),
    onDataProgress: (done, total) => progress.show({ type: 'data', done, total }),
    onWarning: (message) => progress.show({ type: 'warning', message }),
  }).finally(() => progress.clear())
  const dataset = options.split === 'test' ? data.test : data.train
  if (dataset === null) {
    throw new DctpsError(
      'data',
      `${data.train.name} has no test images; use --split train to test on the training images`,
    )
  }
  const test = await testModel(model, dataset, config)
  const { images, loss, accuracy, confusion } = test
  if (options.json === true) {
    printJson({
      model: file,
      data: dataset.name,
      split: options.split,
      images,
      loss,
      accuracy,
      classes: model.classNames,
      confusion,
    })
    return
  }
  console.log(`${file} on ${formatCount(images)} ${options.split} images of ${dataset.name}`)
  console.log(`accuracy ${formatPercent(accuracy)}, loss ${loss.toFixed(4)}\n`)
  console.log(classTable(model.classNames, test))
}

/** Where the images of a run came from, and how they were read; nothing for a model file. */
async function dataSettingsOf(path: string): Promise<Settings> {
  if ((await kindOfPath(path)) !== 'folder') return {}
  const { data, size, fit, cifar100Labels } = await readSettings(runPaths(path).config)
  return { data, size, fit, cifar100Labels }
}

function classTable(classes: readonly string[], { confusion }: ModelTest): string {
  const rows = confusion.map((answers, label) => {
    const images = answers.reduce((sum, count) => sum + count, 0)
    const correct = answers[label] ?? 0
    const wrong = answers.map((count, answer) => (answer === label ? 0 : count))
    const most = Math.max(...wrong)
    return [
      classes[label] ?? '',
      formatCount(images),
      formatCount(correct),
      formatPercent(correct / images),
      most === 0 ? '' : `${classes[wrong.indexOf(most)]} (${formatCount(most)})`,
    ]
  })
  const right = (header: string) => ({ header, align: 'right' as const })
  const left = (header: string) => ({ header, align: 'left' as const })
  return formatTable(
    [left('class'), right('images'), right('correct'), right('accuracy'), left('most often taken for')],
    rows,
  )
}
