// A compiled network: step lists, tables and a memory map, all plain data. Running it is the runtime's business.

import { DctpsError } from '../errors.js'
import type { Network } from '../network/network.js'
import type { Supports } from '../network/parameters.js'
import type { EmittedTransform, SimdFlavour } from '../transform/index.js'
import type { ConstantTable, StepList } from './builder.js'
import type { GrowthRecord } from './growth-plan.js'
import type { OptimizerType, ParameterLayout } from './parameter-layout.js'
import type { PositionTable } from './position-tables.js'
import type { InputFormat, Objective, SlotLayout } from './slot.js'

/** wasm32 ends here. */
export const memoryLimit = 4 * 1024 ** 3

/** A WebAssembly page. */
export const pageBytes = 65536

export interface MemoryMap {
  /** Slots, parameters, gradients, tables. */
  readonly sharedBytes: number
  readonly slots: number
  readonly slotsAddress: number
  readonly slotStride: number
  readonly arena: number
  readonly blockBytes: number
  readonly scratch: number
  readonly threadBytes: number
}

export interface Program {
  readonly network: Network
  /** The supports that it was compiled for. */
  readonly supports: Supports
  /** Most images in one batch. */
  readonly batch: number
  readonly lanes: number
  readonly blocks: number
  readonly input: InputFormat
  readonly optimizer: OptimizerType | null
  readonly objective: Objective
  readonly sharedMemory: boolean
  /** The vector code of its kernels and transforms: bits differ between the two. */
  readonly simd: SimdFlavour
  readonly slot: SlotLayout
  readonly memory: MemoryMap
  readonly layout: ParameterLayout
  readonly constants: readonly ConstantTable[]
  /** Address of the table of normalised byte values, `[C][256]` float32. */
  readonly normalisationTable: number
  readonly modules: ReadonlyMap<string, EmittedTransform>
  /** The tables to write again when a support changes; none where supports are fixed. */
  readonly positionTables: readonly PositionTable[]
  /** What a growth pass reads and leaves, of every layer whose support can change. */
  readonly growthRecords: readonly GrowthRecord[]
  /** Forward in evaluation mode, with loss and logits. */
  readonly evaluate: StepList
  /** Forward and backward: gradients, but no update. Null in a program for inference. */
  readonly gradient: StepList | null
  /** The update that follows `gradient` in a training step. */
  readonly update: StepList | null
  /** As `gradient`, and the gradients of all positions ranked. Null where they are not. */
  readonly growth: StepList | null
}

/** What running a program takes, once its modules and tables are in place: all that a worker gets. */
export type ExecutableProgram = Pick<Program, 'memory' | 'evaluate' | 'gradient' | 'update' | 'growth'>

/** Bytes of memory that a program needs with a number of threads. */
export function programBytes(memory: MemoryMap, threads: number): number {
  return memory.scratch + memory.threadBytes * threads
}

/**
 * Checks that a program can be given memory.
 * @throws DctpsError `program` when it is larger than wasm32 can address
 */
export function checkProgramSize(program: Program, threads: number): void {
  const bytes = programBytes(program.memory, threads)
  if (bytes <= memoryLimit) return
  const growing = growingBytes(program)
  const fixed = bytes - growing
  // Sums of batch norm and rounding to whole pages grow with the batch too, by little: leave them a margin.
  const blocks = Math.floor((0.95 * (memoryLimit - fixed) * program.blocks) / growing)
  const advice =
    blocks >= 1
      ? `a batch of ${blocks * program.lanes} would fit`
      : `not even one block of ${program.lanes} images fits beside ${formatGiB(fixed)} of parameters and tables; use a smaller network, or a sparse kind`
  throw new DctpsError(
    'program',
    `${program.network.name} at batch ${program.batch} with ${threads} threads needs ${formatGiB(bytes)} of memory, WebAssembly has at most ${formatGiB(memoryLimit)}: ${advice}`,
  )
}

/** Bytes in proportion to the number of blocks: the arena, the slots and partial gradients. */
function growingBytes({ memory, layout, blocks }: Program): number {
  const partials = layout.vectors.reduce((sum, vector) => sum + vector.gradientStride, 0)
  return memory.slots * memory.slotStride + (memory.blockBytes + partials) * blocks
}

function formatGiB(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(2)} GiB`
}
