// Analyses made by hand, so that every number on a page is known.

import type { NetworkSignals, PointSignals } from '#lab/analyse/analyse-network'
import type { AnalysisPlan } from '#lab/analyse/plan'
import type { Analysis, Series } from '#lab/analyse/run-analysis'

const point: PointSignals = { signal: 0.5, gradient: 0.25, cosine: 0.6, correlation: 0.5, dead: 0.2 }

/** A network of three places: `signals` of them, everything else the same. */
export function signals(sizes: readonly number[], change: Partial<NetworkSignals> = {}): NetworkSignals {
  return {
    points: sizes.map((signal, i) => ({
      ...point,
      signal,
      ...(signal === 0 && { cosine: null, correlation: null, gradient: 0 }),
      dead: i === sizes.length - 1 ? null : signal === 0 ? 1 : point.dead,
    })),
    inputGradient: 0.125,
    singularValues: [
      [4, 2, 1],
      [2, 1, 0.5],
    ],
    ...change,
  }
}

const dead = {
  singularValues: [
    [0, 0, 0],
    [0, 0, 0],
  ],
  inputGradient: 0,
}

const series: readonly Series[] = [
  {
    kind: 'dctps',
    densities: [0.01, 0.001],
    nonZeros: [100, 10],
    seeds: [signals([1, 0.8, 0.4]), signals([1, 0.7, 0.4])],
  },
  {
    kind: 'sparse',
    densities: [0.01],
    nonZeros: [100],
    seeds: [signals([1, 1e-5, 1e-6]), signals([1, 3e-5, 1e-6])],
  },
  {
    kind: 'sparse',
    densities: [0.001],
    nonZeros: [10],
    seeds: [signals([1, 0, 0], dead), signals([1, 0, 0], dead)],
  },
  { kind: 'dense', densities: [], nonZeros: [10_000], seeds: [signals([1, 1, 1]), signals([1, 1, 1])] },
]

export const plan: AnalysisPlan = {
  network: 'testnet',
  kinds: ['dctps', 'sparse', 'dense'],
  densities: [0.01, 0.001],
  rule: 'epl',
  data: 'fashion-mnist-12k',
  size: null,
  fit: 'fill',
  cifar100Labels: 'fine',
  classes: null,
  images: 2,
  seeds: 2,
}

export const analysis: Analysis = {
  plan,
  classes: 3,
  points: [
    { id: 1, name: 'conv1', type: 'unit', rectified: true },
    { id: 2, name: 'block<1>', type: 'block', rectified: true },
    { id: 3, name: 'fc', type: 'unit', rectified: false },
  ],
  series,
}
