// Whole layers in the three kinds: what a network pays for D, S or W, in both directions.

import { compileProgram, kernelCount, kernelKinds, TransformCache } from 'dctps'
import type { Step } from 'dctps/internal/program/step'
import { fastestSimd } from 'dctps/node'
import { BenchProgram } from './bench-program.js'
import { type LayerShape, layerNetwork, layerShapes, layerSupports, shapeName } from './layer-shapes.js'
import type { LayerRow } from './results.js'
import { timeInterleaved } from './timing.js'

const batch = 32
const density = 0.01

export async function* benchLayers(quick: boolean): AsyncGenerator<LayerRow> {
  const rounds = quick ? { rounds: 3, sliceSeconds: 0.02 } : { rounds: 5, sliceSeconds: 0.06 }
  for (const shape of layerShapes) {
    const layers = await Promise.all(kernelKinds.map((kind) => splitLayer(shape, kind, density)))
    const seconds = timeInterleaved(
      layers.flatMap(({ forward, backward }) => [forward, backward]),
      rounds,
    )
    yield* kernelKinds.map((kind, index) => ({
      layer: shapeName(shape),
      kind,
      density: kind === 'dense' ? 1 : density,
      batch,
      forwardImagesPerSecond: batch / seconds[2 * index]!,
      backwardImagesPerSecond: batch / seconds[2 * index + 1]!,
    }))
  }
}

/** The layer's own steps before and after the turn of the program, its upstream gradient. */
export async function splitLayer(
  shape: LayerShape,
  kind: LayerRow['kind'],
  density: number,
): Promise<{ forward: () => void; backward: () => void; nonZeros: number }> {
  const network = layerNetwork(shape, kind)
  const options = {
    batch,
    lanes: batch,
    input: { type: 'floats', source: network.input },
    optimizer: 'sgd',
    simd: fastestSimd(),
    objective: 'upstream',
  } as const
  const supports = layerSupports(network, density)
  const program = compileProgram(network, supports, options, new TransformCache())
  const bench = await BenchProgram.create(program)
  bench.fillKernels()
  const steps = program.gradient?.steps ?? []
  bench.runs(steps)()
  const turn = steps.findIndex((step) => step.name === 'upstream gradient')
  const layer = network.layers.find(({ name }) => name === 'layer')?.id
  const own = (part: readonly Step[]) => bench.runs(part.filter((step) => step.layer === layer))
  const stored = layer === undefined ? undefined : supports.get(layer)
  const nonZeros = stored?.length ?? kernelCount(network)
  return { forward: own(steps.slice(0, turn)), backward: own(steps.slice(turn)), nonZeros }
}
