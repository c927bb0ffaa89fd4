// Runs one batch of a test case through the engine and collects everything that the float64 reference computes too.

import type { Network } from '#core/network/network'
import type { Supports } from '#core/network/parameters'
import { createNodeRunner } from '#core/node'
import { compileProgram, type ProgramOptions } from '#core/program/compile'

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

export interface RunOptions extends Partial<Pick<ProgramOptions, 'objective' | 'lanes' | 'sharedMemory'>> {
  /** Batch the program is compiled for; at least the images of the case. */
  readonly batch?: number
  readonly threads?: number
  readonly labels?: ArrayLike<number>
  /** `[images][classes]` */
  readonly upstream?: ArrayLike<number>
  readonly mode?: 'evaluate' | 'gradient'
}

export async function runCase(test: EngineCase, options: RunOptions): Promise<EngineResult> {
  const { network, supports } = test
  const program = compileProgram(network, supports, {
    batch: options.batch ?? test.images,
    input: { type: 'floats', source: network.input },
    optimizer: 'sgd',
    objective: options.objective ?? 'crossEntropy',
    ...(options.lanes !== undefined && { lanes: options.lanes }),
    ...(options.sharedMemory !== undefined && { sharedMemory: options.sharedMemory }),
  })
  const runner = await createNodeRunner(program, options.threads ?? 1)
  try {
    for (const [name, values] of test.parameters) runner.parameters.write(name, values)
    const slot = await runner.nextSlot()
    // Whatever an unused place of the slot holds must not matter.
    slot.floats.fill(Number.NaN)
    slot.floats.set(test.x)
    if (options.labels) slot.labels.set(options.labels)
    if (options.upstream) slot.upstream.set(options.upstream)
    const mode = options.mode ?? 'gradient'
    const { lossSum, correct } = await runner.submit(slot, test.images, mode)
    const parameters = runner.parameters.parameters
    const trained = mode === 'gradient' ? parameters.filter((p) => p.trainable) : []
    return {
      logits: slot.logits.slice(0, test.images * network.classes),
      inputGradient: slot.inputGradient.slice(0, test.x.length),
      gradients: new Map(trained.map((p) => [p.name, runner.parameters.gradient(p.name, test.images)])),
      buffers: new Map(
        parameters.filter((p) => !p.trainable).map((p) => [p.name, runner.parameters.read(p.name)]),
      ),
      lossSum,
      correct,
    }
  } finally {
    runner.close()
  }
}
