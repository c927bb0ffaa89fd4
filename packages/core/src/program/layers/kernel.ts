// Convolutions and linear layers (a linear layer is a 1x1 convolution of a 1x1 image): which parts each kind has, the bias,
// and how rows are cut so that all parts of a layer find them in the cache.

import { DctpsError } from '../../errors.js'
import { type KernelLayer, layerInputs } from '../../network/layer.js'
import type { Network } from '../../network/network.js'
import type { Supports } from '../../network/parameters.js'
import { type Chunks, columns, type DraftCall, number, type StepOptions, turnIndex } from '../builder.js'
import { type Activation, type ListContext, pixels, type RowWriter } from '../context.js'
import { eachOfTwoRows, lookAhead } from '../row-calls.js'
import type { Gathering } from '../storage.js'
import { halvesSize, keepsSize } from '../support-rows.js'
import { tileLayout } from '../tiles.js'
import { conditional } from './alpha.js'
import { statisticsCalls } from './batch-statistics.js'
import { densePart } from './dense-part.js'
import { isDepthwise } from './depthwise.js'
import { filterPart } from './filter-part.js'
import { hasGatheringTransform } from './free-transform.js'
import { emitGrowth } from './growth.js'
import {
  type GatheredRows,
  type KernelPart,
  type OutputGradient,
  outputRow,
  patchRow,
  storedOf,
  windowRow,
} from './kernel-part.js'
import { isNearlyFull, materialisedPart } from './materialised-part.js'
import { sparsePart } from './sparse-part.js'
import { transformPart } from './transform-part.js'

/** Bytes of tiles that stay in a core's own cache while the parts of a layer pass over them one after the other. */
const cachedBytes = 512 * 1024
/** Pixels of a chunk, where a row has as many: kernels take four at a time (`assembly/quarters.ts`). */
const fewestPixels = 4

function partsOf(context: ListContext, layer: KernelLayer, input: Activation): KernelPart[] {
  if (layer.kind === 'dense') return [densePart(context, layer)]
  const indices = context.program.supports.get(layer.id)
  if (indices === undefined) throw new DctpsError('usage', `layer ${layer.name} has no support`)
  if (isNearlyFull(layer, indices.length)) return [materialisedPart(context, layer, indices)]
  if (layer.kind === 'dctps' && isDepthwise(layer))
    return [filterPart(context, layer, context.program.storage.gathering[layer.id]!, indices)]
  const sparse = sparsePart(context, layer, indices)
  return layer.kind === 'dctps' ? [transformPart(context, layer, input.layout), sparse] : [sparse]
}

/** How the backward pass of a layer completes its input's gradient. */
export function gatheringOf({ layers }: Network, supports: Supports): (layer: KernelLayer) => Gathering {
  return (layer) => {
    if (layer.kind === 'dense' || isNearlyFull(layer, supports.get(layer.id)?.length ?? 0)) return null
    const filters = layer.kind === 'dctps' && isDepthwise(layer)
    if (keepsSize(layer.geometry))
      return filters || layer.kind === 'sparse' || hasGatheringTransform(layer) ? 'rows' : null
    return filters && halvesSize(layer, layers[layer.input]!.output) ? 'pairs' : null
  }
}

/** Emits the forward step of a layer and gives back what emits its backward steps. */
export function emitKernel(context: ListContext, layer: KernelLayer): () => void {
  const input = context.activation(layer.input)
  const output = context.createActivation(layer)
  const parts = partsOf(context, layer, input)
  const lags = parts.some((part) => part.lags)
  const { height: rows, width } = layer.output
  const multiplyAdds = parts.reduce((sum, part) => sum + part.multiplyAdds, 0) * rows * width
  const pixelBytes = windowBytes(layer, input) + output.layout.tileBytes
  const ahead = context.takeAhead(layer.input)
  const { gathering } = context.program.storage
  const wholeRows = lags || (ahead !== null && looksAhead(layer))
  const chunks = wholeRows ? uncut(width) : chunksOf(width, pixelBytes)
  const source = context.program.storage.neverStored.has(layer.input)
    ? context.inputRow(layer.input, chunks.chunk)
    : null
  const places = {
    layout: input.layout,
    patches: source?.row ?? patchRow(input, layer),
    stored: source === null ? input : null,
  }
  const calls = [
    ...(source?.calls() ?? []),
    ...parts.flatMap((part, index) => part.forward(places, output, index > 0)),
  ]
  if (layer.bias) calls.push(biasCall(context, layer, output))
  calls.push(...statisticsCalls(context, layer, output, lags))
  const name = `${layer.name} forward`
  const options = { rows, chunks, ordered: lags, multiplyAdds }
  if (ahead !== null && gathering[layer.id] === 'pairs')
    emitBehindPairs(context, name, layer, ahead, calls, options)
  else emitBehind(context, name, layer, ahead, calls, options)
  return () => emitBackward(context, layer, parts, input)
}

/** Whether rows are written before the one that a step is at, which takes whole rows. */
function looksAhead({ geometry }: KernelLayer): boolean {
  return geometry.padding > 0
}

/** Emits a step over rows of a layer that also writes the rows which it reads, while these are in the cache. */
function emitBehind(
  { builder }: ListContext,
  name: string,
  layer: KernelLayer,
  ahead: RowWriter | null,
  calls: readonly DraftCall[],
  options: StepOptions & { readonly rows: number; readonly multiplyAdds: number },
): void {
  const before = ahead?.calls ?? []
  const multiplyAdds = options.multiplyAdds + (ahead?.multiplyAdds ?? 0)
  if (ahead === null || !looksAhead(layer)) {
    builder.step(name, layer.id, 'blocks', [...before, ...calls], { ...options, multiplyAdds })
    return
  }
  const lag = layer.geometry.padding
  const rows = options.rows + lag
  const all = lookAhead(before, calls, options.rows, lag)
  builder.step(name, layer.id, 'blocks', all, { ...options, rows, ordered: true, multiplyAdds })
}

/** The same where each row of outputs reads two new rows, and none below them. */
function emitBehindPairs(
  { builder }: ListContext,
  name: string,
  { id }: KernelLayer,
  ahead: RowWriter,
  calls: readonly DraftCall[],
  options: StepOptions & { readonly multiplyAdds: number },
): void {
  builder.step(name, id, 'blocks', [...eachOfTwoRows(ahead.calls), ...calls], {
    ...options,
    ordered: true,
    multiplyAdds: options.multiplyAdds + ahead.multiplyAdds,
  })
}

/** Bytes of input that come anew with each output pixel. */
function windowBytes(
  { geometry: { size, stride } }: KernelLayer,
  { layout }: Pick<Activation, 'layout'>,
): number {
  return size * stride * layout.tileBytes
}

function uncut(width: number): Chunks {
  return { columns: width, chunk: width }
}

/** The largest equal cuts that stay in the cache, or of a few pixels. */
function chunksOf(width: number, pixelBytes: number): Chunks {
  const most = Math.max(fewestPixels, Math.floor(cachedBytes / pixelBytes))
  let chunk = Math.min(width, most)
  while (width % chunk !== 0) chunk--
  return { columns: width, chunk }
}

function emitBackward(
  context: ListContext,
  layer: KernelLayer,
  parts: readonly KernelPart[],
  input: Activation,
): void {
  const { height, width } = input.layout.shape
  const layout = tileLayout(layer.output, context.program.lanes, 0)
  // The input, its gradient, and the gradient of the output.
  const pixelBytes = 2 * input.layout.tileBytes + windowBytes(layer, { layout })
  const ahead = context.takeGradientAhead(layer.id)
  const chunks =
    (ahead !== null && looksAhead(layer)) || parts.some((part) => part.lags)
      ? uncut(width)
      : chunksOf(width, pixelBytes)
  const wanted = context.needsGradient(layer.input)
  if (ahead !== null && wanted) context.overwriteGradient(layer)
  const source = context.inputRow(layer.input, chunks.chunk)
  const deferred = context.gradientRow(layer.id, chunks.chunk)
  const gradient =
    deferred === null ? gradientOf(context, layer) : { layout, windows: deferred.row, stored: null }
  if (layer.bias) emitBiasGradient(context, layer, storedOf(gradient))
  const inputRow = source?.row ?? outputRow(input)
  const sources = [...(deferred?.calls ?? []), ...(source?.calls() ?? [])]
  emitGrowth(context, layer, { input, inputRow, gradient, sources, rows: height, chunks })
  const gathered: GatheredRows = {
    calls: [],
    late: [],
    after: [],
    last: [],
    wholeInput: 'never',
    inputChannels: null,
    inputRows: 1,
    multiplyAdds: 0,
  }
  let scattered = false
  const emitGathered = () => {
    if (gathered.calls.length === 0) return
    const sums = isLastReader(context, layer, parts) ? context.takeSums(layer.input) : []
    const { inputChannels: channels, inputRows } = gathered
    const calls = [
      ...(deferred?.calls ?? []),
      ...(source === null ? [] : conditional(gathered.wholeInput, 'yes', source.calls())),
      ...gathered.calls.splice(0),
      // The input's gradient is complete, and the row in the cache.
      ...(inputRows === 2 ? eachOfTwoRows(sums) : sums),
      ...(source === null || channels === null
        ? []
        : conditional(gathered.wholeInput, 'no', source.calls(channels))),
      ...gathered.late.splice(0),
    ]
    const { multiplyAdds } = gathered
    const cut = inputRows === 1 ? chunks : uncut(layer.output.width)
    const options = { rows: height / inputRows, chunks: cut, multiplyAdds }
    emitBehind(context, `${layer.name} adjoint`, layer, ahead, calls, options)
    for (const emit of gathered.after.splice(0)) emit()
  }
  for (const part of parts) {
    // What scatters adds to what is there.
    if (!part.gathers) emitGathered()
    const sink = wanted ? context.gradientSink(layer.input) : null
    const places = { input, inputRow, gradient, sink }
    scattered = part.backward(places, gathered) || scattered
  }
  emitGathered()
  for (const emit of gathered.last) emit()
  // What was scattered beyond the image is nobody's gradient, and must not be read as the padding of one.
  if (!scattered || !wanted) return
  const sink = context.gradientSink(layer.input)
  if (sink.layout.halo > 0) context.clearHalo(`${layer.name} input gradient`, layer.id, sink)
}

function gradientOf(context: ListContext, layer: KernelLayer): OutputGradient {
  const stored = context.gradient(layer.id)
  return { layout: stored.layout, windows: windowRow(stored, layer), stored }
}

/** Whether the layer is the last to add to its input's gradient, in one step that leaves it complete row by row. */
function isLastReader(
  { program: { network } }: ListContext,
  { id, input }: KernelLayer,
  parts: readonly KernelPart[],
): boolean {
  const first = network.layers.find((layer) => layerInputs(layer).includes(input))
  return first?.id === id && parts.every((part) => part.gathers)
}

function emitBiasGradient(context: ListContext, layer: KernelLayer, gradient: Activation): void {
  const { height: rows, width, channels } = layer.output
  const bias = context.parameter(layer.id, 'bias')
  const call: DraftCall = {
    kernel: 'biasGradient',
    operands: [
      pixels(gradient, gradient.layout.pitch),
      ...[width, channels, context.program.lanes].map(number),
      { ...number(bias.gradient ?? 0), perBlock: bias.gradientStride },
      turnIndex,
    ],
  }
  context.builder.step(`${layer.name} bias gradient`, layer.id, 'blocks', [call], { rows })
}

function biasCall(context: ListContext, layer: KernelLayer, output: Activation): DraftCall {
  return {
    kernel: 'addBias',
    operands: [
      outputRow(output)[0],
      columns(),
      ...[layer.output.channels, context.program.lanes].map(number),
      number(context.parameter(layer.id, 'bias').address),
    ],
  }
}
