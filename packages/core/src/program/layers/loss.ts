// The end of the forward pass and the start of the backward pass: softmax cross-entropy, or a given upstream gradient.

import { blockIndex, number } from '../builder.js'
import { type Activation, type ListContext, pixels, rowsOf } from '../context.js'
import type { Objective } from '../slot.js'

export function emitLoss(context: ListContext, objective: Objective): void {
  if (objective === 'upstream') emitUpstream(context)
  else emitCrossEntropy(context)
}

function emitCrossEntropy(context: ListContext): void {
  const { builder, program } = context
  const last = program.network.layers.at(-1)!
  const logits = context.activation(last.id)
  const gradient = context.mode === 'train' ? pixels(context.gradientSink(last.id)) : number(0)
  builder.step('softmax cross-entropy', null, 'blocks', [
    {
      kernel: 'softmaxCrossEntropy',
      operands: [
        pixels(logits),
        number(program.network.classes),
        number(program.lanes),
        builder.inSlot(0),
        builder.inSlot(program.slot.labels),
        blockIndex,
        builder.inSlot(program.slot.results, 16),
        builder.inSlot(program.slot.logits),
        gradient,
      ],
    },
  ])
}

function emitUpstream(context: ListContext): void {
  const { slot, network } = context.program
  const last = network.layers.at(-1)!
  transfer(context, 'logits', 'storeFloats', slot.logits, context.activation(last.id))
  if (context.mode === 'train') {
    transfer(context, 'upstream gradient', 'loadFloats', slot.upstream, context.gradientSink(last.id))
  }
}

/** Emits the copy of the input's gradient to the slot, after all backward steps. */
export function emitInputGradient(context: ListContext): void {
  transfer(context, 'input gradient', 'storeFloats', context.program.slot.inputGradient, context.gradient(0))
}

/** Copies between tiles and `[images][C][H][W]` in the slot. */
function transfer(
  context: ListContext,
  name: string,
  kernel: 'loadFloats' | 'storeFloats',
  offset: number,
  tiles: Activation,
): void {
  const { builder, program } = context
  const { channels, height, width } = tiles.layout.shape
  builder.step(name, null, 'blocks', [
    {
      kernel,
      operands: [
        builder.inSlot(0),
        builder.inSlot(offset),
        number(channels),
        ...rowsOf(tiles),
        number(height),
        number(width),
        number(program.lanes),
        blockIndex,
      ],
    },
  ])
}
