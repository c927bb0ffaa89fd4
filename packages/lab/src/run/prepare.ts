// From a resolved configuration to what can be trained: the data opened, the network built for it, the task for the
// trainer. Nothing is written here.

import {
  type ActivationShape,
  type Architecture,
  buildSpec,
  DctpsError,
  findArchitecture,
  type ImageDataset,
  type ModelSpec,
  type Normalisation,
  type StateFile,
  type TrainTask,
} from 'dctps'
import {
  architectureOptions,
  kernelOptions,
  type RunConfig,
  supportSource,
  trainOptions,
} from '../config/index.js'
import { crc32 } from '../data/checksum.js'
import { type OpenedDataset, openDataset, parseDatasetSpec, parseImageSize } from '../data/index.js'
import { identityOf } from './folder.js'

export interface PreparedRun {
  readonly config: RunConfig
  readonly data: OpenedDataset
  readonly spec: ModelSpec
  readonly task: TrainTask
  /** What a saved state has to agree with to be continued: the settings that matter, and the data. */
  readonly fingerprint: StateFile['configuration']
}

export interface PrepareOptions {
  /** The data where it is open already; else it is opened as the configuration says. */
  readonly data?: OpenedDataset | undefined
  readonly onDataProgress?: ((done: number, total: number) => void) | undefined
  readonly onWarning?: ((message: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * @throws DctpsError `data` when the data cannot be read or does not fit the network; `usage` when the configuration
 * asks for what does not exist
 */
export async function prepareRun(config: RunConfig, options: PrepareOptions = {}): Promise<PreparedRun> {
  const architecture = findArchitecture(config.network)
  const data = options.data ?? (await openConfiguredData(config, options))
  const { train } = data
  const spec: ModelSpec = {
    architecture: config.network,
    input: networkInput(architecture, train),
    classes: train.classes.length,
    kernel: kernelOptions(config),
    ...architectureOptions(config),
    support: supportSource(config),
  }
  const { network, supports } = buildSpec(spec)
  const task = {
    network,
    supports,
    dataset: train,
    options: trainOptions(config, normalisationOf(config, data)),
  }
  return { config, data, spec, task, fingerprint: { ...identityOf(config), dataChecksum: checksum(train) } }
}

/** Opens the data that a configuration names. @throws DctpsError `data` */
export function openConfiguredData(
  config: Pick<RunConfig, 'data' | 'size' | 'fit' | 'cifar100Labels'>,
  options: PrepareOptions,
): Promise<OpenedDataset> {
  return openDataset(parseDatasetSpec(config.data), {
    size: config.size === null ? undefined : parseImageSize(config.size),
    fit: config.fit,
    cifar100Labels: config.cifar100Labels,
    onProgress: options.onDataProgress,
    onWarning: options.onWarning,
    signal: options.signal,
  })
}

/**
 * The input that a network is built for: the data's channels, and the smallest of its sizes that holds the images.
 * @throws DctpsError `data` when the images are larger than every size
 */
export function networkInput(architecture: Architecture, dataset: ImageDataset): ActivationShape {
  const { channels, height, width } = dataset.shape
  const sizes = architecture.inputSizes.toSorted((a, b) => a - b)
  const largest = sizes.at(-1)!
  const size = sizes.find((candidate) => candidate >= Math.max(height, width))
  if (size !== undefined) return { channels, height: size, width: size }
  throw new DctpsError(
    'data',
    `${architecture.name} takes images up to ${largest}x${largest}, those of ${dataset.name} are ${height}x${width}; resize them with --size ${largest}`,
  )
}

/** Null: measured on the training split. */
function normalisationOf(config: RunConfig, data: OpenedDataset): Normalisation | null {
  const { normalise } = config
  if (typeof normalise === 'object') return normalise
  if (normalise === 'published' && data.defaultNormalisation === null) {
    throw new DctpsError(
      'usage',
      `there is no published normalisation for ${data.train.name}, only for CIFAR-10 and CIFAR-100 at 32x32 and Tiny ImageNet at 64x64; use normalise data`,
    )
  }
  return normalise === 'data' ? null : data.defaultNormalisation
}

function checksum({ pixels, labels }: ImageDataset): string {
  const labelBytes = new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength)
  return [crc32(pixels), crc32(labelBytes)].map((part) => part.toString(16).padStart(8, '0')).join('-')
}
