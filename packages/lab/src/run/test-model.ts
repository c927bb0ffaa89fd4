// A trained model on labelled images: loss, accuracy, and which classes it takes for which.

import {
  byteValues,
  checkImagesFit,
  compileProgram,
  DctpsError,
  type Evaluation,
  evaluate,
  type ImageDataset,
  type Model,
  type SimdFlavour,
} from 'dctps'
import { cachedTransforms, createNodeRunner } from 'dctps/node'
import { hugePages } from '../huge-pages.js'

/** Enough images a step to keep threads busy, few enough to stay small in memory. */
const batch = 128

export interface ModelTest extends Evaluation {
  /** `confusion[label][answer]`: images of a class by the class that they were taken for. */
  readonly confusion: readonly (readonly number[])[]
}

/**
 * @throws DctpsError `data` when classes or images of the data do not fit the model
 */
export async function testModel(
  model: Model,
  dataset: ImageDataset,
  { threads, simd }: { readonly threads: number; readonly simd: SimdFlavour },
): Promise<ModelTest> {
  const { network, supports } = model
  checkImagesFit(dataset, network.input)
  checkClasses(model, dataset)
  const options = {
    batch: Math.min(batch, dataset.labels.length),
    input: { type: 'bytes', source: dataset.shape },
    optimizer: null,
    simd,
  } as const
  const program = compileProgram(network, supports, options, cachedTransforms())
  const runner = await createNodeRunner(program, threads, await hugePages())
  try {
    runner.setByteValues(byteValues(model.normalisation))
    for (const [name, values] of model.parameters) runner.parameters.write(name, values)
    const confusion = model.classNames.map(() => model.classNames.map(() => 0))
    const result = await evaluate(runner, dataset, undefined, ({ logits }, start, images) => {
      for (let i = 0; i < images; i++) {
        const answer = largestIndex(logits.subarray(i * network.classes, (i + 1) * network.classes))
        confusion[dataset.labels[start + i]!]![answer]!++
      }
    })
    return { ...result, confusion }
  } finally {
    runner.close()
  }
}

function checkClasses({ classNames }: Model, { name, classes }: ImageDataset): void {
  if (classes.length !== classNames.length) {
    throw new DctpsError(
      'data',
      `the model answers with ${classNames.length} classes (${brief(classNames)}), data set ${name} has ${classes.length} (${brief(classes)}); use the kind of data that it was trained on`,
    )
  }
  // Other names for the same labels are possible (IDX files have none); the same names in another order are a mix-up.
  const moved = classes.find(
    (className, label) => classNames.includes(className) && classNames[label] !== className,
  )
  if (moved === undefined) return
  throw new DctpsError(
    'data',
    `class ${moved} is number ${classNames.indexOf(moved)} in the model and number ${classes.indexOf(moved)} in data set ${name}; classes must be in the model's order: ${brief(classNames)}`,
  )
}

function brief(names: readonly string[]): string {
  return names.length > 6 ? `${names.slice(0, 5).join(', ')}, ...` : names.join(', ')
}

/** The first of the largest; 0 where nothing can be compared, as among NaN. */
function largestIndex(values: Float32Array): number {
  return values.reduce((best, value, index) => (value > values[best]! ? index : best), 0)
}
