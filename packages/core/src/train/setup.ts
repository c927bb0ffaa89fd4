// What happens before the first step: options, data and network are checked against each other, the images are split,
// the network is compiled, and its memory is filled with initial values or with a saved state.

import { DctpsError } from '../errors.js'
import { kernelLayers, type Network } from '../network/network.js'
import type { Supports } from '../network/parameters.js'
import { compileProgram, type ProgramOptions, type SupportPositions } from '../program/compile.js'
import type { Program } from '../program/program.js'
import type { TransformCache } from '../program/transform-cache.js'
import { Key } from '../random/key.js'
import type { Runner } from '../runtime/runner.js'
import type { SimdFlavour } from '../transform/index.js'
import { byteValues, checkImagesFit, measureNormalisation, type Split, splitIndices } from './batches.js'
import { checkDataset, type ImageDataset, type Normalisation } from './dataset.js'
import { initialValues } from './initialise.js'
import { checkTrainOptions, type DynamicOptions, type TrainOptions } from './options.js'
import type { TrainState } from './state.js'

export interface TrainTask {
  readonly network: Network
  /** Before the first step; `Trainer.supports` are those of the moment. */
  readonly supports: Supports
  readonly dataset: ImageDataset
  readonly options: TrainOptions
}

export interface TrainPlatform {
  /** Starts a program, e.g. `createNodeRunner(program, threads)`. */
  createRunner(program: Program): Promise<Runner>
  /** Whether programs are compiled for shared memory. Default true. */
  readonly sharedMemory?: boolean
  /** Vector code of the programs. Default `plain`, which has the same bits in every engine. */
  readonly simd?: SimdFlavour
  /** Emitted transforms to share between programs, and with a store between processes. */
  readonly transforms?: TransformCache
}

export interface TrainSetup {
  readonly runner: Runner
  readonly split: Split
  readonly normalisation: Normalisation
}

/**
 * Makes everything ready to train.
 * @param special options of the program that training leaves at their defaults
 * @throws DctpsError `usage` or `data` where options, data and network do not fit together
 */
export async function setUpTraining(
  task: TrainTask,
  platform: TrainPlatform,
  state: TrainState | null,
  special: Pick<ProgramOptions, 'decisions'> = {},
): Promise<TrainSetup> {
  const { network, supports, dataset, options } = task
  const split = checkedSplit(task)
  const normalisation = options.normalisation ?? measureNormalisation(dataset, split.training)
  const { channels } = dataset.shape
  if (normalisation.mean.length !== channels || normalisation.std.length !== channels) {
    throw new DctpsError(
      'usage',
      `normalisation needs a mean and a std for each of ${channels} channels, received ${normalisation.mean.length} and ${normalisation.std.length}`,
    )
  }
  const program = compileProgram(
    network,
    state?.supports ?? supports,
    {
      ...special,
      batch: options.batch,
      input: { type: 'bytes', source: dataset.shape },
      optimizer: options.optimizer.type,
      sharedMemory: platform.sharedMemory ?? true,
      simd: platform.simd ?? 'plain',
      positions: positionsFor(options.dynamic),
    },
    platform.transforms,
  )
  const runner = await platform.createRunner(program)
  try {
    runner.setByteValues(byteValues(normalisation))
    fillParameters(runner, task, state)
  } catch (error) {
    runner.close()
    throw error
  }
  return { runner, split, normalisation }
}

function positionsFor(dynamic: DynamicOptions | null): SupportPositions {
  if (dynamic === null) return 'fixed'
  return dynamic.type === 'rigl' ? 'ranked' : 'movable'
}

/** Writes a saved state, or initial values. */
function fillParameters(
  { parameters: store }: Runner,
  { network, supports, options }: TrainTask,
  state: TrainState | null,
): void {
  const values = state?.parameters ?? initialValues(network, supports, Key.fromSeed(options.seed))
  for (const [name, array] of values) store.write(name, array)
  for (const [name, vectors] of state?.optimizer ?? []) {
    for (const [index, array] of vectors.entries()) store.writeState(name, index, array)
  }
}

function checkedSplit({ network, dataset, options }: TrainTask): Split {
  checkTrainOptions(options)
  if (options.dynamic !== null && !kernelLayers(network).some(({ kind }) => kind !== 'dense')) {
    throw new DctpsError(
      'usage',
      `${options.dynamic.type} moves the entries of supports, and ${network.name} has none: all its kernels are dense; use DCTpS or sparse kernels`,
    )
  }
  checkDataset(dataset)
  checkImagesFit(dataset, network.input)
  if (dataset.classes.length !== network.classes) {
    throw new DctpsError(
      'data',
      `the network has ${network.classes} classes, data set ${dataset.name} has ${dataset.classes.length}; build the network with the data's classes`,
    )
  }
  const images = dataset.labels.length
  const split = splitIndices(images, options.validation, Key.fromSeed(options.seed))
  if (options.batch > split.training.length) {
    throw new DctpsError(
      'usage',
      `a batch of ${options.batch} is larger than the ${split.training.length} training images; use a smaller batch`,
    )
  }
  if (options.validation > 0 && split.validation.length === 0) {
    throw new DctpsError(
      'usage',
      `validation ${options.validation} of ${images} images holds out none; raise it, or set it to 0`,
    )
  }
  return split
}
