// Emitted transforms, forward and adjoint, against the dense matrix product of the same layer on the same tiles, and
// against the slow reference.

import { compileProgram, TransformCache } from 'dctps'
import type { Step } from 'dctps/internal/program/step'
import { patchLength } from 'dctps/internal/shape/kernel'
import type { EmittedTransform, TransformRequest } from 'dctps/internal/transform/index'
import { dctMatrix, product, transposedProduct } from 'dctps/internal/transform/index'
import { fastestSimd } from 'dctps/node'
import { BenchProgram } from './bench-program.js'
import {
  type LayerShape,
  largestShape,
  layerNetwork,
  layerSupports,
  shapeName,
  transformShapes,
} from './layer-shapes.js'
import type { TransformRow } from './results.js'
import { type Rounds, timeInterleaved } from './timing.js'

/** One block of images: what one thread works on. */
const batch = 32
/** Entries of the largest matrix that the reference stores: 8 MB in float64. */
const largestReference = 2 ** 20

type Direction = TransformRow['direction']
const directions: readonly Direction[] = ['forward', 'adjoint']

/** The call that each direction is in the dense network. */
const denseKernels = { forward: 'denseForward', adjoint: 'denseInputGradient' } as const

export async function* benchTransforms(quick: boolean): AsyncGenerator<TransformRow> {
  const rounds = quick ? { rounds: 3, sliceSeconds: 0.01 } : { rounds: 5, sliceSeconds: 0.04 }
  for (const shape of quick ? transformShapes : [...transformShapes, largestShape])
    yield* benchShape(shape, rounds)
}

async function* benchShape(shape: LayerShape, rounds: Rounds): AsyncGenerator<TransformRow> {
  const built = new TimedTransforms()
  const dctps = await createLayer(shape, 'dctps', built)
  const dense = await createLayer(shape, 'dense')
  const pixels = batch * shape.image ** 2
  for (const direction of directions) {
    const { emitted, buildSeconds } = built.of(direction)
    const reference = referenceRun(shape, direction)
    const [seconds, denseSeconds, referenceSeconds] = timeInterleaved(
      [
        dctps.runs(callsOf(dctps, (kernel) => dctps.program.modules.get(kernel) === emitted)),
        dense.runs(callsOf(dense, (kernel) => kernel === denseKernels[direction])),
        ...(reference === null ? [] : [reference]),
      ],
      rounds,
    )
    yield {
      layer: shapeName(shape),
      direction,
      nanoseconds: (seconds! / pixels) * 1e9,
      denseNanoseconds: (denseSeconds! / pixels) * 1e9,
      referenceNanoseconds: referenceSeconds === undefined ? null : referenceSeconds * 1e9,
      buildMilliseconds: buildSeconds * 1000,
      codeBytes: emitted.bytes.length,
    }
  }
}

/** A program of one layer that also computes the gradient of its input, with numbers in all the tiles it reads. */
async function createLayer(
  shape: LayerShape,
  kind: 'dctps' | 'dense',
  transforms?: TransformCache,
): Promise<BenchProgram> {
  const network = layerNetwork(shape, kind)
  const options = {
    batch,
    lanes: batch,
    input: { type: 'floats', source: network.input },
    optimizer: 'sgd',
    simd: fastestSimd(),
    objective: 'upstream',
  } as const
  // A single stored value: S is not what is timed.
  const supports = layerSupports(network, Number.MIN_VALUE)
  const bench = await BenchProgram.create(compileProgram(network, supports, options, transforms))
  bench.fillKernels()
  // A dense weight's gradient would touch as much memory again.
  bench.runs(
    gradientSteps(bench).filter((step) => step.calls.every((call) => call.kernel !== 'denseGradient')),
  )()
  return bench
}

function gradientSteps({ program }: BenchProgram): readonly Step[] {
  return program.gradient?.steps ?? []
}

/** The program's steps, reduced to the calls of one kernel. */
function callsOf(bench: BenchProgram, wanted: (kernel: string) => boolean): Step[] {
  return gradientSteps(bench).flatMap((step) => {
    const calls = step.calls.filter((call) => wanted(call.kernel))
    return calls.length > 0 ? [{ ...step, calls, barrier: false }] : []
  })
}

/** One product with the stored matrix; null where that is too large. */
function referenceRun(
  { size, inChannels, outChannels }: LayerShape,
  direction: Direction,
): (() => void) | null {
  const inputs = patchLength({ inChannels, outChannels, size, stride: 1, padding: 0, groups: 1 })
  if (inputs * outChannels > largestReference) return null
  const matrix = dctMatrix(Math.max(inputs, outChannels), outChannels, inputs)
  const x = new Float64Array(direction === 'forward' ? inputs : outChannels).fill(0.5)
  return () => (direction === 'forward' ? product(matrix, x) : transposedProduct(matrix, x))
}

interface BuiltTransform {
  readonly emitted: EmittedTransform
  readonly buildSeconds: number
}

/** Keeps how long each transform took to emit and to compile. */
class TimedTransforms extends TransformCache {
  readonly #built = new Map<Direction, BuiltTransform>()

  override get(key: string, request: TransformRequest): EmittedTransform {
    const begin = performance.now()
    const emitted = super.get(key, request)
    // Here and not where the program starts, since the engine remembers code that it has compiled before.
    new WebAssembly.Module(emitted.bytes)
    const buildSeconds = (performance.now() - begin) / 1000
    this.#built.set(request.adjoint ? 'adjoint' : 'forward', { emitted, buildSeconds })
    return emitted
  }

  of(direction: Direction): BuiltTransform {
    const built = this.#built.get(direction)
    if (built === undefined) throw new Error(`the program has no ${direction} transform`)
    return built
  }
}
