// D itself on one row of tiles, without alpha, in the form that suits the layer: an emitted transform of patches, of local
// spectra (3x3 layers), or, for grouped convolutions, the formula on a table of cosines. None is ever stored as a matrix.

import type { KernelLayer } from '../../network/layer.js'
import { patchLength } from '../../shape/kernel.js'
import { IN_CACHE } from '../../transform/driver.js'
import { columns, type DraftCall, type DraftOperand, number } from '../builder.js'
import type { Activation, ListContext, PixelRow } from '../context.js'
import type { PlacedTransform } from '../kernel-tables.js'
import type { TileLayout } from '../tiles.js'
import {
  groupBytes,
  type KernelInput,
  type OutputGradient,
  outputRow,
  patchesTile,
  patchRow,
  storedOf,
} from './kernel-part.js'
import { hasSpectralForm, spectralTransform } from './spectral-transform.js'
import { hasSpectralForm5, spectralTransform5 } from './spectral-transform5.js'

/** A table of factors: address and number. */
export interface Factors {
  readonly address: number
  readonly count: number
}

/** D on one row of tiles, in both directions. */
export interface FreeTransform {
  /** Of one output pixel. */
  readonly multiplyAdds: number
  /** Whether calls take whole rows, and a row of y is complete only after the calls of the next. */
  readonly lags: boolean
  /** Whether the adjoint gathers. */
  readonly gathers: boolean
  /** Address of the factors that bear alpha, for alpha = 1, and their number. */
  readonly scales: number
  readonly scaleCount: number
  /** One row of y = D x, with factors from `scales`; a form with rows of its own emits a step beforehand. */
  forward(x: KernelInput, y: Activation, scales: number): DraftCall[]
  /** The factors that bear alpha in the adjoint's calls, for alpha = 1. @param input layout of what the adjoint writes */
  adjointScales(input: TileLayout): Factors
  /** With factors from `scales`. */
  adjoint(dy: OutputGradient, scales: number): Adjoint
}

/**
 * u = D^T dy, row by row:
 * - `gather`: one row of u is finished at a time, `u` being its first pixel and the step to the next; the calls use thread
 *   scratch up to `scratchBytes`
 * - `scatter`: one row of dy is added to all rows of u that it bears on
 */
export type Adjoint =
  | {
      readonly type: 'gather'
      readonly scratchBytes: number
      row(u: PixelRow): DraftCall[]
      /** What adds to the row instead, if there is such a form, with factors of its own. */
      readonly adding?: { readonly factors: Factors; row(u: PixelRow, scales: number): DraftCall[] }
    }
  | { readonly type: 'scatter'; row(u: Activation): DraftCall[] }

/** The fastest form. @param input layout of the activation that the layer reads */
export function freeTransform(context: ListContext, layer: KernelLayer, input: TileLayout): FreeTransform {
  return hasSpectralForm(layer) ? spectralTransform(context, layer) : rowTransform(context, layer, input)
}

/** Whether the adjoint of the fastest form gathers, where a layer keeps the size of its image. */
export function hasGatheringTransform(layer: KernelLayer): boolean {
  return hasSpectralForm(layer) || patchesTile(layer)
}

/** A form whose forward calls finish one row of y at a time. */
export function rowTransform(context: ListContext, layer: KernelLayer, input: TileLayout): FreeTransform {
  if (hasSpectralForm5(layer)) return spectralTransform5(context, layer)
  const { groups } = layer.geometry
  return groups > 1 ? grouped(context, layer, input) : patchTransform(context, layer, input)
}

/**
 * Operands of a transform module on one row of positions: tiles at x to tiles at y.
 * @param inCache what need not be brought into the cache, since it lies in scratch and was written or read just now
 */
export function transformCall(
  context: ListContext,
  placed: PlacedTransform,
  width: DraftOperand,
  [x, xStep]: [DraftOperand, DraftOperand],
  [y, yStep]: [DraftOperand, DraftOperand],
  scales: number,
  inCache: { readonly x?: boolean; readonly y?: boolean } = {},
): DraftCall {
  const bits = (inCache.x ? IN_CACHE.x : 0) | (inCache.y ? IN_CACHE.y : 0)
  const scratch = context.builder.scratch(placed.emitted.scratchBytes)
  const rows = [number(1), number(0), number(0)]
  return {
    kernel: placed.key,
    operands: [
      x,
      y,
      scratch,
      number(scales),
      number(placed.constants),
      ...rows,
      width,
      xStep,
      yStep,
      number(bits),
    ],
  }
}

export function factorsOf({ scales, emitted }: PlacedTransform): Factors {
  return { address: scales, count: emitted.scales.length }
}

function patchTransform(context: ListContext, layer: KernelLayer, input: TileLayout): FreeTransform {
  const { tables } = context.program
  const forward = tables.transform(layer.geometry, input, 'forward', 'assign')
  return {
    multiplyAdds: forward.emitted.flops / 2,
    lags: false,
    gathers: patchesTile(layer),
    scales: forward.scales,
    scaleCount: forward.emitted.scales.length,
    forward: (x, y, scales) => [
      transformCall(context, forward, columns(), x.patches, outputRow(y), scales, { x: x.stored === null }),
    ],
    adjointScales(written) {
      const store = patchesTile(layer) ? 'assign' : 'accumulate'
      return factorsOf(tables.transform(layer.geometry, written, 'adjoint', store))
    },
    adjoint(dy, scales) {
      if (!patchesTile(layer)) {
        return {
          type: 'scatter',
          row(u) {
            const adjoint = tables.transform(layer.geometry, u.layout, 'adjoint', 'accumulate')
            return [
              transformCall(context, adjoint, columns(), outputRow(storedOf(dy)), patchRow(u, layer), scales),
            ]
          },
        }
      }
      const adjoint = tables.transform(layer.geometry, input, 'adjoint', 'assign')
      const call = (placed: PlacedTransform, u: PixelRow, factors: number) =>
        transformCall(context, placed, columns(), dy.windows, u, factors, { x: dy.stored === null })
      return {
        type: 'gather',
        scratchBytes: adjoint.emitted.scratchBytes,
        row: (u) => [call(adjoint, u, scales)],
        get adding() {
          const adding = tables.transform(layer.geometry, input, 'adjoint', 'accumulate')
          return {
            factors: factorsOf(adding),
            row: (u: PixelRow, factors: number) => [call(adding, u, factors)],
          }
        },
      }
    },
  }
}

function grouped(context: ListContext, layer: KernelLayer, input: TileLayout): FreeTransform {
  const { tables, lanes } = context.program
  const { geometry } = layer
  const { cosines, period, scales } = tables.cosines(geometry)
  const call = (
    kernel: string,
    layout: TileLayout,
    x: DraftOperand[],
    y: DraftOperand[],
    rowScales: number,
  ): DraftCall => ({
    kernel,
    operands: [
      ...x,
      ...y,
      columns(),
      number(geometry.outChannels),
      number(geometry.groups),
      number(patchLength(geometry)),
      number(lanes),
      number(cosines),
      number(period),
      number(rowScales),
      number(tables.patch(geometry, layout)),
      number(groupBytes(layer, layout)),
    ],
  })
  return {
    multiplyAdds: patchLength(geometry) * geometry.outChannels,
    lags: false,
    gathers: false,
    scales,
    scaleCount: geometry.outChannels,
    forward: (x, y, rowScales) => [call('cosineForward', input, x.patches, outputRow(y), rowScales)],
    adjointScales: () => ({ address: scales, count: geometry.outChannels }),
    adjoint: (dy, rowScales) => ({
      type: 'scatter',
      row: (u) => [call('cosineAdjoint', u.layout, patchRow(u, layer), outputRow(storedOf(dy)), rowScales)],
    }),
  }
}
