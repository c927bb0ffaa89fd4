// The host's view of a slot: where to write a batch, and where its results are.

import type { Program } from '../program/program.js'
import { slotHeader } from '../program/slot.js'
import { activationSize } from '../shape/activation.js'
import { type Mode, modes } from './executor.js'

/** What the optimiser needs to know for one step. */
export type StepHyperparameters =
  | {
      readonly type: 'sgd'
      readonly learningRate: number
      readonly momentum: number
      readonly weightDecay: number
    }
  | {
      readonly type: 'adam'
      readonly learningRate: number
      readonly beta1: number
      readonly beta2: number
      readonly epsilon: number
      readonly weightDecay: number
      /** Steps taken including this one, from 1. */
      readonly step: number
    }

export interface BatchResult {
  readonly images: number
  /** Sum of the images' cross-entropies. */
  readonly lossSum: number
  readonly correct: number
}

/** One slot, its arrays views of the program's memory. */
export class BatchSlot {
  readonly index: number
  /** Raw bytes, or float32, `[batch][C][H][W]`. */
  readonly pixels: Uint8Array
  readonly floats: Float32Array
  readonly labels: Int32Array
  /** `[batch][4]`: top, left, flipped, unused. */
  readonly placements: Int32Array
  /** `[batch][classes]`, valid once the batch is done. */
  readonly logits: Float32Array
  /** `[batch][classes]`, to be given with an upstream objective; empty otherwise. */
  readonly upstream: Float32Array
  /** `[batch][C][H][W]`, valid once a batch with an upstream objective is done; empty otherwise. */
  readonly inputGradient: Float32Array
  readonly #mask: Int32Array
  readonly #integers: Int32Array
  readonly #header: Float32Array
  readonly #results: Float64Array
  readonly #lanes: number
  readonly #batch: number

  constructor(program: Program, memory: WebAssembly.Memory, index: number) {
    const { slot, batch, blocks, lanes, network } = program
    const base = program.memory.slotsAddress + index * program.memory.slotStride
    const imagesAt = base + slot.images
    this.index = index
    this.#lanes = lanes
    this.#batch = batch
    this.pixels = new Uint8Array(memory.buffer, imagesAt, batch * slot.imageBytes)
    this.floats = new Float32Array(memory.buffer, imagesAt, Math.floor((batch * slot.imageBytes) / 4))
    this.labels = new Int32Array(memory.buffer, base + slot.labels, batch)
    this.placements = new Int32Array(memory.buffer, base + slot.placements, batch * 4)
    this.logits = new Float32Array(memory.buffer, base + slot.logits, batch * network.classes)
    const given = program.objective === 'upstream' ? batch : 0
    this.upstream = new Float32Array(memory.buffer, base + slot.upstream, given * network.classes)
    this.inputGradient = new Float32Array(
      memory.buffer,
      base + slot.inputGradient,
      given * activationSize(network.input),
    )
    this.#mask = new Int32Array(memory.buffer, base + slot.mask, blocks * lanes)
    this.#integers = new Int32Array(memory.buffer, base, 4)
    this.#header = new Float32Array(memory.buffer, base, 16)
    this.#results = new Float64Array(memory.buffer, base + slot.results, blocks * 2)
  }

  /** Fills the header for a batch of `images`. */
  prepare(images: number, mode: Mode, hyper: StepHyperparameters | null): void {
    if (images < 1 || images > this.#batch)
      throw new RangeError(`a slot holds 1 to ${this.#batch} images, not ${images}`)
    this.#integers[slotHeader.images / 4] = images
    this.#integers[slotHeader.blocks / 4] = Math.ceil(images / this.#lanes)
    this.#integers[slotHeader.mode / 4] = modes[mode]
    this.#mask.fill(0).fill(-1, 0, images)
    if (hyper === null) return
    const set = (offset: number, value: number): void => {
      this.#header[offset / 4] = value
    }
    set(slotHeader.learningRate, hyper.learningRate)
    set(slotHeader.weightDecay, hyper.weightDecay)
    if (hyper.type === 'sgd') {
      set(slotHeader.momentum, hyper.momentum)
    } else {
      set(slotHeader.momentum, hyper.beta1)
      set(slotHeader.beta2, hyper.beta2)
      set(slotHeader.epsilon, hyper.epsilon)
      set(slotHeader.inverseCorrection1, 1 / (1 - hyper.beta1 ** hyper.step))
      set(slotHeader.inverseRootCorrection2, 1 / Math.sqrt(1 - hyper.beta2 ** hyper.step))
      set(slotHeader.rest1, 1 - hyper.beta1)
      set(slotHeader.rest2, 1 - hyper.beta2)
    }
  }

  /** Results of the finished batch, summed in block order. */
  result(): BatchResult {
    const images = this.#integers[slotHeader.images / 4]!
    const blocks = this.#integers[slotHeader.blocks / 4]!
    let lossSum = 0
    let correct = 0
    for (let block = 0; block < blocks; block++) {
      lossSum += this.#results[2 * block]!
      correct += this.#results[2 * block + 1]!
    }
    return { images, lossSum, correct }
  }
}
