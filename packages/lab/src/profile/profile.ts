// Where the time of a training step goes: the whole step runs on one thread as in training, and every kernel call is timed
// in its place, so that caches hold what they hold in training.

import {
  byteValues,
  compileProgram,
  initialValues,
  Key,
  type Network,
  type SimdFlavour,
  type Supports,
  type TransformCache,
} from 'dctps'
import type { Step } from 'dctps/internal/program/step'
import { noBarrier } from 'dctps/internal/runtime/barrier'
import { BatchSlot, type StepHyperparameters } from 'dctps/internal/runtime/batch'
import { Executor, type Kernel } from 'dctps/internal/runtime/executor'
import { compileModules, createMemory, instantiate } from 'dctps/internal/runtime/modules'
import { ParameterStore } from 'dctps/internal/runtime/parameter-store'
import { hugePages } from '../huge-pages.js'
import { type MachinePeaks, measurePeaks } from './peaks.js'

/** One kernel of one step of the program, over all rows and blocks of a batch. */
export interface CallProfile {
  readonly step: string
  /** Layer that the step belongs to; null for what belongs to none. */
  readonly layer: string | null
  /** Name of the kernel; `transform` and `adjoint` for emitted ones. */
  readonly kernel: string
  readonly pass: 'forward' | 'backward' | 'update'
  /** Median over the measured steps. */
  readonly seconds: number
  /** Bytes of the activations that it touches, each once: the least that it moves. */
  readonly bytes: number
}

export interface LayerProfile {
  readonly layer: string
  readonly forwardSeconds: number
  readonly backwardSeconds: number
  /** Of the whole batch, as executed. */
  readonly multiplyAdds: number
  readonly bytes: number
}

export interface StepProfile {
  readonly batch: number
  readonly seconds: number
  readonly peaks: MachinePeaks
  readonly calls: readonly CallProfile[]
  readonly layers: readonly LayerProfile[]
}

export interface ProfileOptions {
  readonly batch: number
  /** Training steps that are measured. */
  readonly steps: number
  readonly simd: SimdFlavour
  readonly transforms?: TransformCache
  /** Called after each step, those for warming up included. */
  readonly onStep?: (done: number, total: number) => void
}

/** Steps before the engine's optimising compiler has replaced its first, quick translation. */
const warmUpSteps = 4

/** Nothing moves: parameters stay what they are, however often the update runs. */
export const still: StepHyperparameters = {
  type: 'adam',
  learningRate: 0,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  step: 1,
}

/** @throws DctpsError `program` when the batch does not fit into memory */
export async function profileTraining(
  network: Network,
  supports: Supports,
  { batch, steps: measured, simd, transforms, onStep }: ProfileOptions,
): Promise<StepProfile> {
  const input = { type: 'bytes', source: network.input } as const
  const program = compileProgram(network, supports, { batch, input, optimizer: 'adam', simd }, transforms)
  const memory = createMemory(program, 1, await hugePages())
  const kernels = await instantiate(await compileModules(program), memory)
  const parameters = new ParameterStore(program, memory)
  for (const [name, values] of initialValues(network, supports, Key.fromSeed(0)))
    parameters.write(name, values)
  fillSlot(new BatchSlot(program, memory, 0), network, batch)
  const half = Array.from({ length: network.input.channels }, () => 0.5)
  new Float32Array(memory.buffer, program.normalisationTable, half.length * 256).set(
    byteValues({ mean: half, std: half }),
  )

  const gradient = program.gradient?.steps ?? []
  const steps = [...gradient, ...(program.update?.steps ?? [])]
  const clock = new CallClock(steps, kernels)
  const { memory: map } = program
  const list = { steps: clock.steps, buffers: [] }
  const executor = new Executor(
    { memory: map, evaluate: list, gradient: null, update: null, growth: null },
    clock.kernels,
    memory,
    noBarrier,
    0,
    1,
  )
  for (let step = -warmUpSteps; step < measured; step++) {
    if (step === 0) clock.start()
    executor.run(0)
    clock.endStep()
    onStep?.(step + warmUpSteps + 1, measured + warmUpSteps)
    // Signals and drawing get a turn.
    await new Promise((resolve) => setTimeout(resolve))
  }
  const turn = firstBackwardStep(gradient)
  const blocks = program.blocks
  const calls = steps
    .flatMap((step, index) =>
      step.calls.map(
        (call, place): CallProfile => ({
          step: step.name,
          layer: step.layer === null ? null : network.layers[step.layer]!.name,
          kernel: program.modules.has(call.kernel) ? kindOfTransform(call.kernel) : call.kernel,
          pass: index >= gradient.length ? 'update' : index < turn ? 'forward' : 'backward',
          seconds: clock.median(index, place),
          bytes: call.bytes * blocks,
        }),
      ),
    )
    // Calls that were left out.
    .filter(({ seconds }) => seconds > 0)
  return {
    batch,
    seconds: calls.reduce((sum, { seconds }) => sum + seconds, 0),
    peaks: measurePeaks(kernels, memory),
    calls,
    layers: byLayer(calls, steps, network, batch),
  }
}

function fillSlot(slot: BatchSlot, network: Network, batch: number): void {
  // Multiplicative hashing (Knuth): images without meaning.
  slot.pixels.forEach((_, i, pixels) => {
    pixels[i] = Math.imul(i, 2654435761) >>> 24
  })
  for (let i = 0; i < batch; i++) slot.labels[i] = i % network.classes
  slot.prepare(batch, 'evaluate', still)
}

/** The loss is the last step of the forward pass. */
function firstBackwardStep(steps: readonly Step[]): number {
  return steps.findIndex(({ calls }) => calls.some(({ kernel }) => kernel === 'softmaxCrossEntropy')) + 1
}

function kindOfTransform(key: string): string {
  return key.startsWith('adjoint') ? 'adjoint' : 'transform'
}

function byLayer(
  calls: readonly CallProfile[],
  steps: readonly Step[],
  network: Network,
  batch: number,
): LayerProfile[] {
  return network.layers.flatMap(({ id, name }) => {
    const own = calls.filter(({ layer }) => layer === name)
    if (own.length === 0) return []
    const total = (list: readonly CallProfile[], field: 'seconds' | 'bytes') =>
      list.reduce((sum, call) => sum + call[field], 0)
    return [
      {
        layer: name,
        forwardSeconds: total(
          own.filter(({ pass }) => pass === 'forward'),
          'seconds',
        ),
        backwardSeconds: total(
          own.filter(({ pass }) => pass !== 'forward'),
          'seconds',
        ),
        multiplyAdds:
          batch *
          steps.filter(({ layer }) => layer === id).reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0),
        bytes: total(own, 'bytes'),
      },
    ]
  })
}

/** Wraps every call of a step list into a timer of its own. */
class CallClock {
  readonly steps: readonly Step[]
  readonly kernels: ReadonlyMap<string, Kernel>
  readonly #seconds = new Map<string, number>()
  readonly #history = new Map<string, number[]>()
  #isRecording = false

  constructor(steps: readonly Step[], kernels: ReadonlyMap<string, Kernel>) {
    const timed = new Map<string, Kernel>()
    this.steps = steps.map((step, index) => ({
      ...step,
      calls: step.calls.map((call, place) => {
        const key = callKey(index, place)
        timed.set(key, this.#timed(key, kernels.get(call.kernel)!))
        this.#history.set(key, [])
        return { ...call, kernel: key }
      }),
    }))
    this.kernels = timed
  }

  /** From now on steps count. */
  start(): void {
    this.#isRecording = true
  }

  endStep(): void {
    if (this.#isRecording) for (const [key, list] of this.#history) list.push(this.#seconds.get(key) ?? 0)
    this.#seconds.clear()
  }

  median(step: number, place: number): number {
    const sorted = [...(this.#history.get(callKey(step, place)) ?? [])].sort((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  }

  #timed(key: string, kernel: Kernel): Kernel {
    return (...operands) => {
      const begin = performance.now()
      kernel(...operands)
      this.#seconds.set(key, (this.#seconds.get(key) ?? 0) + (performance.now() - begin) / 1000)
    }
  }
}

function callKey(step: number, place: number): string {
  return `${step}.${place}`
}
