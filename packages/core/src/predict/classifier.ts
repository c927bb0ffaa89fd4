// A model put to use: raw images in, class probabilities out. Training and files are elsewhere.

import { DctpsError } from '../errors.js'
import type { Model } from '../file/model.js'
import { compileProgram } from '../program/compile.js'
import type { Runner } from '../runtime/runner.js'
import { type ActivationShape, activationSize } from '../shape/activation.js'
import { BatchLoader, byteValues } from '../train/batches.js'
import type { TrainPlatform } from '../train/setup.js'

export interface Answer {
  readonly label: number
  readonly className: string
  /** Softmax probability of the answer, 0..1. */
  readonly probability: number
  /** Probabilities of all classes. */
  readonly probabilities: Float32Array
}

export class Classifier {
  readonly model: Model
  readonly #runner: Runner
  readonly #shape: ActivationShape

  private constructor(model: Model, runner: Runner, shape: ActivationShape) {
    this.model = model
    this.#runner = runner
    this.#shape = shape
  }

  /**
   * Compiles a model for inference.
   * @param shape of the images that will be shown: the network's input, or smaller (padded in the middle)
   * @param batch most images at once; small batches answer faster, large ones cost less an image
   */
  static async create(
    model: Model,
    platform: TrainPlatform,
    shape: ActivationShape = model.network.input,
    batch = 16,
  ): Promise<Classifier> {
    const program = compileProgram(
      model.network,
      model.supports,
      {
        batch,
        input: { type: 'bytes', source: shape },
        optimizer: null,
        sharedMemory: platform.sharedMemory ?? true,
        simd: platform.simd ?? 'plain',
      },
      platform.transforms,
    )
    const runner = await platform.createRunner(program)
    runner.setByteValues(byteValues(model.normalisation))
    for (const [name, values] of model.parameters) runner.parameters.write(name, values)
    return new Classifier(model, runner, shape)
  }

  /**
   * Answers for raw images.
   * @param pixels bytes `[images][C][H][W]`
   * @throws DctpsError `data` when the length is not a whole number of images
   */
  async classify(pixels: Uint8Array): Promise<Answer[]> {
    const size = activationSize(this.#shape)
    const images = pixels.length / size
    if (!Number.isInteger(images)) {
      throw new DctpsError('data', `${pixels.length} bytes are not a whole number of images of ${size} bytes`)
    }
    const dataset = {
      name: 'images',
      shape: this.#shape,
      classes: this.model.classNames,
      pixels,
      labels: new Uint16Array(images),
    }
    const { batch, network } = this.#runner.program
    const loader = new BatchLoader(dataset, network.input)
    const indices = Uint32Array.from(dataset.labels, (_, index) => index)
    const answers: Answer[] = []
    for (let start = 0; start < images; start += batch) {
      const count = Math.min(batch, images - start)
      const slot = await this.#runner.nextSlot()
      loader.load(slot, indices, start, count, null)
      await this.#runner.submit(slot, count, 'evaluate')
      for (let i = 0; i < count; i++) {
        answers.push(this.#answer(slot.logits.subarray(i * network.classes, (i + 1) * network.classes)))
      }
    }
    return answers
  }

  close(): void {
    this.#runner.close()
  }

  #answer(logits: Float32Array): Answer {
    const largest = logits.reduce((a, b) => Math.max(a, b))
    const exponentials = Float64Array.from(logits, (logit) => Math.exp(logit - largest))
    const sum = exponentials.reduce((a, b) => a + b)
    const probabilities = Float32Array.from(exponentials, (value) => value / sum)
    const label = logits.indexOf(largest)
    return {
      label,
      className: this.model.classNames[label] ?? '',
      probability: probabilities[label] ?? Number.NaN,
      probabilities,
    }
  }
}
