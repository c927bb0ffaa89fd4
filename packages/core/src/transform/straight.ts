// Straight-line WebAssembly for a linear map: every instruction of the lowered list works on four lanes of a row. The
// code is cut into functions that the engine's compiler handles well, each of which loops over the lanes of a strip;
// what one function leaves for another goes through scratch memory. Emitting one function is left to `part-emitter.ts`.

import { ConstantTable } from './constant-table.js'
import { emitRun, PART } from './driver.js'
import type { FunctionBody } from './function-body.js'
import { countCodeFlops, type LinearCode, lower } from './lower.js'
import type { OpList } from './oplist.js'
import { PartEmitter, type PartOptions, StorePlan, ValueLocals } from './part-emitter.js'
import { schedule } from './schedule.js'
import { planScratch } from './scratch.js'
import { orderByStores } from './store-order.js'
import { checkTileGeometry, type EmittedTransform, FLOAT, type TileGeometry } from './tile-geometry.js'
import { emitTouch, positionsAtOnce, spansOf } from './touch.js'
import { encodeModule } from './wasm-module.js'

/** How straight-line code is cut; results do not depend on it. */
export interface StraightTuning {
  /** Additions in one function. */
  readonly groupSize: number
  /** Lanes that run through all functions before the next ones do; divides the lanes. */
  readonly stripLanes: number
}

/**
 * Additions in one function: the best of 40 to 160 on layers of 64 to 1024 channels. Larger functions spill registers,
 * smaller ones pass more values through scratch; where a strip is short, functions are entered more often, and scratch is smaller.
 */
const groupSizeFor = (stripLanes: number) => (stripLanes > 16 ? 60 : 100)

/**
 * Emits a module for the list.
 * @throws DctpsError `usage` when lanes or offsets do not fit the list.
 */
export function emitTransform(
  list: OpList,
  geometry: TileGeometry,
  tuning: Partial<StraightTuning> = {},
): EmittedTransform {
  checkTileGeometry(geometry, list.inputs.length, list.outputs.length)
  // Strips shorter than the tile would keep the scratch smaller, but read the code more often: that costs more.
  const stripLanes = tuning.stripLanes ?? geometry.lanes
  const code = straightCode(list, tuning.groupSize ?? groupSizeFor(stripLanes))
  const constants = new ConstantTable()
  const scales = new ConstantTable()
  const parts = emitParts(code, { ...geometry, stripLanes, constants, scales })
  const rowBytes = geometry.lanes * FLOAT
  const { inputOffsets, outputOffsets, newInputOffsets, newOutputOffsets } = geometry
  const inputs = spansOf(newInputOffsets ?? inputOffsets, rowBytes)
  const outputs = spansOf(newOutputOffsets ?? outputOffsets, rowBytes)
  const touches = [emitTouch(PART.x, inputs), emitTouch(PART.y, outputs)]
  const functions = [...touches, ...parts.functions]
  const indices = [...functions.keys()]
  const runFunctions = {
    touch: { x: 0, y: 1 },
    columns: positionsAtOnce([...inputs, ...outputs]),
    parts: indices.slice(touches.length),
  }
  const run = emitRun(runFunctions, geometry.lanes / stripLanes, stripLanes * FLOAT)
  return {
    bytes: encodeModule([...functions, run], geometry.sharedMemory),
    scratchBytes: parts.scratchBytes,
    scales: scales.values(),
    constants: Float32Array.from(constants.values()),
    flops: parts.flops,
    instructions: parts.instructions,
  }
}

export interface StraightParts {
  /** To be called in this order with the parameters of `PART`. */
  readonly functions: readonly FunctionBody[]
  readonly scratchBytes: number
  readonly flops: number
  readonly instructions: number
}

/** The list as code in groups of the size of a function. */
export function straightCode(list: OpList, groupSize: number): LinearCode {
  return lower(list, schedule(list, groupSize))
}

/** One function for each group of the code, to apply it to one strip. */
export function emitParts(code: LinearCode, options: PartOptions): StraightParts {
  const scratch = planScratch(code)
  const groups = code.groups.length === 0 ? [[]] : code.groups
  const stores = new StorePlan(code, options)
  const values = new ValueLocals(code.values)
  const leaves = (value: number) => stores.of(value).length > 0 || scratch.slotOf[value]! >= 0
  const functions = groups.map((group, at) =>
    new PartEmitter(code, options, scratch, stores, values).emit(orderByStores(group, leaves), at === 0),
  )
  const { additions, multiplications } = countCodeFlops(code)
  const accumulated = options.store === 'accumulate' ? stores.count : 0
  return {
    functions,
    scratchBytes: scratch.slots * options.stripLanes * FLOAT,
    flops: additions + multiplications + accumulated,
    instructions: additions + multiplications + accumulated,
  }
}
