// Single DCTpS layers: output and all gradients for a given upstream gradient, and the gradient of every entry of S by
// running the same layer with the full support.

import { DctpsError } from 'dctps/internal/errors'
import { kernelLayers, type Network, NetworkBuilder, weightShape } from 'dctps/internal/network/network'
import { kernelName, type Supports } from 'dctps/internal/network/parameters'
import { TransformCache } from 'dctps/internal/program/transform-cache'
import type { ActivationShape } from 'dctps/internal/shape/activation'
import { kernelEntries } from 'dctps/internal/shape/kernel'
import type { SimdFlavour } from 'dctps/internal/transform/simd'
import { z } from 'zod'
import {
  type Comparison,
  type FileReport,
  largestDifference,
  largestMagnitude,
  noting,
} from './comparison.js'
import type { PairedFixture } from './discover.js'
import { type EngineOptions, FixtureEngine, type ParameterValues } from './engine.js'
import { type FixtureTensor, FixtureTensors, readFixtureJson } from './fixture-file.js'

/** `max|ours - reference| <= relativeTolerance * max|reference|` (the fixtures' README). */
const relativeTolerance = 2e-5

/** Sums that may cancel: relative to the largest of their kind in the file, not of their own tensor. */
const filewideKinds = ['dalpha', 'dvalues', 'dbias'] as const

const count = z.int().positive()

const layerConfig = z.object({
  kind: z.enum(['conv2d', 'linear']),
  out: count,
  k: count.default(1),
  stride: count.default(1),
  pad: z.int().nonnegative().default(0),
  groups: count.default(1),
  alpha: z.number(),
  bias: z.boolean().default(false),
})

type LayerConfig = z.infer<typeof layerConfig>

export async function checkLayers(
  folder: string,
  { file, companion }: PairedFixture,
  simd: SimdFlavour,
): Promise<FileReport> {
  const problems: string[] = []
  const comparisons: Comparison[] = []
  const report = { file, comparisons, problems, skipped: [] }
  const read = await noting(problems, '', async () => ({
    configs: parseConfigs(companion, await readFixtureJson(folder, companion)),
    tensors: await FixtureTensors.read(folder, file),
  }))
  if (read === null) return report
  const { configs, tensors } = read
  const scales = filewideScales(tensors)
  const engine = { simd, transforms: new TransformCache() }
  for (const [index, config] of configs.entries()) {
    await noting(problems, `layer ${index}`, async () => {
      comparisons.push(...(await checkLayer(tensors, index, config, scales, engine)))
    })
  }
  // After a layer that failed, what it left unread is its problem, not another one.
  if (problems.length === 0) {
    for (const name of tensors.unused())
      problems.push(`${file}: tensor ${name} belongs to no layer of ${companion}, or is not one we produce`)
  }
  return report
}

function parseConfigs(file: string, json: unknown): LayerConfig[] {
  const parsed = z.array(layerConfig).nonempty().safeParse(json)
  if (parsed.success) return parsed.data
  const { path, message } = parsed.error.issues[0]!
  const where = path.length > 0 ? `, at ${path.join('.')}` : ''
  throw new DctpsError('file', `${file} is not a list of layers${where}: ${message}`)
}

/** Largest magnitude of each kind in {@link filewideKinds} over all layers. */
function filewideScales(tensors: FixtureTensors): ReadonlyMap<string, number> {
  return new Map(
    filewideKinds.map((kind) => {
      const own = tensors.names.filter((name) => name.endsWith(`.${kind}`))
      return [kind, Math.max(0, ...own.map((name) => largestMagnitude(tensors.peek(name))))]
    }),
  )
}

async function checkLayer(
  tensors: FixtureTensors,
  index: number,
  config: LayerConfig,
  scales: ReadonlyMap<string, number>,
  options: EngineOptions,
): Promise<Comparison[]> {
  const linear = config.kind === 'linear'
  const x = tensors.tensor(`${index}.x`, linear ? [-1, -1] : [-1, -1, -1, -1])
  const network = layerNetwork(config, x)
  const layer = kernelLayers(network)[0]!
  const prefix = kernelName(layer)
  const images = x.shape[0]!
  const { channels, height, width } = layer.output
  const outputShape = linear ? [images, channels] : [images, channels, height, width]
  const expected = (kind: string, shape: readonly number[]) => tensors.tensor(`${index}.${kind}`, shape)

  const entries = kernelEntries(layer.geometry)
  const support = tensors.support(`${index}.indices`, entries)
  const values = expected('values', [support.length]).values
  const bias = config.bias ? expected('bias', [channels]).values : null
  const fixed: [string, ArrayLike<number>][] = [
    [`${layer.name}.scaling`, [config.alpha]],
    ...(bias === null ? [] : [[`${prefix}.bias`, bias] satisfies [string, ArrayLike<number>]]),
  ]
  const batch = { x: x.values, images, upstream: expected('dy', outputShape).values }
  const run = <T>(supports: Supports, parameters: ParameterValues, work: (engine: RunLayer) => T) =>
    FixtureEngine.use(
      network,
      supports,
      { batch: images, optimizer: 'sgd', objective: 'upstream' },
      options,
      async (engine) => {
        engine.write(parameters)
        const result = await engine.run(batch, 'gradient')
        return work({ ...result, gradient: (name) => engine.gradient(name, images) })
      },
    )
  const compare = (kind: string, ours: ArrayLike<number>, { values }: FixtureTensor): Comparison => ({
    kind,
    name: `${index}.${kind}`,
    error: largestDifference(ours, values),
    tolerance: relativeTolerance * (scales.get(kind) ?? largestMagnitude(values)),
  })

  const weight = `${prefix}.weight`
  const comparisons = await run(
    new Map([[layer.id, support]]),
    new Map([[weight, values], ...fixed]),
    ({ logits, inputGradient, gradient }) => [
      compare('y', logits, expected('y', outputShape)),
      compare('dx', inputGradient, expected('dx', x.shape)),
      compare('dvalues', gradient(weight), expected('dvalues', [support.length])),
      compare('dalpha', gradient(`${layer.name}.scaling`), expected('dalpha', [1])),
      ...(bias === null ? [] : [compare('dbias', gradient(`${prefix}.bias`), expected('dbias', [channels]))]),
    ],
  )
  if (tensors.has(`${index}.dweight_dense`)) {
    const scattered = new Float64Array(entries)
    support.forEach((flat, entry) => {
      scattered[flat] = values[entry]!
    })
    const full = Uint32Array.from({ length: entries }, (_, flat) => flat)
    const dense = expected('dweight_dense', weightShape(layer))
    comparisons.push(
      await run(new Map([[layer.id, full]]), new Map([[weight, scattered], ...fixed]), ({ gradient }) =>
        compare('dweight_dense', gradient(weight), dense),
      ),
    )
  }
  return comparisons
}

interface RunLayer {
  readonly logits: Float32Array
  readonly inputGradient: Float32Array
  gradient(name: string): Float32Array
}

/** The layer alone: input, kernel, and a flattening that makes its output the logits. */
function layerNetwork(config: LayerConfig, { shape }: FixtureTensor): Network {
  const [, channels = 1, height = 1, width = 1] = shape
  const input: ActivationShape = { channels, height, width }
  const builder = new NetworkBuilder('layer', input, { kind: 'dctps' })
  const { out, k, stride, pad, groups, bias } = config
  if (config.kind === 'linear') builder.linear('layer', builder.input, out, { bias })
  else {
    builder.flatten(
      builder.conv2d('layer', builder.input, out, { size: k, stride, padding: pad, groups, bias }),
    )
  }
  return builder.build()
}
