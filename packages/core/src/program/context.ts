// What a layer's emitter may ask for and say: its buffers, parameters and tables, and the steps it adds. One context
// serves one step list (training or evaluation) of one program.

import { DctpsError } from '../errors.js'
import { isKernelLayer, type KernelLayer, type Layer, type LayerId, layerInputs } from '../network/layer.js'
import type { Network } from '../network/network.js'
import type { ParameterRole, Supports } from '../network/parameters.js'
import type { BlockBuffer } from './arena.js'
import { type DraftCall, type DraftOperand, inBlock, number, type ProgramBuilder } from './builder.js'
import type { GrowthPlan } from './growth-plan.js'
import type { KernelTables } from './kernel-tables.js'
import type { PlacedParameter } from './parameter-layout.js'
import type { PlacedSupport } from './position-tables.js'
import type { SlotLayout } from './slot.js'
import type { StoragePlan } from './storage.js'
import { overwriting, type TileLayout, tileLayout } from './tiles.js'

/** A block buffer seen as an activation (or its gradient). */
export interface Activation {
  readonly buffer: BlockBuffer
  readonly layout: TileLayout
}

/** Operands `pointer, step`: a pixel of each row of a step, and the distance to the next. */
export type PixelRow = [DraftOperand, DraftOperand]

/** Where a layer adds the gradient of its input; `first` when nothing is there yet. */
export interface GradientSink extends Activation {
  readonly first: boolean
}

/** The calls that write one row of an activation, or the chunk that a step takes, to a pointer. */
export type RowSource = (target: DraftOperand) => DraftCall[]

/** The same; with `only`, of the channels alone that a support has entries of. */
export type InputSource = (target: DraftOperand, only?: PlacedSupport) => DraftCall[]

/** One row of an activation that lies nowhere: where it is written, and the calls that do so. */
export interface ScratchRow {
  readonly row: PixelRow
  calls(only?: PlacedSupport): DraftCall[]
}

/** The calls that write one row of an activation or gradient to its place, and what that costs for all rows of an image. */
export interface RowWriter {
  readonly calls: readonly DraftCall[]
  readonly multiplyAdds: number
}

/** The calls that sum up one row of a gradient. */
export type SumSource = (gradient: Activation) => DraftCall[]

/**
 * How rectifications and max pools decide what passes:
 * - `own`: by the numbers at hand
 * - `written`: so, and it is written down
 * - `read`: as was written down last, whatever the numbers at hand
 */
export type Decisions = 'own' | 'written' | 'read'

/** Shared memory that holds something of every block. */
export interface KeptBytes {
  readonly address: number
  readonly bytes: number
}

export interface ProgramContext {
  readonly network: Network
  readonly supports: Supports
  readonly builder: ProgramBuilder
  readonly tables: KernelTables
  readonly storage: StoragePlan
  readonly slot: SlotLayout
  readonly lanes: number
  readonly blocks: number
  readonly placed: ReadonlyMap<string, PlacedParameter>
  /** What is written down of decisions, by a name made from the layer's. */
  readonly kept: Map<string, KeptBytes>
}

export class ListContext {
  readonly program: ProgramContext
  readonly mode: 'train' | 'evaluate'
  readonly decisions: Decisions
  /** Where the positions that supports could grow at are ranked in the backward pass; null where they are not. */
  readonly growth: GrowthPlan | null
  readonly #activations = new Map<LayerId, Activation>()
  readonly #gradients = new Map<LayerId, Activation>()
  /** Layers the gradient of whose output has a place, but nothing in it yet. */
  readonly #untouched = new Set<LayerId>()
  readonly #rowSources = new Map<LayerId, InputSource>()
  readonly #gradientSources = new Map<LayerId, RowSource>()
  readonly #sumSources = new Map<LayerId, SumSource>()
  readonly #inputsAhead = new Map<LayerId, RowWriter>()
  readonly #gradientsAhead = new Map<LayerId, RowWriter>()

  constructor(
    program: ProgramContext,
    mode: 'train' | 'evaluate',
    decisions: Decisions = 'own',
    growth: GrowthPlan | null = null,
  ) {
    this.program = program
    this.mode = mode
    this.decisions = decisions
    this.growth = growth
  }

  get builder(): ProgramBuilder {
    return this.program.builder
  }

  /** The activation that a layer wrote. */
  activation(id: LayerId): Activation {
    return this.#activations.get(this.program.storage.root[id]!)!
  }

  /** Makes the buffer for a layer's output, its halo zeroed. A layer in place gets its input's. */
  createActivation(layer: Layer): Activation {
    const root = this.program.storage.root[layer.id]!
    const existing = this.#activations.get(root)
    if (existing !== undefined) return existing
    const activation = this.#createOutput(layer)
    this.#activations.set(root, activation)
    if (activation.layout.halo > 0 && !this.program.storage.haloAhead.has(layer.id))
      this.clearHalo(layer.name, layer.id, activation)
    return activation
  }

  /** Says how rows of a layer's output can be computed anew, in the backward pass. */
  offerRows(id: LayerId, source: InputSource): void {
    this.#rowSources.set(id, source)
  }

  /** One row (`width` pixels of it) of a layer's output, computed anew; null where it is stored. */
  inputRow(id: LayerId, width: number): ScratchRow | null {
    if (!this.program.storage.recomputed.has(id)) return null
    const source = this.#rowSources.get(id)
    if (source === undefined) return null
    const { tileBytes } = this.activation(id).layout
    const row = this.builder.rowScratch('inputRow', width * tileBytes)
    return { calls: (only) => source(row, only), row: [row, number(tileBytes)] }
  }

  /** Says how rows of the gradient of a kernel's output are computed, instead of storing it. */
  deferGradient(id: LayerId, source: RowSource): void {
    this.#gradientSources.set(id, source)
  }

  /** One row (`width` pixels of it) of the gradient of a kernel's output; null where it is stored. */
  gradientRow(id: LayerId, width: number): { calls: DraftCall[]; row: PixelRow } | null {
    const source = this.#gradientSources.get(id)
    if (source === undefined) return null
    const tileBytes = this.program.network.layers[id]!.output.channels * 4 * this.program.lanes
    const row = this.builder.rowScratch('gradientRow', width * tileBytes)
    return { calls: source(row), row: [row, number(tileBytes)] }
  }

  /** Says how the gradient of a layer's output is summed up, a row at a time. */
  offerSums(id: LayerId, source: SumSource): void {
    this.#sumSources.set(id, source)
  }

  /** The calls that sum up a row of the gradient of a layer's output; whoever asks has to make them, on every row. */
  takeSums(id: LayerId): DraftCall[] {
    const source = this.#sumSources.get(id)
    this.#sumSources.delete(id)
    return source?.(this.gradient(id)) ?? []
  }

  /** Leaves it to the first layer that reads an activation to write it, as far ahead as it reads. */
  leaveAhead(id: LayerId, writer: RowWriter): void {
    this.#inputsAhead.set(id, writer)
  }

  /** What writes a layer's output, if that has been left to its reader and nobody has taken it yet. */
  takeAhead(id: LayerId): RowWriter | null {
    return take(this.#inputsAhead, id)
  }

  /** The same for the gradient of a kernel's output. */
  leaveGradientAhead(id: LayerId, writer: RowWriter): void {
    this.#gradientsAhead.set(id, writer)
  }

  takeGradientAhead(id: LayerId): RowWriter | null {
    return take(this.#gradientsAhead, id)
  }

  /** Whether the halo of the gradient of a sum is cleared row by row, as the gradient of what was summed is written. */
  clearsGradientAhead(id: LayerId): boolean {
    return this.program.storage.gradientHaloAhead.has(id) && this.growth === null
  }

  needsGradient(id: LayerId): boolean {
    return this.program.storage.needsGradient[id]!
  }

  /** The gradient of the loss with respect to a layer's output; complete when the layer's backward steps are emitted. */
  gradient(id: LayerId): Activation {
    const gradient = this.#gradients.get(id)
    if (gradient === undefined) {
      throw new DctpsError(
        'usage',
        `layer ${this.program.network.layers[id]!.name} feeds nothing: remove it or use its output`,
      )
    }
    return gradient
  }

  /** Where to write (`first`) or add the gradient of a layer's output. */
  gradientSink(id: LayerId): GradientSink {
    const existing = this.#gradients.get(id)
    if (existing !== undefined) return { ...existing, first: this.#untouched.delete(id) }
    const layer = this.program.network.layers[id]!
    const { gradientHalo, gradientOverwritten } = this.program.storage
    const created = this.#create(`d ${layer.name}`, layer, gradientHalo[id]!, gradientOverwritten[id]!)
    if (created.layout.halo > 0 && !this.clearsGradientAhead(id))
      this.clearHalo(`d ${layer.name}`, id, created)
    this.#gradients.set(id, created)
    return { ...created, first: true }
  }

  /**
   * Lets the gradient of `input` start as the very buffer of its consumer's gradient, to be overwritten in place.
   * @returns whether it could: not when another consumer has written a gradient of `input` before, nor when a later one
   * scatters into a wider halo than the buffer has.
   */
  shareGradient(input: LayerId, consumer: LayerId): boolean {
    const gradient = this.gradient(consumer)
    if (this.#gradients.has(input) || gradient.layout.halo < this.program.storage.gradientHalo[input]!)
      return false
    this.#gradients.set(input, gradient)
    return true
  }

  /** Lets a kernel that writes the gradient of its output ahead overwrite it with that of its input, if it can. */
  overwriteGradient({ id, input }: KernelLayer): void {
    // Ranking positions takes the whole gradient.
    if (!this.program.storage.overwrites.has(id) || this.#gradients.has(input) || this.growth !== null) return
    const { buffer, layout } = this.gradient(id)
    this.#gradients.set(input, { buffer, layout: overwriting(layout) })
    this.#untouched.add(input)
  }

  /** Memory for `bytes` of each block that outlasts the step list; all lists have it under the same name. */
  keep(name: string, bytes: number): DraftOperand {
    const { kept, blocks } = this.program
    const place = kept.get(name) ?? { address: this.builder.shared(bytes * blocks), bytes }
    kept.set(name, place)
    return { ...number(place.address), perBlock: place.bytes }
  }

  /** A buffer of the same layout for an intermediate result. */
  temporary(name: string, layout: TileLayout): Activation {
    return { buffer: this.builder.buffer(name, layout.bytes), layout }
  }

  /** Adds a step that clears a gradient buffer before sums are scattered into it. */
  clear(name: string, layer: LayerId, { buffer }: Activation): void {
    this.builder.step(`${name} clear`, layer, 'blocks', [
      { kernel: 'fillZero', operands: [inBlock(buffer), number(buffer.bytes)] },
    ])
  }

  /** Adds a step that clears the halo of an activation or gradient. */
  clearHalo(name: string, layer: LayerId, { buffer, layout }: Activation): void {
    const { origin, shape, pitch, interiorBytes, bytes } = layout
    const sizes = [origin, shape.height, pitch, interiorBytes, bytes].map(number)
    this.builder.step(`${name} halo`, layer, 'blocks', [
      { kernel: 'zeroHalo', operands: [inBlock(buffer), ...sizes] },
    ])
  }

  /** A layer's parameter of one role. */
  parameter(layer: LayerId, role: ParameterRole): PlacedParameter {
    for (const parameter of this.program.placed.values()) {
      if (parameter.layer === layer && parameter.role === role) return parameter
    }
    throw new DctpsError(
      'program',
      `layer ${this.program.network.layers[layer]!.name} has no parameter of role ${role}`,
    )
  }

  #createOutput(layer: Layer): Activation {
    const { overwrites, halo } = this.program.storage
    if (isKernelLayer(layer) && overwrites.has(layer.id)) {
      const { buffer, layout } = this.activation(layer.input)
      return { buffer, layout: overwriting(layout) }
    }
    const isOverwritten = this.program.network.layers.some(
      (reader) => overwrites.has(reader.id) && layerInputs(reader).includes(layer.id),
    )
    return this.#create(layer.name, layer, halo[this.program.storage.root[layer.id]!]!, isOverwritten)
  }

  #create(name: string, layer: Layer, halo: number, isOverwritten: boolean): Activation {
    const layout = tileLayout(layer.output, this.program.lanes, halo, isOverwritten ? 1 : 0)
    return { buffer: this.builder.buffer(name, layout.bytes), layout }
  }
}

function take(writers: Map<LayerId, RowWriter>, id: LayerId): RowWriter | null {
  const writer = writers.get(id)
  writers.delete(id)
  return writer ?? null
}

/** Operand: pixel (0, 0) of an activation, moving `perRow` bytes a row of the step. */
export function pixels({ buffer, layout }: Activation, perRow = 0): DraftOperand {
  return inBlock(buffer, layout.origin, perRow)
}

/**
 * The calls that clear the halo from the end of one row to the beginning of the next, and with the first and the last row what
 * is above and below the image.
 */
export function haloOfRow({ buffer, layout }: Activation): DraftCall[] {
  const { halo, origin, pitch, tileBytes, interiorBytes, shape } = layout
  const clear = (offset: number, bytes: number, perRow = 0): DraftCall => ({
    kernel: 'fillZero',
    operands: [inBlock(buffer, offset, perRow), number(bytes)],
  })
  const above = halo * (pitch + tileBytes)
  const below = halo * (pitch - tileBytes)
  const { height } = shape
  return [
    { ...clear(origin - above, above), end: 1 },
    clear(origin + interiorBytes, pitch - interiorBytes, pitch),
    { ...clear(origin + height * pitch, below), first: height - 1 },
  ]
}

/** Operands `pointer, pitch` of an activation for the kernels that walk rows themselves. */
export function rowsOf(activation: Activation): DraftOperand[] {
  return [pixels(activation), number(activation.layout.pitch)]
}
