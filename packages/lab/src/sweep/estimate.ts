// What a sweep would take, found out without training it: memory from compiled programs, time from a few training steps
// of each shape of run. Nothing is written.

import {
  buildSpec,
  findArchitecture,
  programBytes,
  type SupportSource,
  Trainer,
  type TransformCache,
} from 'dctps'
import { cachedTransforms } from 'dctps/node'
import {
  architectureOptions,
  kernelOptions,
  type RunConfig,
  supportSource,
  trainOptions,
} from '../config/index.js'
import type { OpenedDataset } from '../data/index.js'
import { hugePagesPlatform } from '../huge-pages.js'
import { networkInput } from '../run/index.js'
import { visitData } from './data.js'
import type { SweepRun } from './expand.js'
import { shapeKey } from './speed.js'

export interface RunEstimate {
  readonly run: SweepRun
  /** Of the compiled program with its threads, and of the images. */
  readonly bytes: number
  /** Of the whole run, measured while nothing else of the sweep was running. */
  readonly seconds: number
}

export interface EstimateOptions {
  /** For runs that are given none. */
  readonly threads: number
  readonly signal?: AbortSignal | undefined
  readonly onDataProgress?: ((done: number, total: number) => void) | undefined
  readonly onWarning?: ((message: string) => void) | undefined
  /** Called before the measurement of each shape. */
  readonly onShape?: ((run: SweepRun, index: number, shapes: number) => void) | undefined
}

/** Long enough for the engine's optimising compiler to be done with the kernels of small networks. */
const warmUpSeconds = 0.4
const measuredSeconds = 0.6

/**
 * A pass without gradients, over the validation images after each epoch and the test images at the end, costs about a
 * third of a training step: that has a backward pass of two such parts as well.
 */
const evaluationShare = 1 / 3

interface ShapeCost {
  readonly programBytes: number
  readonly imagesPerSecond: number
}

/**
 * Measures each shape of run once.
 * @throws DctpsError `data` or `usage` when the data is missing or does not fit; `program` when a network does not fit in
 * memory; `cancelled`
 */
export async function estimateRuns(
  runs: readonly SweepRun[],
  options: EstimateOptions,
): Promise<RunEstimate[]> {
  const { signal, onDataProgress, onWarning } = options
  const shapes = new Set(runs.map(({ config }) => shapeKey(config))).size
  const costs = new Map<string, ShapeCost>()
  const transforms = cachedTransforms()
  const estimates = new Map<SweepRun, RunEstimate>()
  await visitData(runs, { signal, onDataProgress, onWarning }, async (data, users) => {
    for (const run of users) {
      const key = shapeKey(run.config)
      let cost = costs.get(key)
      if (cost === undefined) {
        options.onShape?.(run, costs.size + 1, shapes)
        cost = await measureShape(run, data, run.threads ?? options.threads, transforms, signal)
        costs.set(key, cost)
      }
      estimates.set(run, estimate(run, data, cost))
    }
  })
  return runs.flatMap((run) => estimates.get(run) ?? [])
}

/** Wall-clock time when so many runs go on at once and take nothing from each other. */
export function totalSeconds(estimates: readonly RunEstimate[], jobs: number): number {
  const lanes = Array.from({ length: jobs }, () => 0)
  // As the sweep does it: whoever is free takes the next run.
  for (const { seconds } of estimates) lanes[lanes.indexOf(Math.min(...lanes))]! += seconds
  return Math.max(...lanes)
}

function estimate(run: SweepRun, { train, test }: OpenedDataset, cost: ShapeCost): RunEstimate {
  const { epochs, validation } = run.config
  const images = train.labels.length
  const heldOut = validation * images
  const tested = test?.labels.length ?? 0
  const perEpoch = images - heldOut + evaluationShare * heldOut
  const testImages = (heldOut > 0 ? 2 : 1) * evaluationShare * tested
  return {
    run,
    bytes: cost.programBytes + train.pixels.length + (test?.pixels.length ?? 0),
    seconds: (epochs * perEpoch + testImages) / cost.imagesPerSecond,
  }
}

async function measureShape(
  run: SweepRun,
  data: OpenedDataset,
  threads: number,
  transforms: TransformCache,
  signal: AbortSignal | undefined,
): Promise<ShapeCost> {
  const { config } = run
  const { network, supports } = buildSpec({
    architecture: config.network,
    input: networkInput(findArchitecture(config.network), data.train),
    classes: data.train.classes.length,
    kernel: kernelOptions(config),
    ...architectureOptions(config),
    support: anySupport(config),
  })
  const half = Array.from({ length: data.train.shape.channels }, () => 0.5)
  // Nothing is learnt here: steps may be too many for a schedule, but not so large that values overflow.
  const task = {
    network,
    supports,
    dataset: data.train,
    options: { ...trainOptions(config, { mean: half, std: half }), learningRate: 1e-12 },
  }
  const trainer = await Trainer.create(task, {
    ...(await hugePagesPlatform(threads, config.simd)),
    transforms,
  })
  try {
    return {
      programBytes: programBytes(trainer.runner.program.memory, threads),
      imagesPerSecond: await stepSpeed(trainer, config.batch, signal),
    }
  } finally {
    trainer.close()
  }
}

/** A support that data or training would choose costs as much as a random one of its density. */
function anySupport(config: RunConfig): SupportSource {
  const source = supportSource(config)
  if (source.type !== 'explicit' || config.kind === 'dense') return source
  return { type: 'random', rule: 'epl', density: config.density, seed: config.seed }
}

/** Images a second, after a warm-up; at least one step is measured, however long it takes. */
async function stepSpeed(trainer: Trainer, batch: number, signal: AbortSignal | undefined): Promise<number> {
  const begin = performance.now()
  let measuredFrom: number | null = null
  let steps = 0
  for await (const event of trainer.run(signal)) {
    if (event.type !== 'step') continue
    const now = performance.now()
    if (measuredFrom === null) {
      if (now - begin >= 1000 * warmUpSeconds) measuredFrom = now
      continue
    }
    steps++
    if (now - measuredFrom >= 1000 * measuredSeconds) return (1000 * batch * steps) / (now - measuredFrom)
  }
  // The whole run was shorter than a measurement.
  const images = trainer.step * batch
  return (1000 * images) / (performance.now() - begin)
}
