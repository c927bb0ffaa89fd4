// The read-only tables that kernels need in shared memory: emitted transforms with their constants, cosines, patch
// offsets, and supports as compressed rows. Each is made once a program, however many layers share it.

import type { KernelLayer } from '../network/layer.js'
import { groupChannels, type KernelGeometry, patchLength, transformLength } from '../shape/kernel.js'
import { cosineScales, cosineTable } from '../transform/cosine-table.js'
import type { EmittedTransform, SimdFlavour } from '../transform/index.js'
import type { DraftOperand, ProgramBuilder } from './builder.js'
import {
  mostRows,
  type PlacedSupport,
  type PositionTable,
  patchPositions,
  type SupportUse,
  supportData,
} from './position-tables.js'
import { patchOffsets, type TileLayout } from './tiles.js'
import type { TransformCache } from './transform-cache.js'

/** An emitted transform in a program. */
export interface PlacedTransform {
  /** Name to call it by. */
  readonly key: string
  readonly emitted: EmittedTransform
  readonly constants: number
  /** Output scales for alpha = 1. */
  readonly scales: number
}

/** What the tables of a program are made for. */
export interface TableTarget {
  readonly sharedMemory: boolean
  readonly simd: SimdFlavour
  /** Whether supports can change: then their tables have room for any positions, as many as there are. */
  readonly movable: boolean
}

export class KernelTables {
  readonly modules = new Map<string, EmittedTransform>()
  /** All tables of positions. */
  readonly positions: PositionTable[] = []
  readonly #builder: ProgramBuilder
  readonly #cache: TransformCache
  readonly #target: TableTarget
  readonly #placed = new Map<string, unknown>()

  constructor(builder: ProgramBuilder, cache: TransformCache, target: TableTarget) {
    this.#builder = builder
    this.#cache = cache
    this.#target = target
  }

  /**
   * The transform of an ungrouped layer. Forward: patch at the input tile -> Cout rows; adjoint: Cout rows -> patch,
   * `accumulate` adding to what is there.
   */
  transform(
    geometry: KernelGeometry,
    input: TileLayout,
    direction: 'forward' | 'adjoint',
    store: 'assign' | 'accumulate',
  ): PlacedTransform {
    const { sharedMemory, simd } = this.#target
    const patch = patchLength(geometry)
    const length = transformLength(geometry)
    const { outChannels, size, stride } = geometry
    const key = `${direction}-${store}-${patch}-${outChannels}-k${size}-s${size > 1 ? stride : 0}-pitch${size > 1 ? input.pitch : 0}-tile${size > 1 ? input.tileBytes : 0}-b${input.lanes}`
    return this.#once(key, () => {
      const patchRows = patchOffsets(geometry, input)
      const outputRows = Int32Array.from({ length: outChannels }, (_, k) => k * input.rowBytes)
      const adjoint = direction === 'adjoint'
      // Of the patch before, all but the last `stride` columns of tiles are seen again.
      const seenBytes = Math.max(0, size - stride) * input.tileBytes
      const newRows = patchRows.filter((offset) => offset % input.pitch >= seenBytes)
      const emitted = this.#cache.get(`${key}-${sharedMemory}-${simd}`, {
        length,
        inputs: patch,
        outputs: outChannels,
        adjoint,
        lanes: input.lanes,
        inputOffsets: adjoint ? outputRows : patchRows,
        outputOffsets: adjoint ? patchRows : outputRows,
        ...(adjoint ? { newOutputOffsets: newRows } : { newInputOffsets: newRows }),
        store,
        sharedMemory,
        simd,
      })
      return this.#place(key, emitted)
    })
  }

  /**
   * The local spectrum of a pixel of a 3x3 or 5x5 layer. Forward: C rows of the input tile -> `2 * Cout` rows, real and imaginary
   * parts by turns; adjoint the other way.
   */
  spectrum(geometry: KernelGeometry, lanes: number, direction: 'forward' | 'adjoint'): PlacedTransform {
    const { sharedMemory, simd } = this.#target
    const { inChannels: channels, outChannels: outputs } = geometry
    const size = geometry.size === 5 ? 5 : 3
    const key = `${direction}-spectrum-${channels}-${outputs}-k${size}-b${lanes}`
    return this.#once(key, () => {
      const rows = (count: number) => Int32Array.from({ length: count }, (_, row) => row * 4 * lanes)
      const adjoint = direction === 'adjoint'
      const emitted = this.#cache.get(`${key}-${sharedMemory}-${simd}`, {
        channels,
        outputs,
        size,
        adjoint,
        lanes,
        inputOffsets: rows(adjoint ? 2 * outputs : channels),
        outputOffsets: rows(adjoint ? channels : 2 * outputs),
        sharedMemory,
        simd,
      })
      return this.#place(key, emitted)
    })
  }

  /** A table of constants that several layers share. */
  table(key: string, make: () => Float32Array | Uint32Array): number {
    return this.#once(`table-${key}`, () => this.#builder.table(make()))
  }

  /** Memory that several steps share. */
  reserved(key: string, bytes: number): number {
    return this.#once(`reserved-${key}`, () => this.#builder.shared(bytes))
  }

  /** Memory of every thread that several steps share. */
  own(key: string, bytes: number): DraftOperand {
    return this.#once(`own-${key}`, () => this.#builder.own(bytes))
  }

  /** Bytes that stay zero. */
  zeros(bytes: number): number {
    return this.#once(`zeros-${bytes}`, () => this.#builder.shared(bytes))
  }

  /** For grouped layers: `cosines` [4d] and the scales of D's rows for alpha = 1. */
  cosines(geometry: KernelGeometry): { cosines: number; period: number; scales: number } {
    const length = transformLength(geometry)
    return this.#once(`cosines-${length}-${geometry.outChannels}`, () => ({
      cosines: this.#builder.table(cosineTable(length)),
      period: 4 * length,
      scales: this.#builder.table(cosineScales(length, geometry.outChannels)),
    }))
  }

  /** Byte offsets of the patch entries of group 0, [patch]. */
  patch(geometry: KernelGeometry, input: TileLayout): number {
    const key = `patch-${geometry.size}-${groupChannels(geometry)}-${input.pitch}-${input.tileBytes}-${input.rowBytes}`
    return this.#once(key, () => this.#builder.table(new Uint32Array(patchOffsets(geometry, input))))
  }

  /** The rows of a support, in either of its directions. */
  support(use: SupportUse, indices: Uint32Array): PlacedSupport {
    const { layer, direction, partners, every } = use
    return this.#once(`support-${layer.name}-${direction}-${every}-${partners.pitch}`, () => {
      const room = this.#target.movable ? mostRows(use, indices.length) : 0
      const { rows, offsets, order } = supportData(use, indices, room)
      const placed = {
        rows: this.#builder.table(rows),
        rowCount: rows.length / 2,
        offsets: this.#builder.table(offsets),
        order: this.#builder.table(order),
        entries: indices.length,
      }
      this.positions.push({ type: 'rows', use, placed })
      return placed
    })
  }

  /** Where the stored values of a layer lie in its weight in patch order. */
  patchPositions(layer: KernelLayer, indices: Uint32Array): number {
    return this.#once(`positions-${layer.name}`, () => {
      const address = this.#builder.table(patchPositions(layer, indices))
      this.positions.push({ type: 'patches', layer, address })
      return address
    })
  }

  /** A constant that kernels load as they load a parameter. */
  constant(value: number): number {
    return this.#once(`constant-${value}`, () => this.#builder.table(Float32Array.of(value)))
  }

  #place(key: string, emitted: EmittedTransform): PlacedTransform {
    this.modules.set(key, emitted)
    const constants = this.#builder.table(emitted.constants)
    const scales = this.#builder.table(Float32Array.from(emitted.scales))
    return { key, emitted, constants, scales }
  }

  #once<T>(key: string, make: () => T): T {
    if (!this.#placed.has(key)) this.#placed.set(key, make())
    return this.#placed.get(key) as T
  }
}
