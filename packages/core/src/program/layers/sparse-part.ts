// The sparse part S x: values and positions only, in all three products. Gradients exist for stored values alone.

import type { KernelLayer } from '../../network/layer.js'
import { columns, type DraftCall, type DraftOperand, inBlock, number, turnIndex } from '../builder.js'
import type { Activation, GradientSink, ListContext, PixelRow } from '../context.js'
import type { PlacedSupport } from '../position-tables.js'
import { keepsSize } from '../support-rows.js'
import type { TileLayout } from '../tiles.js'
import {
  type GatheredRows,
  type KernelInput,
  type KernelPart,
  type OutputGradient,
  outputRow,
  patchRow,
  storedOf,
} from './kernel-part.js'

/** Entries a number of a window, from which touching the window in order beforehand pays, as measured. */
const fewestTouched = 0.25

/** A support in one direction, with its values in that order. */
interface DirectedSupport extends PlacedSupport {
  readonly values: number
}

/** S in both directions, and the gradients of its values. */
interface SparseKernel {
  /** `y (+)= S x` on one row of outputs. */
  product(input: KernelInput, output: Activation, accumulate: boolean): DraftCall[]
  /** Each input pixel gathers from the window of outputs that see it; with `product` its gradient too. */
  gather(places: GatherPlaces, rows: GatheredRows, product: 'withProduct' | 'gradientOnly'): void
  /** Emits the step in which each output pixel scatters into its patch of inputs, if there is a sink. */
  scatter(input: Activation, gradient: Activation, sink: GradientSink | null): void
}

interface GatherPlaces {
  readonly inputRow: PixelRow
  readonly gradient: OutputGradient
  readonly sink: GradientSink
}

/** @param indices the support: flat indices, ascending */
export function sparseKernel(context: ListContext, layer: KernelLayer, indices: Uint32Array): SparseKernel {
  const { builder, program } = context
  const { geometry } = layer
  const positions = layer.output.height * layer.output.width
  const parameter = context.parameter(layer.id, 'kernel')

  const directed = (support: PlacedSupport): DirectedSupport => {
    const values = builder.shared(indices.length * 4)
    builder.prologue({
      kernel: 'reorder',
      operands: [parameter.address, support.entries, support.order, values].map(number),
    })
    return { ...support, values }
  }
  const forwardSupport = (input: TileLayout, every: boolean) =>
    program.tables.support({ layer, direction: 'forward', partners: input, every }, indices)
  const adjointSupport = (output: TileLayout, every: boolean) =>
    program.tables.support({ layer, direction: 'adjoint', partners: output, every }, indices)

  /** Operands of one row of pixels and their windows. */
  const operands = (
    window: [DraftOperand, DraftOperand],
    pixel: [DraftOperand, DraftOperand],
    support: PlacedSupport,
  ) => [
    ...window,
    ...pixel,
    columns(),
    number(program.lanes),
    ...[support.rows, support.rowCount, support.offsets].map(number),
  ]
  /** Operands `touchRows, touchPitch, touchOffset` for windows of an activation. */
  const touched = ({ pitch, tileBytes, shape }: TileLayout) => {
    const { size, stride } = geometry
    const worthIt = indices.length >= fewestTouched * size * size * shape.channels
    return [worthIt ? size : 0, pitch, Math.max(0, size - stride) * tileBytes].map(number)
  }

  /** The gradients of the stored values, in either direction: partners in windows of one activation, channels in the other. */
  const valueGradient = (
    support: PlacedSupport,
    windowed: TileLayout,
    window: [DraftOperand, DraftOperand],
    pixel: [DraftOperand, DraftOperand],
  ): { sum: DraftCall; total: DraftCall } => {
    const sums = inBlock(builder.buffer(`dS ${layer.name}`, indices.length * 16))
    const entries = number(support.entries)
    const gradient = { ...number(parameter.gradient ?? 0), perBlock: parameter.gradientStride }
    return {
      sum: {
        kernel: 'sparseGradient',
        operands: [...operands(window, pixel, support), ...touched(windowed), ...[sums, entries, turnIndex]],
      },
      total: { kernel: 'sparseTotals', operands: [sums, entries, number(support.order), gradient] },
    }
  }

  const emitTotal = (total: DraftCall) =>
    builder.step(`${layer.name} sparse gradient`, layer.id, 'blocks', [total])

  const gather: SparseKernel['gather'] = ({ inputRow, gradient, sink }, rows, wanted) => {
    const support = adjointSupport(gradient.layout, wanted === 'withProduct' && sink.first)
    const window = gradient.windows
    const { sum, total } = valueGradient(support, gradient.layout, window, inputRow)
    if (wanted === 'withProduct') {
      rows.calls.push({
        kernel: 'sparseProduct',
        operands: [
          ...operands(window, outputRow(sink), support),
          ...touched(gradient.layout),
          number(directed(support).values),
          number(sink.first ? 0 : 1),
        ],
      })
      rows.multiplyAdds += indices.length * positions
    }
    rows.late.push(sum)
    rows.inputChannels = support
    rows.multiplyAdds += indices.length * positions
    rows.after.push(() => emitTotal(total))
  }

  const scatter: SparseKernel['scatter'] = (input, gradient, sink) => {
    const { height, width } = layer.output
    const support = forwardSupport(input.layout, false)
    const pixel = outputRow(gradient)
    const { sum, total } = valueGradient(support, input.layout, patchRow(input, layer), pixel)
    const calls = [sum]
    if (sink !== null) {
      if (sink.first) context.clear(`${layer.name} input gradient`, layer.id, sink)
      const placed = sink.layout.pitch === input.layout.pitch ? support : forwardSupport(sink.layout, false)
      calls.push({
        kernel: 'sparseScatter',
        operands: [...operands(patchRow(sink, layer), pixel, placed), number(directed(placed).values)],
      })
    }
    builder.step(`${layer.name} sparse backward`, layer.id, 'blocks', calls, {
      rows: height,
      chunks: { columns: width, chunk: width },
      multiplyAdds: calls.length * indices.length * positions,
    })
    emitTotal(total)
  }

  const product: SparseKernel['product'] = (input, output, accumulate) => {
    const support = directed(forwardSupport(input.layout, !accumulate))
    return [
      {
        kernel: 'sparseProduct',
        operands: [
          ...operands(input.patches, outputRow(output), support),
          ...touched(input.layout),
          number(support.values),
          number(accumulate ? 1 : 0),
        ],
      },
    ]
  }

  return { product, gather, scatter }
}

/** @param indices the support: flat indices, ascending */
export function sparsePart(context: ListContext, layer: KernelLayer, indices: Uint32Array): KernelPart {
  const { product, gather, scatter } = sparseKernel(context, layer, indices)
  const gathers = keepsSize(layer.geometry)
  return {
    multiplyAdds: indices.length,
    lags: false,
    gathers,
    forward: product,
    backward({ input, inputRow, gradient, sink }, rows) {
      if (sink !== null && gathers) {
        gather({ inputRow, gradient, sink }, rows, 'withProduct')
        return false
      }
      scatter(input, storedOf(gradient), sink)
      return true
    },
  }
}
