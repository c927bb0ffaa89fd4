// The dense network beside a sparse one: the same layers and initial values, with all weights there. Methods write masked
// or moved kernels into it and read the gradient of every weight. Losses are cross-entropy; batch norm uses the statistics
// of each batch, as in training.

import { DctpsError } from '../errors.js'
import { isKernelLayer, type LayerId } from '../network/layer.js'
import { kernelLayers, type Network } from '../network/network.js'
import { kernelName, type Supports } from '../network/parameters.js'
import type { ProgramOptions } from '../program/compile.js'
import { Key } from '../random/key.js'
import type { Mode } from '../runtime/executor.js'
import type { Runner } from '../runtime/runner.js'
import { BatchLoader } from '../train/batches.js'
import { sgdDefaults } from '../train/options.js'
import { setUpTraining } from '../train/setup.js'
import type { PruneJob, PruneWatch } from './method.js'
import { balancedSamples, samplesPerClass } from './samples.js'
import type { Scores } from './top-scores.js'

/**
 * Most images in one batch: a dense network takes more memory than the sparse one that is trained with the whole batch, and
 * gradients of several batches add up.
 */
const largestBatch = 64

/** The same network with dense kernels. */
export function denseNetwork(network: Network): Network {
  return {
    ...network,
    layers: network.layers.map((layer) => (isKernelLayer(layer) ? { ...layer, kind: 'dense' } : layer)),
  }
}

/** Another twin than the dense network itself. */
export interface TwinOptions extends Pick<ProgramOptions, 'decisions'> {
  readonly network?: Network
}

/** Values of kernels that keep those of `dense` on the supports and are 0 elsewhere. */
export function maskedValues(dense: Float32Array, kept: Uint32Array): Float32Array {
  const values = new Float32Array(dense.length)
  for (const index of kept) values[index] = dense[index]!
  return values
}

/** @throws DctpsError `cancelled` */
export function checkNotCancelled({ signal }: PruneWatch): void {
  if (signal?.aborted) throw new DctpsError('cancelled', 'stopped while pruning')
}

export class DenseTwin {
  /** Kernels at initialisation. */
  readonly initial: Scores
  /** Balanced training images. */
  readonly samples: Uint32Array
  /** Most images in one batch. */
  readonly batch: number
  readonly #job: PruneJob
  readonly #runner: Runner
  readonly #loader: BatchLoader
  readonly #names: ReadonlyMap<LayerId, string>

  private constructor(job: PruneJob, runner: Runner, training: Uint32Array) {
    this.#job = job
    this.#runner = runner
    this.#loader = new BatchLoader(job.dataset, job.network.input)
    const { network, batch } = runner.program
    this.batch = batch
    this.#names = new Map(kernelLayers(network).map((layer) => [layer.id, `${kernelName(layer)}.weight`]))
    this.samples = balancedSamples(job.dataset, training, Key.fromSeed(job.options.seed))
    this.initial = this.#read((name) => runner.parameters.read(name))
  }

  /**
   * Compiles the twin and fills it with the run's initial values.
   * @throws DctpsError as `setUpTraining`
   */
  static async open(
    job: PruneJob,
    { network = denseNetwork(job.network), ...special }: TwinOptions = {},
  ): Promise<DenseTwin> {
    const batch = Math.min(job.options.batch, largestBatch, samplesPerClass * network.classes)
    // No update is made: SGD keeps the least state.
    const options = { ...job.options, batch, optimizer: sgdDefaults }
    const task = { network, supports: new Map(), dataset: job.dataset, options }
    const { runner, split } = await setUpTraining(task, job.platform, null, special)
    return new DenseTwin(job, runner, split.training)
  }

  /** Opens a twin, works with it, and closes it whatever happens. */
  static async use<T>(
    job: PruneJob,
    work: (twin: DenseTwin) => Promise<T>,
    options: TwinOptions = {},
  ): Promise<T> {
    const twin = await DenseTwin.open(job, options)
    try {
      return await work(twin)
    } finally {
      twin.#runner.close()
    }
  }

  /** Writes kernels. `values` gives those of one layer, from its initial ones. */
  write(values: (initial: Float32Array, layer: LayerId) => Float32Array): void {
    for (const [layer, name] of this.#names) {
      this.#runner.parameters.write(name, values(this.initial.get(layer)!, layer))
    }
  }

  /** Writes the initial kernels with 0 outside of the supports. */
  writeMasked(supports: Supports): void {
    this.write((initial, layer) => maskedValues(initial, supports.get(layer)!))
  }

  /**
   * Gradients of all weights on one batch: the mean over its images.
   * @throws DctpsError `cancelled`
   */
  async gradient(batch: Uint32Array): Promise<Scores> {
    await this.#run(batch, 'gradient')
    return this.#read((name) => this.#runner.parameters.gradient(name, batch.length))
  }

  /** Writes down what the network decides on a batch, in a twin that keeps decisions. @throws DctpsError `cancelled` */
  async decide(batch: Uint32Array): Promise<void> {
    await this.#run(batch, 'evaluate')
  }

  async #run(batch: Uint32Array, mode: Mode): Promise<void> {
    checkNotCancelled(this.#job.watch)
    const slot = await this.#runner.nextSlot()
    this.#loader.load(slot, batch, 0, batch.length, null)
    await this.#runner.submit(slot, batch.length, mode)
  }

  #read(values: (name: string) => Float32Array): Scores {
    return new Map([...this.#names].map(([layer, name]) => [layer, values(name)]))
  }
}

/** Mean over the images of all batches, of what is a mean over those of each. */
export async function meanOver(
  batches: readonly Uint32Array[],
  of: (batch: Uint32Array) => Promise<Scores>,
): Promise<Scores> {
  const images = batches.reduce((sum, { length }) => sum + length, 0)
  let sum: Scores = new Map()
  for (const batch of batches) {
    const share = batch.length / images
    const values = await of(batch)
    for (const [layer, array] of values) {
      const before = sum.get(layer)
      for (let i = 0; i < array.length; i++) array[i] = share * array[i]! + (before?.[i] ?? 0)
    }
    sum = values
  }
  return sum
}
