// The time of one layer of d inputs and d outputs, forward and backward, for growing d: dense, and DCTpS at several
// densities, in turns on one thread.

import { dctpsSeconds, fitDctps, fitDense } from './growth-model.js'
import { splitLayer } from './layer-rows.js'
import type { LayerGrowth, LayerGrowthRow } from './results.js'
import { timeInterleaved } from './timing.js'

/** Images that share a layer's weights: one block. */
export const layerBatch = 32
const densities = [0.0001, 0.001, 0.01, 0.05] as const
/** Dense weights of the last take 256 MB. */
const sizes = [128, 256, 512, 1024, 2048, 4096, 8192] as const
const quickSizes = sizes.slice(0, 5)

/** @param progress is told which share is done, and of what */
export async function growLayers(
  quick: boolean,
  progress: (share: number, what: string) => void,
): Promise<LayerGrowth> {
  const used = quick ? quickSizes : sizes
  const times = []
  for (const [index, d] of used.entries()) {
    progress(index / used.length, `layers of ${d} x ${d}`)
    times.push(...(await timeSize(d, quick)))
  }
  const dctps = fitDctps(times.filter(({ kind }) => kind === 'dctps'))
  const dense = fitDense(times.filter(({ kind }) => kind === 'dense'))
  const rows = times.map(
    ({ d, kind, density, nonZeros, seconds }): LayerGrowthRow => ({
      d,
      kind,
      density,
      nonZeros,
      batch: layerBatch,
      microseconds: 1e6 * seconds,
      modelMicroseconds: 1e6 * (kind === 'dense' ? dense * d ** 2 : dctpsSeconds(dctps, d, nonZeros)),
    }),
  )
  return {
    rows,
    model: {
      nanosecondsPerTransformStep: 1e9 * dctps.perTransformStep,
      nanosecondsPerNonZero: 1e9 * dctps.perNonZero,
      nanosecondsPerDenseWeight: 1e9 * dense,
    },
  }
}

async function timeSize(d: number, quick: boolean) {
  const cases = [
    ...densities.map((density) => ({ kind: 'dctps' as const, density })),
    { kind: 'dense' as const, density: 1 },
  ]
  const shape = { size: 1, inChannels: d, outChannels: d, image: 1 }
  const layers = await Promise.all(
    cases.map(async ({ kind, density }) => ({
      kind,
      density,
      ...(await splitLayer(shape, kind, density)),
    })),
  )
  const runs = layers.map(({ forward, backward }) => () => {
    forward()
    backward()
  })
  const rounds = quick ? { rounds: 3, sliceSeconds: 0.03 } : { rounds: 5, sliceSeconds: 0.1 }
  const seconds = timeInterleaved(runs, rounds)
  return layers.map(({ kind, density, nonZeros }, index) => ({
    d,
    kind,
    density,
    nonZeros,
    // Of one image.
    seconds: seconds[index]! / layerBatch,
  }))
}
