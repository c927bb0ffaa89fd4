// Whole networks: logits and gradients of the first batch, then a few steps of each optimiser from the same start.
// Names are PyTorch's on both sides. A tensor that only one side has is a problem, never left out in silence.

import { DctpsError } from 'dctps/internal/errors'
import type { KernelKind } from 'dctps/internal/network/layer'
import { kernelLayers, type Network } from 'dctps/internal/network/network'
import { kernelName, type Parameter, parameters, type Supports } from 'dctps/internal/network/parameters'
import type { OptimizerType } from 'dctps/internal/program/parameter-layout'
import { TransformCache } from 'dctps/internal/program/transform-cache'
import type { StepHyperparameters } from 'dctps/internal/runtime/batch'
import { activationSize } from 'dctps/internal/shape/activation'
import { kernelEntries } from 'dctps/internal/shape/kernel'
import type { SimdFlavour } from 'dctps/internal/transform/simd'
import { z } from 'zod'
import { type Comparison, type FileReport, largestDifference, noting, problemOf } from './comparison.js'
import type { PairedFixture } from './discover.js'
import { type Batch, type EngineOptions, FixtureEngine, type ParameterValues } from './engine.js'
import { FixtureTensors, readFixtureJson } from './fixture-file.js'
import { knownNetwork } from './known-network.js'

/** The optimisers of the fixtures, with the settings that they were made with (the fixtures' README). */
const weightDecay = 5e-4
const optimizers: Readonly<Record<OptimizerType, (step: number) => StepHyperparameters>> = {
  sgd: () => ({ type: 'sgd', learningRate: 0.01, momentum: 0.9, weightDecay }),
  adam: (step) => ({
    type: 'adam',
    learningRate: 1e-3,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay,
    step,
  }),
}

/** PyTorch's count of training batches, a buffer that nothing computes with. */
const batchCounter = /\.num_batches_tracked$/

const metadataShape = z.object({
  arch: z.string().min(1),
  classes: z.coerce.number().int().positive(),
  offset: z.enum(['dct', 'None']).default('dct'),
  in_planes: z.coerce.number().int().positive().optional(),
})

/** Everything one file says, read and checked. */
interface Start {
  readonly network: Network
  readonly supports: Supports
  readonly list: readonly Parameter[]
  readonly values: ParameterValues
  readonly batches: readonly (Batch & { readonly labels: Float64Array })[]
}

export async function checkSteps(
  folder: string,
  { file, companion }: PairedFixture,
  simd: SimdFlavour,
): Promise<FileReport> {
  const problems: string[] = []
  const comparisons: Comparison[] = []
  const skipped: string[] = []
  const report = { file, comparisons, problems, skipped }
  await noting(problems, '', async () => {
    const tensors = await FixtureTensors.read(folder, file)
    const tolerances = parseTolerances(companion, await readFixtureJson(folder, companion))
    const network = networkOf(tensors, skipped)
    if (network === null) return
    const start = readStart(network, tensors)
    const compare: Compare = (kind, name, ours, shape) => {
      try {
        const error = largestDifference(ours, tensors.tensor(name, shape).values)
        comparisons.push({ kind, name, error, tolerance: toleranceOf(tolerances, name, companion) })
      } catch (error) {
        // One tensor that cannot be compared leaves the others.
        problems.push(problemOf(error))
      }
    }
    const engine = { simd, transforms: new TransformCache() }
    await compareTraining('sgd', start, engine, compare)
    await compareTraining('adam', start, engine, compare)
    for (const name of tensors.unused()) {
      if (!batchCounter.test(name))
        problems.push(`${file}: ${network.name} here produces or takes no tensor ${name}`)
    }
    for (const name of tolerances.keys())
      if (!tensors.has(name)) problems.push(`${companion}: ${file} has no tensor ${name} for its tolerance`)
  })
  return report
}

/** Compares one tensor of ours with the fixture's of that name and shape. */
type Compare = (kind: string, name: string, ours: ArrayLike<number>, shape: readonly number[]) => void

/** The network of a file's metadata; null, with its name in `skipped`, where it does not exist here yet. */
function networkOf(tensors: FixtureTensors, skipped: string[]): Network | null {
  const parsed = metadataShape.safeParse(Object.fromEntries(tensors.metadata))
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!
    throw new DctpsError('file', `${tensors.file}: metadata ${path.join('.')} is not as expected: ${message}`)
  }
  const { arch, classes, offset, in_planes: width } = parsed.data
  const [, , channels = 0, rows = 0, columns = 0] = tensors.tensor('x', [-1, -1, -1, -1, -1]).shape
  const kind: KernelKind = offset === 'None' ? 'sparse' : 'dctps'
  const input = { channels, height: rows, width: columns }
  const network = knownNetwork({ arch, classes, kind, input, width })
  if (network === null) skipped.push(arch)
  return network
}

function parseTolerances(file: string, json: unknown): ReadonlyMap<string, number> {
  const parsed = z.record(z.string(), z.number().nonnegative()).safeParse(json)
  if (parsed.success) return new Map(Object.entries(parsed.data))
  const { path, message } = parsed.error.issues[0]!
  throw new DctpsError('file', `${file}: ${path.join('.')} is not a tolerance: ${message}`)
}

function toleranceOf(tolerances: ReadonlyMap<string, number>, name: string, file: string): number {
  const tolerance = tolerances.get(name)
  if (tolerance === undefined) throw new DctpsError('file', `${file} gives no tolerance for ${name}`)
  return tolerance
}

function readStart(network: Network, tensors: FixtureTensors): Start {
  const supports = new Map(
    kernelLayers(network).map((layer) => [
      layer.id,
      tensors.support(`init.${kernelName(layer)}.weight.indices`, kernelEntries(layer.geometry)),
    ]),
  )
  const list = parameters(network, supports)
  const values = new Map(
    list.map(({ name, role, size }) => {
      const suffix = role === 'kernel' ? '.values' : ''
      return [name, tensors.tensor(`init.${name}${suffix}`, [size]).values]
    }),
  )
  return { network, supports, list, values, batches: readBatches(network, tensors) }
}

function readBatches({ input, classes }: Network, tensors: FixtureTensors): Start['batches'] {
  const { channels, height, width } = input
  const { shape, values: x } = tensors.tensor('x', [-1, -1, channels, height, width])
  const [steps = 0, images = 0] = shape
  const labels = tensors.tensor('labels', [steps, images]).values
  if (steps < 1 || images < 1)
    throw new DctpsError('file', `${tensors.file}: x is [${shape.join(', ')}], expected at least one batch`)
  const wrong = labels.find((label) => !Number.isInteger(label) || label < 0 || label >= classes)
  if (wrong !== undefined)
    throw new DctpsError('file', `${tensors.file}: label ${wrong} is none of ${classes} classes`)
  const size = images * activationSize(input)
  return Array.from({ length: steps }, (_, step) => ({
    x: x.subarray(step * size, (step + 1) * size),
    images,
    labels: labels.subarray(step * images, (step + 1) * images),
  }))
}

/** With the first optimiser also the first step, taken apart. */
async function compareTraining(
  optimizer: OptimizerType,
  start: Start,
  options: EngineOptions,
  compare: Compare,
): Promise<void> {
  const { network, supports, values, batches } = start
  const first = batches[0]!
  const { images } = first
  await FixtureEngine.use(network, supports, { batch: images, optimizer }, options, async (engine) => {
    engine.write(values)
    if (optimizer === 'sgd') {
      await compareFirstStep(engine, start, compare)
      // It moved the running statistics of batch norm.
      engine.write(values)
    }
    const losses: number[] = []
    for (const [step, batch] of batches.entries()) {
      const { lossSum } = await engine.run(batch, 'train', optimizers[optimizer](step + 1))
      losses.push(lossSum / images)
    }
    compare(`${optimizer} losses`, `${optimizer}.losses`, losses, [batches.length])
    const { logits } = await engine.run(first, 'evaluate')
    compare(`${optimizer} eval logits`, `${optimizer}.eval_logits`, logits, [images, network.classes])
  })
}

/** Logits in training mode, and gradients without weight decay. */
async function compareFirstStep(
  engine: FixtureEngine,
  { network, list, batches }: Start,
  compare: Compare,
): Promise<void> {
  const first = batches[0]!
  const { logits } = await engine.run(first, 'gradient')
  compare('logits', 'step0.logits', logits, [first.images, network.classes])
  for (const { name, role, size } of list.filter((parameter) => parameter.trainable)) {
    const tensor = `step0.grad.${name}${role === 'kernel' ? '.values' : ''}`
    compare(`gradient of ${role}`, tensor, engine.gradient(name, first.images), [size])
  }
}
