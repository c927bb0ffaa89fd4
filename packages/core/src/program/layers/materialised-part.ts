// A DCTpS or sparse layer that stores at least half of its weights, as a dense one: `alpha * D + S` is written out before
// each pass. The blocked dense kernels are twice as fast an entry as the sparse ones, and D comes free; memory still
// follows the non-zeros, since there are at most twice as many entries. Typical of small first and last layers.

import type { KernelLayer } from '../../network/layer.js'
import { kernelEntries, patchLength, transformLength } from '../../shape/kernel.js'
import { dctMatrix } from '../../transform/index.js'
import { inBlock, number, turnIndex } from '../builder.js'
import type { ListContext } from '../context.js'
import { alphaGradient } from './alpha.js'
import { denseForward, denseGradient, emitDenseInputGradient } from './dense-part.js'
import { type KernelPart, storedOf } from './kernel-part.js'

/** Where dense kernels over all entries take less time than sparse ones over the stored ones, as measured. */
const fewestStored = 0.5

export function isNearlyFull(layer: KernelLayer, stored: number): boolean {
  return stored >= fewestStored * kernelEntries(layer.geometry)
}

/**
 * Has `alpha * D + S` written out before each pass.
 * @param matrix address of D in patch order, 0 for S alone
 * @returns address of the weights in patch order
 */
export function writtenOut(
  context: ListContext,
  layer: KernelLayer,
  matrix: number,
  indices: Uint32Array,
): number {
  const { builder, program } = context
  const entries = kernelEntries(layer.geometry)
  const weights = builder.shared(entries * 4)
  const alpha = matrix === 0 ? 0 : context.parameter(layer.id, 'alpha').address
  const positions = program.tables.patchPositions(layer, indices)
  const values = context.parameter(layer.id, 'kernel').address
  builder.prologue({
    kernel: 'materialise',
    operands: [weights, entries, matrix, alpha, positions, values, indices.length].map(number),
  })
  return weights
}

export function materialisedPart(context: ListContext, layer: KernelLayer, indices: Uint32Array): KernelPart {
  const { builder } = context
  const { geometry } = layer
  const patch = patchLength(geometry)
  const entries = kernelEntries(geometry)
  const values = context.parameter(layer.id, 'kernel')
  const hasTransform = layer.kind === 'dctps'
  const matrix = hasTransform
    ? builder.table(Float32Array.from(dctMatrix(transformLength(geometry), geometry.outChannels, patch)))
    : 0
  const positions = context.program.tables.patchPositions(layer, indices)
  const weights = writtenOut(context, layer, matrix, indices)
  const { height: rows, width } = layer.output
  const multiplyAdds = entries * rows * width

  return {
    multiplyAdds: entries,
    lags: false,
    gathers: false,
    forward: (input, output) => [denseForward(context, layer, storedOf(input), output, number(weights))],
    backward({ input, gradient: places, sink }) {
      const gradient = storedOf(places)
      const dense = builder.buffer(`dW ${layer.name}`, entries * 4)
      const onlySlice = [number(0), number(1)]
      builder.step(
        `${layer.name} weight gradient`,
        layer.id,
        'blocks',
        [denseGradient(context, layer, input, gradient, inBlock(dense), [turnIndex, ...onlySlice])],
        { rows, chunks: { columns: width, chunk: width }, multiplyAdds },
      )
      builder.step(`${layer.name} stored gradient`, layer.id, 'blocks', [
        {
          kernel: 'gatherGradient',
          operands: [
            inBlock(dense),
            number(entries),
            number(positions),
            { ...number(values.gradient ?? 0), perBlock: values.gradientStride },
            number(indices.length),
            number(matrix),
            hasTransform ? alphaGradient(context, layer) : number(0),
          ],
        },
      ])
      return sink !== null && emitDenseInputGradient(context, layer, gradient, sink, number(weights))
    },
  }
}
