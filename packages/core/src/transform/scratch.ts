// Scratch memory for straight-line code: values that are written by one group and read by a later one get a slot, and a
// slot is given away again after its last reader.

import type { LinearCode } from './lower.js'

export interface ScratchPlan {
  /** Slots needed at once. */
  readonly slots: number
  /** Slot of each value; -1: it never leaves its group (or is an input). */
  readonly slotOf: Int32Array
}

export function planScratch(code: LinearCode): ScratchPlan {
  const writer = new Int32Array(code.values).fill(-1)
  const lastReader = new Int32Array(code.values).fill(-1)
  code.groups.forEach((group, at) => {
    for (const { target, sources } of group) {
      writer[target] = at
      for (const source of sources) lastReader[source] = at
    }
  })
  const expiring: number[][] = code.groups.map(() => [])
  const slotOf = new Int32Array(code.values).fill(-1)
  const free: number[] = []
  let slots = 0
  code.groups.forEach((group, at) => {
    for (const { target } of group) {
      const last = lastReader[target]!
      if (last <= at) continue
      slotOf[target] = free.pop() ?? slots++
      expiring[last]!.push(target)
    }
    for (const value of expiring[at]!) free.push(slotOf[value]!)
  })
  return { slots, slotOf }
}
