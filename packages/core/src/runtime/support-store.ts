// The supports of a running program: reading them, writing others with as many entries into its tables, and what a growth
// pass is told and finds. What moves is decided elsewhere, and so is what becomes of the values.

import { DctpsError } from '../errors.js'
import { isKernelLayer, type LayerId } from '../network/layer.js'
import type { Supports } from '../network/parameters.js'
import { type GrowthRecord, growthRecord } from '../program/growth-plan.js'
import { layerOf, rewritten } from '../program/position-tables.js'
import type { Program } from '../program/program.js'
import { kernelEntries } from '../shape/kernel.js'

export class SupportStore {
  readonly #program: Program
  readonly #memory: WebAssembly.Memory
  readonly #records: ReadonlyMap<LayerId, GrowthRecord>
  #current: Supports

  constructor(program: Program, memory: WebAssembly.Memory) {
    this.#program = program
    this.#memory = memory
    this.#records = new Map(program.growthRecords.map((record) => [record.layer, record]))
    this.#current = program.supports
  }

  /** The supports that the program computes with. */
  get current(): Supports {
    return this.#current
  }

  /**
   * Makes the program compute with other supports; values and optimiser state stay where they are, entry by entry.
   * @throws DctpsError `usage` where a layer's count differs or a position is none of its weight's, and where positions differ
   * from those of a program that was compiled with fixed ones; nothing is changed then
   */
  write(supports: Supports): void {
    const changed = new Map<LayerId, Uint32Array>()
    for (const [layer, now] of this.#current) {
      const wanted = supports.get(layer)
      const isSame =
        wanted?.length === now.length && wanted.every((position, entry) => position === now[entry])
      if (!isSame) changed.set(layer, this.#checked(layer, now.length, wanted))
    }
    if (changed.size === 0) return
    for (const table of this.#program.positionTables) {
      const indices = changed.get(layerOf(table).id)
      if (indices === undefined) continue
      for (const { address, data } of rewritten(table, indices))
        new Uint32Array(this.#memory.buffer, address, data.length).set(data)
    }
    this.#current = new Map([...this.#current, ...changed])
  }

  /**
   * Tells the next growth pass which positions a layer keeps: it finds as many others as are left of the layer's count.
   * @param kept ascending
   * @throws DctpsError `usage` where the gradients of the layer are not ranked, or more are kept than it stores
   */
  keep(layer: LayerId, kept: Uint32Array): void {
    const { address, stored } = this.#record(layer)
    if (kept.length > stored) {
      throw new DctpsError(
        'usage',
        `layer ${this.#name(layer)} stores ${stored} weights and cannot keep ${kept.length}`,
      )
    }
    const view = new Uint32Array(this.#memory.buffer, address, growthRecord.positions / 4 + stored)
    view[growthRecord.wanted / 4] = stored - kept.length
    view.set(kept, growthRecord.positions / 4)
  }

  /** The positions that the last growth pass found for a layer, ascending. @throws DctpsError `usage` as {@link keep} */
  grown(layer: LayerId): Uint32Array {
    const { address, stored } = this.#record(layer)
    const view = new Uint32Array(this.#memory.buffer, address, growthRecord.positions / 4 + stored)
    const wanted = view[growthRecord.wanted / 4]!
    return view.slice(view.length - wanted).sort()
  }

  #record(layer: LayerId): GrowthRecord {
    const record = this.#records.get(layer)
    if (record !== undefined) return record
    throw new DctpsError(
      'usage',
      `the gradients of layer ${this.#name(layer)} are not ranked; compile the program with positions ranked, and a support that is neither empty nor full`,
    )
  }

  #checked(id: LayerId, count: number, wanted: Uint32Array | undefined): Uint32Array {
    const layer = this.#program.network.layers[id]!
    if (this.#program.positionTables.length === 0) {
      throw new DctpsError(
        'usage',
        `the support of layer ${layer.name} cannot change; compile the program with positions movable`,
      )
    }
    const entries = isKernelLayer(layer) ? kernelEntries(layer.geometry) : 0
    const fits = wanted?.every(
      (position, entry) => position < entries && (entry === 0 || position > wanted[entry - 1]!),
    )
    if (wanted === undefined || wanted.length !== count || fits !== true) {
      throw new DctpsError(
        'usage',
        `layer ${layer.name} takes ${count} ascending positions below ${entries}, received ${wanted === undefined ? 'none' : `${wanted.length}${fits ? '' : ' that are not'}`}`,
      )
    }
    return wanted
  }

  #name(layer: LayerId): string {
    return this.#program.network.layers[layer]?.name ?? String(layer)
  }
}
