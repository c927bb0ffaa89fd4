// `dctps predict`: image files in, classes and probabilities out.

import { type Command, Option } from 'commander'
import { type Answer, Classifier, DctpsError, type Model } from 'dctps'
import { cachedTransforms, nodePlatform } from 'dctps/node'
import { type Fit, type ImageSize, parseImageSize } from '../data/index.js'
import { formatPercent } from '../report/format.js'
import { type PictureOptions, readModel, readPicture } from '../run/index.js'
import { printJson, wholeNumber } from './values.js'

interface PredictOptions {
  readonly top: number
  readonly size?: ImageSize
  readonly fit: Fit
  readonly json?: true
}

interface RankedClass {
  readonly class: string
  readonly probability: number
}

/** One file's answer, most probable first, or why there is none. */
type Prediction =
  | { readonly file: string; readonly classes: readonly RankedClass[] }
  | { readonly file: string; readonly error: string }

const examples = `
MODEL is a model file, or the folder of a run, which stands for its best weights.

Images are JPEG or PNG of any size. One that fits into the network's input lies
in the middle, black around it, as smaller training images do; a larger one is
resized to the input. With --size, images are first brought to the size that the
training images had: 28 for Fashion-MNIST. Networks for grey images are shown the
brightness of coloured ones.

A file that cannot be used is named on stderr, the others are still answered, and
the exit code is 1.

Examples:
  dctps predict runs/NAME shoe.png
  dctps predict runs/NAME photos/*.jpg --top 3
  dctps predict model.dctps photo.jpg --size 28 --json`

export function register(program: Command): void {
  program
    .command('predict')
    .argument('<model>', 'model file or run folder')
    .argument('<files...>', 'JPEG or PNG images')
    .description('Ask a trained network what images show.')
    .option('--top <n>', 'how many of the most probable classes to give', wholeNumber('--top', 1), 1)
    .option(
      '--size <size>',
      'resize images to this size first, e.g. 28 or 24x32 (height x width)',
      parseImageSize,
    )
    .addOption(
      new Option('--fit <how>', 'how to resize: fill stretches, pad keeps the aspect ratio')
        .choices(['fill', 'pad'])
        .default('fill'),
    )
    .option('--json', 'print one JSON document')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', examples)
    .action((path: string, files: string[], options: PredictOptions) => predict(path, files, options))
}

async function predict(path: string, files: readonly string[], options: PredictOptions): Promise<void> {
  const { size = null, fit, top, json = false } = options
  const model = await readModel(path)
  const classifier = await Classifier.create(model, { ...nodePlatform(1), transforms: cachedTransforms() })
  const predictions: Prediction[] = []
  try {
    for (const file of files) {
      const prediction = await predictFile(classifier, file, { size, fit }, top)
      predictions.push(prediction)
      if ('error' in prediction) process.stderr.write(`dctps predict: ${prediction.error}\n`)
      else if (!json) console.log(describe(prediction.file, prediction.classes))
    }
  } finally {
    classifier.close()
  }
  if (json) printJson(predictions)
  const failed = predictions.filter((prediction) => 'error' in prediction).length
  if (failed > 0) throw new DctpsError('data', `${failed} of ${files.length} images not answered`)
}

async function predictFile(
  classifier: Classifier,
  file: string,
  options: PictureOptions,
  top: number,
): Promise<Prediction> {
  const { model } = classifier
  try {
    const [answer] = await classifier.classify(await readPicture(file, model.network.input, options))
    return { file, classes: answer === undefined ? [] : rank(model, answer).slice(0, top) }
  } catch (error) {
    if (error instanceof DctpsError) return { file, error: error.message }
    throw error
  }
}

/** All classes, the most probable first. */
function rank({ classNames }: Model, { probabilities }: Answer): RankedClass[] {
  return classNames
    .map((name, label) => ({ class: name, probability: probabilities[label] ?? 0 }))
    .sort((a, b) => b.probability - a.probability)
}

function describe(file: string, classes: readonly RankedClass[]): string {
  return `${file}: ${classes.map((item) => `${item.class} ${formatPercent(item.probability)}`).join(', ')}`
}
