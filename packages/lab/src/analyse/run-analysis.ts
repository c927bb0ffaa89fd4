// Carries out a plan: builds each network at each seed as training would, and measures it. What is made of the numbers is
// left to the summary and the page.

import { buildSpec, DctpsError, initialValues, Key, type Network } from 'dctps'
import { kernelLayers } from 'dctps/internal/network/network'
import { activationSize } from 'dctps/internal/shape/activation'
import { kernelEntries, transformLength } from 'dctps/internal/shape/kernel'
import { computeNormalisation, type OpenedDataset } from '../data/index.js'
import { analyseNetwork, type NetworkSignals } from './analyse-network.js'
import { Float64Network } from './float64/linearise.js'
import { RowTransforms } from './float64/patch-map.js'
import { type AnalysisPlan, type SeriesPlan, seriesOf, specOf } from './plan.js'
import { probeBatch } from './probe-batch.js'
import { type ProbePoint, probePoints } from './probe-points.js'

export interface Series extends SeriesPlan {
  /** Kernel weights that are stored; one number a density, that of the dense network where there is none. */
  readonly nonZeros: readonly number[]
  /** One for each seed, from 0. */
  readonly seeds: readonly NetworkSignals[]
}

export interface Analysis {
  readonly plan: AnalysisPlan
  readonly classes: number
  /** In order of depth, the last one the logits; the same in every series. */
  readonly points: readonly ProbePoint[]
  readonly series: readonly Series[]
}

/** One pass of one network is over. */
export interface AnalysisProgress {
  readonly series: SeriesPlan
  readonly seed: number
  readonly pass: number
  readonly passes: number
  /** Passes of all networks so far. */
  readonly allPasses: number
  /** Of the whole work, by a guess of what each pass costs. */
  readonly share: number
}

export interface AnalysisOptions {
  readonly data: OpenedDataset
  readonly signal: AbortSignal
  readonly onProgress: (progress: AnalysisProgress) => void
}

/** @throws DctpsError `data` when the images do not fit the network or are too few; `cancelled` */
export async function runAnalysis(
  plan: AnalysisPlan,
  { data, signal, onProgress }: AnalysisOptions,
): Promise<Analysis> {
  const { train } = data
  const normalisation = data.defaultNormalisation ?? computeNormalisation(train)
  const planned = seriesOf(plan)
  const built = (series: SeriesPlan, seed: number) => buildSpec(specOf(plan, series, seed, train))
  const costs = planned.map((series) => guessCost(built(series, 0).network, series))
  const wholeCost = plan.seeds * costs.reduce((sum, cost) => sum + cost, 0)
  const transforms = new RowTransforms()
  const points = probePoints(built(planned[0]!, 0).network)
  const results: Series[] = []
  let [costDone, passesDone, classes] = [0, 0, 0]
  for (const [index, series] of planned.entries()) {
    const seeds: NetworkSignals[] = []
    const alone =
      series.densities.length === 0
        ? [series]
        : series.densities.map((density) => ({ ...series, densities: [density] }))
    const nonZeros = alone.map((one) => storedWeights(built(one, 0)))
    for (let seed = 0; seed < plan.seeds; seed++) {
      const key = Key.fromSeed(seed)
      const { network, supports } = built(series, seed)
      const batch = probeBatch(train, network.input, normalisation, plan.images, key)
      const executor = new Float64Network(
        network,
        supports,
        initialValues(network, supports, key),
        transforms,
      )
      classes = network.classes
      const onPass = async (pass: number, passes: number) => {
        passesDone++
        const share = (costDone + (costs[index]! * pass) / passes) / wholeCost
        onProgress({ series, seed, pass, passes, allPasses: passesDone, share })
        // Signals get a turn.
        await new Promise((resolve) => setImmediate(resolve))
        if (signal.aborted)
          throw new DctpsError('cancelled', 'the analysis was stopped before its end; nothing was written')
      }
      seeds.push(await analyseNetwork(network, executor, batch, points, { onPass }))
      costDone += costs[index]!
    }
    results.push({ ...series, nonZeros, seeds })
  }
  return { plan, classes, points, series: results }
}

function storedWeights({ network, supports }: ReturnType<typeof buildSpec>): number {
  return kernelLayers(network).reduce(
    (sum, layer) => sum + (supports.get(layer.id)?.length ?? kernelEntries(layer.geometry)),
    0,
  )
}

/** What one number of an activation costs outside kernels, in multiply-adds of a dense kernel; measured once. */
const ACTIVATION_COST = 40

/** What a multiply-add of a transform, and one of a sparse kernel, cost. */
const TRANSFORM_COST = 2
const SPARSE_COST = 2

/** All passes of one network, in multiply-adds of a dense kernel; only ratios matter, to guess the time left. */
function guessCost(network: Network, { kind, densities }: SeriesPlan): number {
  const onePass = network.layers.reduce((sum, layer) => {
    const others = sum + ACTIVATION_COST * activationSize(layer.output)
    if (layer.op !== 'conv2d' && layer.op !== 'linear') return others
    const positions = layer.output.height * layer.output.width
    const dense = kernelEntries(layer.geometry)
    const length = transformLength(layer.geometry)
    const ofKind = {
      dense,
      sparse: SPARSE_COST * dense * (densities[0] ?? 1),
      dctps: layer.geometry.groups > 1 ? dense : TRANSFORM_COST * 2 * length * Math.log2(length),
    }
    return others + positions * ofKind[kind]
  }, 0)
  return onePass * (1 + network.classes)
}
