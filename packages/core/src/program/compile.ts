// From a network and its supports to a program: one walk over the layers forward, one back, for each step list.

import { DctpsError } from '../errors.js'
import type { Layer } from '../network/layer.js'
import type { Network } from '../network/network.js'
import type { Supports } from '../network/parameters.js'
import { formatActivation } from '../shape/activation.js'
import type { SimdFlavour } from '../transform/index.js'
import { type DraftList, ProgramBuilder } from './builder.js'
import { ListContext, type ProgramContext } from './context.js'
import { type GrowthPlan, planGrowth } from './growth-plan.js'
import { KernelTables } from './kernel-tables.js'
import { emitAdd, emitFlatten, emitRelu } from './layers/elementwise.js'
import { emitInput } from './layers/input.js'
import { emitKernel, gatheringOf } from './layers/kernel.js'
import { emitInputGradient, emitLoss } from './layers/loss.js'
import { emitNormalisedSum } from './layers/normalised-sum.js'
import { emitUpdate } from './layers/optimizer.js'
import { emitPadChannels } from './layers/pad-channels.js'
import { emitPool } from './layers/pool.js'
import { emitScalarAffine } from './layers/scalar-affine.js'
import { type LearningRates, layoutParameters, type OptimizerType } from './parameter-layout.js'
import { type Program, pageBytes } from './program.js'
import { alignUp, type InputFormat, type Objective, slotLayout } from './slot.js'
import { planStorage } from './storage.js'
import { lanesFor } from './tiles.js'
import { TransformCache } from './transform-cache.js'

export interface ProgramOptions {
  /** Most images in one batch; the last batch of an epoch may hold fewer. */
  readonly batch: number
  readonly input: InputFormat
  /** The optimiser to train with; null compiles for inference only. */
  readonly optimizer: OptimizerType | null
  /** Default `network`. */
  readonly rates?: LearningRates
  /**
   * Default `own`. `kept`: evaluation is the forward pass of training and writes down what rectifications (of scalar affine
   * layers) and max pools decide; gradients that follow decide likewise, whatever the parameters are by then. For
   * differences of gradients, which the kinks of a network would drown.
   */
  readonly decisions?: 'own' | 'kept'
  /** Default `crossEntropy`. */
  readonly objective?: Objective
  /** Memory that threads can share. Default true. */
  readonly sharedMemory?: boolean
  /** Default `plain`; `relaxed` only where `hasRelaxedSimd()`. */
  readonly simd?: SimdFlavour
  /** Images a block: 4, 8, 16 or 32. Default by the batch. */
  readonly lanes?: number
  /** Batches that can be under way at once. Default 4. */
  readonly slots?: number
  /** Default `fixed`. */
  readonly positions?: SupportPositions
}

/**
 * What a program allows its supports:
 * - `fixed`: they stay as they are
 * - `movable`: their tables can be written again for other positions, as many as before
 * - `ranked`: and the gradients of all positions can be ranked (mode `growth`), to choose those positions by
 */
export type SupportPositions = 'fixed' | 'movable' | 'ranked'

/** The kernels' own static data lies below the first page's end. */
const sharedStart = pageBytes

/**
 * Compiles a network.
 * @throws DctpsError `usage` on a batch below 1, inputs that do not fit, supports that are missing or out of range
 */
export function compileProgram(
  network: Network,
  supports: Supports,
  options: ProgramOptions,
  transforms = new TransformCache(),
): Program {
  const { batch, input, optimizer, objective = 'crossEntropy', sharedMemory = true, slots = 4 } = options
  const { simd = 'plain', positions = 'fixed' } = options
  checkOptions(network, options)
  const lanes = options.lanes ?? lanesFor(batch)
  const blocks = Math.ceil(batch / lanes)
  const slot = slotLayout(batch, blocks, lanes, network, input, objective)
  const builder = new ProgramBuilder(sharedStart, slot.bytes, slots)
  const layout = layoutParameters(network, supports, blocks, optimizer, options.rates ?? 'network', builder)
  const tables = new KernelTables(builder, transforms, { sharedMemory, simd, movable: positions !== 'fixed' })
  const normalisationTable = builder.shared(network.input.channels * 1024)
  const context: ProgramContext = {
    network,
    supports,
    builder,
    tables,
    storage: planStorage(network, objective === 'upstream', gatheringOf(network, supports)),
    slot,
    lanes,
    blocks,
    placed: new Map(layout.parameters.map((parameter) => [parameter.name, parameter])),
    kept: new Map(),
  }
  const keeps = options.decisions === 'kept'

  const emitForward = (list: ListContext): (() => void)[] => {
    const backwards = network.layers.map((layer) => emitLayer(list, layer, input, normalisationTable))
    emitLoss(list, objective)
    return backwards
  }

  emitForward(keeps ? new ListContext(context, 'train', 'written') : new ListContext(context, 'evaluate'))
  const evaluate = builder.finishList()
  const differentiate = (growth: GrowthPlan | null): DraftList => {
    const list = new ListContext(context, 'train', keeps ? 'read' : 'own', growth)
    for (const emitBackward of emitForward(list).reverse()) emitBackward()
    if (objective === 'upstream') emitInputGradient(list)
    return builder.finishList()
  }
  let gradient: DraftList | null = null
  let update: DraftList | null = null
  let growth: DraftList | null = null
  let ranked: GrowthPlan | null = null
  if (optimizer !== null) {
    gradient = differentiate(null)
    emitUpdate(builder, optimizer, layout.vectors)
    update = builder.finishList()
    if (positions === 'ranked') {
      ranked = planGrowth(network, supports, builder)
      growth = differentiate(ranked)
    }
  }

  const arena = alignUp(builder.end, pageBytes)
  const blockBytes = Math.max(...[evaluate, gradient, growth].map((list) => list?.blockBytes ?? 0))
  const scratch = arena + blockBytes * blocks
  const { threadBytes, threadOffsets } = builder
  const resolve = (list: DraftList) =>
    list.resolve({ arena, blockBytes, scratch, threadBytes, threadOffsets })
  return {
    network,
    supports,
    batch,
    lanes,
    blocks,
    input,
    optimizer,
    objective,
    sharedMemory,
    simd,
    slot,
    memory: {
      sharedBytes: builder.end,
      slots,
      slotsAddress: builder.slotsAddress,
      slotStride: builder.slotStride,
      arena,
      blockBytes,
      scratch,
      threadBytes,
    },
    layout,
    constants: builder.constants,
    normalisationTable,
    modules: tables.modules,
    positionTables: positions === 'fixed' ? [] : tables.positions,
    growthRecords: [...(ranked?.records.values() ?? [])],
    evaluate: resolve(evaluate),
    gradient: gradient && resolve(gradient),
    update: update && resolve(update),
    growth: growth && resolve(growth),
  }
}

/** Emits a layer's forward steps and gives back what emits its backward steps. */
function emitLayer(
  list: ListContext,
  layer: Layer,
  input: InputFormat,
  normalisationTable: number,
): () => void {
  const { sums, absorbed } = list.program.storage.fusion
  if (absorbed.has(layer.id)) return () => {}
  const sum = sums.get(layer.id)
  if (sum !== undefined) return emitNormalisedSum(list, sum)
  switch (layer.op) {
    case 'input':
      emitInput(list, layer, input, normalisationTable)
      return () => {}
    case 'conv2d':
    case 'linear':
      return emitKernel(list, layer)
    case 'relu':
      return emitRelu(list, layer)
    case 'averagePool':
    case 'maxPool':
      return emitPool(list, layer)
    case 'flatten':
      return emitFlatten(list, layer)
    case 'batchNorm':
      throw new DctpsError('program', `batch norm ${layer.name} is in no sum`)
    case 'add':
      return emitAdd(list, layer)
    case 'scalarAffine':
      return emitScalarAffine(list, layer)
    case 'padChannels':
      return emitPadChannels(list, layer)
  }
}

function checkOptions(network: Network, { batch, input, lanes }: ProgramOptions): void {
  if (!Number.isInteger(batch) || batch < 1) {
    throw new DctpsError('usage', `the batch size must be a whole number of at least 1, received ${batch}`)
  }
  if (lanes !== undefined && ![4, 8, 16, 32].includes(lanes)) {
    throw new DctpsError('usage', `a block holds 4, 8, 16 or 32 images, received ${lanes}`)
  }
  const { channels, height, width } = network.input
  const fits =
    input.source.channels === channels &&
    (input.type === 'bytes' || (input.source.height === height && input.source.width === width))
  if (!fits) {
    throw new DctpsError(
      'usage',
      `${network.name} takes images ${formatActivation(network.input)}, received ${formatActivation(input.source)}`,
    )
  }
}
