// Where the time of a training step goes: every kernel call of a program in its order, on one thread, timed in place, so
// that caches hold what they hold in training.

import { compileProgram, initialValues, Key, type Network, type Supports } from 'dctps'
import type { Step } from 'dctps/internal/program/step'
import { fastestSimd } from 'dctps/node'
import { BenchProgram } from './bench-program.js'
import { median } from './timing.js'

/** One kernel of one step, over all rows and blocks of a batch. */
export interface StepTime {
  readonly step: string
  /** Kernel name; `transform` and `adjoint` are D and its adjoint. */
  readonly kernel: string
  readonly seconds: number
  readonly share: number
}

/** Passes before the engine's optimising compiler is done with everything. */
const warmUp = 10

/** @returns the largest first */
export async function profileStep(
  network: Network,
  supports: Supports,
  batch: number,
  passes: number,
): Promise<StepTime[]> {
  const input = { type: 'bytes', source: network.input } as const
  const bench = await BenchProgram.create(
    compileProgram(network, supports, { batch, input, optimizer: 'adam', simd: fastestSimd() }),
  )
  for (const [name, values] of initialValues(network, supports, Key.fromSeed(0)))
    bench.parameters.write(name, values)
  const { gradient, update } = bench.program
  const parts = [...(gradient?.steps ?? []), ...(update?.steps ?? [])].flatMap(singleCalls)
  const runs = parts.map((part) => bench.runs([part]))
  const times = parts.map((): number[] => [])
  for (let pass = -warmUp; pass < passes; pass++) {
    runs.forEach((run, index) => {
      const begin = performance.now()
      run()
      if (pass >= 0) times[index]!.push((performance.now() - begin) / 1000)
    })
  }
  const seconds = times.map(median)
  const total = seconds.reduce((sum, value) => sum + value, 0)
  return parts
    .map((part, index) => ({
      step: part.name,
      kernel: kernelName(part.calls[0]!.kernel, bench),
      seconds: seconds[index]!,
      share: seconds[index]! / total,
    }))
    .sort((a, b) => b.seconds - a.seconds)
}

/** Sums by kernel, the largest first. */
export function byKernel(rows: readonly StepTime[]): StepTime[] {
  const sums = new Map<string, StepTime>()
  for (const { kernel, seconds, share } of rows) {
    const sum = sums.get(kernel) ?? { step: 'all', kernel, seconds: 0, share: 0 }
    sums.set(kernel, { ...sum, seconds: sum.seconds + seconds, share: sum.share + share })
  }
  return [...sums.values()].sort((a, b) => b.seconds - a.seconds)
}

/** A step for each call. Rows of one step are independent, so the order of their calls does not matter for time. */
function singleCalls(step: Step): Step[] {
  return step.calls.map((call) => ({ ...step, calls: [call], barrier: false }))
}

function kernelName(name: string, { program }: BenchProgram): string {
  if (!program.modules.has(name)) return name
  return name.startsWith('adjoint') ? 'adjoint' : 'transform'
}
