// The first step: from the images in the slot to input tiles, normalised where they come as bytes.

import type { InputLayer } from '../../network/layer.js'
import { blockIndex, number } from '../builder.js'
import { type ListContext, rowsOf } from '../context.js'
import type { InputFormat } from '../slot.js'

/** @param table address of the normalised values of each byte, `[C][256]` float32; unused for floats */
export function emitInput(context: ListContext, layer: InputLayer, format: InputFormat, table: number): void {
  const { builder, program } = context
  const output = context.createActivation(layer)
  const { channels, height, width } = layer.output
  const images = builder.inSlot(program.slot.images)
  const target = [...rowsOf(output), number(height), number(width), number(program.lanes), blockIndex]
  const call =
    format.type === 'bytes'
      ? {
          kernel: 'loadBytes',
          operands: [
            builder.inSlot(0),
            images,
            builder.inSlot(program.slot.placements),
            number(table),
            number(channels),
            number(format.source.height),
            number(format.source.width),
            ...target,
          ],
        }
      : { kernel: 'loadFloats', operands: [builder.inSlot(0), images, number(channels), ...target] }
  builder.step('input', layer.id, 'blocks', [call])
}
