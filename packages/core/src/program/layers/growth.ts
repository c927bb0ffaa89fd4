// The growth pass of one layer: its dense gradient, a tile of rows at a time, each ranked before the next one is computed, so
// that the gradient of all positions is never stored. Source: RigL (Evci et al. 2020).

import type { KernelLayer } from '../../network/layer.js'
import { flatPosition, groupChannels, type KernelGeometry, kernelEntries } from '../../shape/kernel.js'
import {
  type Chunks,
  columns,
  type DraftCall,
  number,
  sliceCount,
  sliceIndex,
  turnAndBlockIndex,
} from '../builder.js'
import type { Activation, ListContext, PixelRow } from '../context.js'
import {
  type GradientMatrix,
  type GradientTile,
  type GrowthRecord,
  gradientMatrix,
  gradientTiles,
} from '../growth-plan.js'
import { type OutputGradient, outputRow, patchRow, storedOf } from './kernel-part.js'

/** Where the operands of a layer's gradient lie while its backward steps are emitted. */
export interface GrowthPlaces {
  readonly input: Activation
  /** One row of the input's pixels: stored, or written by `sources`. */
  readonly inputRow: PixelRow
  readonly gradient: OutputGradient
  /** The calls that write the rows that are not stored. */
  readonly sources: readonly DraftCall[]
  /** Rows of inputs, and how they are cut. */
  readonly rows: number
  readonly chunks: Chunks
}

/** The two operands of a gradient as the product takes them: a pixel of `rows` channels beside a window of `columns` numbers. */
interface Operands {
  readonly pixel: PixelRow
  readonly window: PixelRow
  /** Table of byte offsets of a window's numbers, for the first group. */
  readonly offsets: number
  /** Bytes between the windows of neighbouring groups. */
  readonly groupBytes: number
  readonly sources: readonly DraftCall[]
  readonly rows: number
  readonly chunks: Chunks
}

/** How rows and columns of a gradient become flat indices (`assembly/rank.ts`). */
interface FlatIndices {
  readonly groupRows: number
  readonly groupFlat: number
  readonly rowFlat: number
  readonly columnFlats: number
}

/** Emits the steps that rank the gradients of all positions of a layer; its output's gradient must be complete. */
export function emitGrowth(context: ListContext, layer: KernelLayer, places: GrowthPlaces): void {
  const record = context.growth?.records.get(layer.id)
  if (record === undefined) return
  const matrix = gradientMatrix(layer.geometry)
  const operands = operandsOf(context, layer, matrix, places)
  const indices = flatIndices(context, layer.geometry, matrix)
  for (const tile of gradientTiles(matrix, layer.geometry.groups)) {
    emitProduct(context, layer, matrix, operands, tile)
    emitRanking(context, layer, matrix, indices, tile, record)
  }
}

function operandsOf(
  { program }: ListContext,
  layer: KernelLayer,
  { form }: GradientMatrix,
  places: GrowthPlaces,
): Operands {
  const { geometry } = layer
  if (form === 'windows') {
    const { layout, windows } = places.gradient
    // The window of outputs is a patch of the layer turned round.
    const turned = { ...geometry, inChannels: geometry.outChannels, outChannels: geometry.inChannels }
    return {
      ...places,
      pixel: places.inputRow,
      window: windows,
      offsets: program.tables.patch(turned, layout),
      groupBytes: groupChannels(turned) * layout.rowBytes,
    }
  }
  const { input } = places
  const { height: rows, width } = layer.output
  return {
    pixel: outputRow(storedOf(places.gradient)),
    window: patchRow(input, layer),
    offsets: program.tables.patch(geometry, input.layout),
    groupBytes: groupChannels(geometry) * input.layout.rowBytes,
    sources: [],
    rows,
    chunks: { columns: width, chunk: width },
  }
}

function flatIndices(
  { program: { tables } }: ListContext,
  geometry: KernelGeometry,
  { form, rows, columns: length }: GradientMatrix,
): FlatIndices {
  const { size, groups, outChannels } = geometry
  const channels = groupChannels(geometry)
  const key = `flats-${form}-${size}-${channels}-${outChannels / groups}`
  const groupRows = rows / groups
  if (form === 'patches') {
    return {
      groupRows,
      groupFlat: groupRows * length,
      rowFlat: length,
      columnFlats: tables.table(key, () =>
        Uint32Array.from({ length }, (_, n) => flatPosition(geometry, 0, n)),
      ),
    }
  }
  const outputs = outChannels / groups
  const area = size * size
  return {
    groupRows,
    groupFlat: kernelEntries(geometry) / groups,
    rowFlat: area,
    columnFlats: tables.table(key, () =>
      Uint32Array.from({ length }, (_, n) => {
        // The last tap of the window is the first of the patch.
        const tap = area - 1 - Math.floor(n / outputs)
        return (n % outputs) * channels * area + tap
      }),
    ),
  }
}

/** The gradient of the tile's rows: slices of them, each over all blocks in order, so that no thread count changes a bit. */
function emitProduct(
  { builder, program, growth }: ListContext,
  layer: KernelLayer,
  matrix: GradientMatrix,
  operands: Operands,
  { first, rows: tileRows, groups }: GradientTile,
): void {
  const { lanes } = program
  const [pixel, pixelStep] = operands.pixel
  const [window, windowStep] = operands.window
  const group = Math.floor(first / (matrix.rows / layer.geometry.groups))
  const product: DraftCall = {
    kernel: 'denseGradient',
    operands: [
      { ...window, constant: window.constant + group * operands.groupBytes },
      windowStep,
      { ...pixel, constant: pixel.constant + first * 4 * lanes },
      pixelStep,
      columns(),
      ...[tileRows, groups, matrix.columns, lanes].map(number),
      ...[growth?.tile ?? 0, operands.offsets, operands.groupBytes].map(number),
      turnAndBlockIndex,
      sliceIndex,
      sliceCount,
    ],
  }
  const { rows, chunks } = operands
  const multiplyAdds = tileRows * matrix.columns * rows * chunks.columns
  builder.step(`${layer.name} dense gradient`, layer.id, 'slicesOverBlocks', [...operands.sources, product], {
    rows,
    chunks,
    multiplyAdds,
  })
}

function emitRanking(
  { builder, growth }: ListContext,
  layer: KernelLayer,
  matrix: GradientMatrix,
  { groupRows, groupFlat, rowFlat, columnFlats }: FlatIndices,
  { first, rows }: GradientTile,
  record: GrowthRecord,
): void {
  const operands = [
    ...[growth?.tile ?? 0, rows, matrix.columns, first],
    ...[groupRows, groupFlat, rowFlat, columnFlats],
    ...[record.address, record.stored, first === 0 ? 1 : 0],
  ]
  builder.step(`${layer.name} ranking`, layer.id, 'once', [
    { kernel: 'rankGradient', operands: operands.map(number) },
  ])
}
