// The engine as fixtures use it: a compiled network with given parameters, run batch by batch.

import type { Network } from 'dctps/internal/network/network'
import type { Supports } from 'dctps/internal/network/parameters'
import { compileProgram, type ProgramOptions } from 'dctps/internal/program/compile'
import type { TransformCache } from 'dctps/internal/program/transform-cache'
import type { BatchResult, StepHyperparameters } from 'dctps/internal/runtime/batch'
import type { Mode } from 'dctps/internal/runtime/executor'
import type { Runner } from 'dctps/internal/runtime/runner'
import type { SimdFlavour } from 'dctps/internal/transform/simd'
import { createNodeRunner } from 'dctps/node'

/** Enough to run in lockstep, few enough for any machine. */
const threads = 2

export type ParameterValues = ReadonlyMap<string, ArrayLike<number>>

/** A batch, and what it gave: views that the next batches overwrite. */
export interface BatchRun extends BatchResult {
  /** `[images][classes]` */
  readonly logits: Float32Array
  /** `[images][C][H][W]`, with an upstream objective. */
  readonly inputGradient: Float32Array
}

export interface Batch {
  /** `[images][C][H][W]` */
  readonly x: ArrayLike<number>
  readonly images: number
  /** `[images]` */
  readonly labels?: ArrayLike<number>
  /** `[images][classes]` */
  readonly upstream?: ArrayLike<number>
}

/** How the programs of one file are made. */
export interface EngineOptions {
  readonly simd: SimdFlavour
  readonly transforms: TransformCache
}

export class FixtureEngine {
  readonly #runner: Runner

  private constructor(runner: Runner) {
    this.#runner = runner
  }

  /** Runs `work` with a compiled network on worker threads, which are gone afterwards. */
  static async use<T>(
    network: Network,
    supports: Supports,
    options: Pick<ProgramOptions, 'batch' | 'optimizer' | 'objective'>,
    { simd, transforms }: EngineOptions,
    work: (engine: FixtureEngine) => Promise<T>,
  ): Promise<T> {
    const input = { type: 'floats', source: network.input } as const
    // The fixtures train all parameters in one group.
    const program = compileProgram(
      network,
      supports,
      { ...options, simd, input, rates: 'uniform' },
      transforms,
    )
    const runner = await createNodeRunner(program, threads)
    try {
      return await work(new FixtureEngine(runner))
    } finally {
      runner.close()
    }
  }

  /** Writes parameters; those not named keep their values. */
  write(values: ParameterValues): void {
    for (const [name, numbers] of values) this.#runner.parameters.write(name, numbers)
  }

  async run(batch: Batch, mode: Mode, hyper?: StepHyperparameters): Promise<BatchRun> {
    const slot = await this.#runner.nextSlot()
    slot.floats.set(batch.x)
    if (batch.labels !== undefined) slot.labels.set(batch.labels)
    if (batch.upstream !== undefined) slot.upstream.set(batch.upstream)
    const result = await this.#runner.submit(slot, batch.images, mode, hyper)
    return {
      ...result,
      logits: slot.logits.subarray(0, batch.images * this.#runner.program.network.classes),
      inputGradient: slot.inputGradient.subarray(0, batch.x.length),
    }
  }

  /** The gradient after a batch of `images`. */
  gradient(name: string, images: number): Float32Array {
    return this.#runner.parameters.gradient(name, images)
  }
}
