// Made-up run folders on disk for the tests of reports on many runs: whole and readable, and tests change what they are
// about. Models are real files of LeNet-5 with its initial values.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildSpec, type EpochRecord, encodeModel, initialValues, Key, type ModelSpec } from 'dctps'
import { resolveConfig, type Settings } from '#lab/config/index'
import type { RunSummary } from '#lab/run/index'
import { epochRecord } from '../report/synthetic-runs.js'

export interface RunContent {
  readonly settings: Settings
  /** Of the best weights; the last ones are a hundredth worse. Null: not tested. */
  readonly test?: number | null
  /** Null: nothing was held out. */
  readonly validation?: number | null
  readonly epochs?: readonly EpochRecord[]
  readonly summary?: Partial<RunSummary>
  readonly imagesPerSecond?: number
  readonly startedAt?: string
  /** Files that are not there, or hold something else. */
  readonly files?: Readonly<Record<string, string | Uint8Array | null>>
}

/** Writes a folder as `dctps train` does. */
export async function writeRun(parent: string, name: string, content: RunContent): Promise<void> {
  const { settings, test = 0.5, validation = 0.5, epochs = [epochRecord(1), epochRecord(2)] } = content
  const { imagesPerSecond = 1000, startedAt = '2026-01-02T03:04:05.000Z' } = content
  const config = resolveConfig({ threads: 1, simd: 'plain', ...settings })
  const { density, rule }: Settings = config
  const spec: ModelSpec = {
    architecture: config.network,
    input: { channels: 1, height: 32, width: 32 },
    classes: 10,
    kernel: { kind: config.kind, alpha: config.kind === 'dctps' ? config.alpha : 'trainable' },
    support:
      density === undefined || rule === undefined
        ? { type: 'dense' }
        : { type: 'random', rule, density, seed: config.seed },
  }
  const { model, nonZeros, kernelWeights, storedNumbers } = modelFile(spec)
  const evaluation = (accuracy: number) => ({ images: 100, loss: 1, accuracy })
  const summary: RunSummary = {
    network: config.network,
    kind: config.kind,
    density: density ?? null,
    rule: rule ?? null,
    dynamic: config.dynamic ?? null,
    seed: config.seed,
    data: config.data,
    ended: 'finished',
    epochs: epochs.length,
    steps: epochs.at(-1)?.step ?? 0,
    best: validation === null ? null : { epoch: 1, validationAccuracy: validation },
    test:
      test === null
        ? null
        : { best: validation === null ? null : evaluation(test), final: evaluation(test - 0.01) },
    kernelWeights,
    nonZeros,
    storedNumbers,
    modelBytes: model.length,
    imagesPerSecond,
    seconds: 1e4 / imagesPerSecond,
    ...content.summary,
  }
  const session = { startedAt, cpu: 'a processor', threads: 1 }
  const files: Record<string, string | Uint8Array | null> = {
    'config.json': JSON.stringify(config),
    'environment.json': JSON.stringify({ sessions: [session] }),
    'metrics.jsonl': epochs
      .map((record) => `${JSON.stringify({ ...record, imagesPerSecond, seconds: 1e3 / imagesPerSecond })}\n`)
      .join(''),
    'model.dctps': model,
    'summary.json': JSON.stringify(summary),
    ...content.files,
  }
  await mkdir(join(parent, name), { recursive: true })
  for (const [file, bytes] of Object.entries(files))
    if (bytes !== null) await writeFile(join(parent, name, file), bytes)
}

interface MadeModel {
  readonly model: Uint8Array
  readonly nonZeros: number
  readonly kernelWeights: number
  readonly storedNumbers: number
}

const made = new Map<string, MadeModel>()

function modelFile(spec: ModelSpec): MadeModel {
  const key = JSON.stringify(spec)
  const known = made.get(key)
  if (known !== undefined) return known
  const { network, supports } = buildSpec(spec)
  const parameters = initialValues(network, supports, Key.fromSeed(0))
  const model = encodeModel({
    spec,
    network,
    supports,
    parameters,
    normalisation: { mean: [0.5], std: [0.5] },
    classNames: Array.from({ length: 10 }, (_, label) => `class ${label}`),
  })
  const kernelWeights = 61_210
  const stored = [...parameters.values()].reduce((sum, { length }) => sum + length, 0)
  const positions = [...supports.values()].reduce((sum, { length }) => sum + length, 0)
  const result = {
    model,
    kernelWeights,
    nonZeros: spec.support.type === 'dense' ? kernelWeights : positions,
    storedNumbers: stored,
  }
  made.set(key, result)
  return result
}
