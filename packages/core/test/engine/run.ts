// Runs batches of a test case through the engine and collects everything that the float64 reference computes too.

import type { Network } from '#core/network/network'
import type { Supports } from '#core/network/parameters'
import { createNodeRunner } from '#core/node'
import { compileProgram, type ProgramOptions } from '#core/program/compile'
import type { OptimizerType } from '#core/program/parameter-layout'
import type { BatchResult, StepHyperparameters } from '#core/runtime/batch'
import type { Mode } from '#core/runtime/executor'
import type { Runner } from '#core/runtime/runner'

export interface EngineCase {
  readonly network: Network
  readonly supports: Supports
  readonly parameters: ReadonlyMap<string, ArrayLike<number>>
  readonly images: number
  readonly x: ArrayLike<number>
}

export interface EngineResult {
  readonly logits: Float32Array
  readonly inputGradient: Float32Array
  readonly gradients: ReadonlyMap<string, Float32Array>
  readonly buffers: ReadonlyMap<string, Float32Array>
  readonly lossSum: number
  readonly correct: number
}

interface EngineOptions
  extends Partial<
    Pick<ProgramOptions, 'objective' | 'lanes' | 'sharedMemory' | 'rates' | 'simd' | 'positions'>
  > {
  /** Batch the program is compiled for; at least the images of the case. */
  readonly batch?: number
  readonly threads?: number
  readonly optimizer?: OptimizerType
}

export interface RunOptions extends Omit<EngineOptions, 'optimizer'> {
  readonly labels?: ArrayLike<number>
  /** `[images][classes]` */
  readonly upstream?: ArrayLike<number>
  readonly mode?: 'evaluate' | 'gradient'
}

export interface Batch {
  readonly images: number
  readonly x: ArrayLike<number>
  readonly labels?: ArrayLike<number>
  /** `[images][classes]` */
  readonly upstream?: ArrayLike<number>
}

/** What a batch gave, copied out of its slot. */
export interface BatchOutput extends BatchResult {
  readonly logits: Float32Array
  readonly inputGradient: Float32Array
}

/** Learning rates that move parameters visibly within a few steps. */
export function hyperparameters(optimizer: OptimizerType, step: number): StepHyperparameters {
  return optimizer === 'sgd'
    ? { type: 'sgd', learningRate: 0.02, momentum: 0.9, weightDecay: 1e-2 }
    : { type: 'adam', learningRate: 3e-3, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 1e-2, step }
}

/** A compiled case with its parameters written, for several batches one after the other. */
export class Session {
  readonly runner: Runner

  private constructor(runner: Runner) {
    this.runner = runner
  }

  static async open({ network, supports, parameters, images }: EngineCase, options: EngineOptions) {
    const program = compileProgram(network, supports, {
      batch: options.batch ?? images,
      input: { type: 'floats', source: network.input },
      optimizer: options.optimizer ?? 'sgd',
      objective: options.objective ?? 'crossEntropy',
      ...(options.rates !== undefined && { rates: options.rates }),
      ...(options.lanes !== undefined && { lanes: options.lanes }),
      ...(options.simd !== undefined && { simd: options.simd }),
      ...(options.positions !== undefined && { positions: options.positions }),
      ...(options.sharedMemory !== undefined && { sharedMemory: options.sharedMemory }),
    })
    const session = new Session(await createNodeRunner(program, options.threads ?? 1))
    session.write(parameters)
    return session
  }

  /** Opens a session, works with it, and closes it whatever happens. */
  static async use<T>(
    test: EngineCase,
    options: EngineOptions,
    work: (session: Session) => Promise<T>,
  ): Promise<T> {
    const session = await Session.open(test, options)
    try {
      return await work(session)
    } finally {
      session.runner.close()
    }
  }

  write(parameters: ReadonlyMap<string, ArrayLike<number>>): void {
    for (const [name, values] of parameters) this.runner.parameters.write(name, values)
  }

  async run(batch: Batch, mode: Mode, hyper?: StepHyperparameters): Promise<BatchOutput> {
    const slot = await this.runner.nextSlot()
    // Whatever an unused place of the slot holds must not matter.
    slot.floats.fill(Number.NaN)
    slot.floats.set(batch.x)
    slot.upstream.fill(Number.NaN)
    if (batch.labels) slot.labels.set(batch.labels)
    if (batch.upstream) slot.upstream.set(batch.upstream)
    const result = await this.runner.submit(slot, batch.images, mode, hyper)
    return {
      ...result,
      logits: slot.logits.slice(0, batch.images * this.runner.program.network.classes),
      inputGradient: slot.inputGradient.slice(0, batch.x.length),
    }
  }

  /** Gradients of all trainable parameters after a batch of `images`. */
  gradients(images: number): ReadonlyMap<string, Float32Array> {
    const { parameters } = this.runner
    const trained = parameters.parameters.filter((parameter) => parameter.trainable)
    return new Map(trained.map(({ name }) => [name, parameters.gradient(name, images)]))
  }

  /** Values of all parameters, and the optimiser's state. */
  state(): ReadonlyMap<string, Float32Array> {
    const { parameters } = this.runner
    const state = new Map<string, Float32Array>()
    for (const { name, trainable } of parameters.parameters) {
      state.set(name, parameters.read(name))
      if (!trainable) continue
      for (const [index, stateName] of parameters.stateNames.entries())
        state.set(`${stateName} of ${name}`, parameters.readState(name, index))
    }
    return state
  }
}

/** Runs one batch of a case in a program of its own. */
export function runCase(test: EngineCase, options: RunOptions): Promise<EngineResult> {
  const { labels, upstream, mode = 'gradient', ...engine } = options
  return Session.use(test, engine, async (session) => {
    const batch = { images: test.images, x: test.x, ...(labels && { labels }), ...(upstream && { upstream }) }
    const output = await session.run(batch, mode)
    const fixed = session.runner.parameters.parameters.filter((parameter) => !parameter.trainable)
    return {
      ...output,
      gradients: mode === 'gradient' ? session.gradients(test.images) : new Map(),
      buffers: new Map(fixed.map(({ name }) => [name, session.runner.parameters.read(name)])),
    }
  })
}
