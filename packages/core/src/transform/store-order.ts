// The order of the instructions in one function. V8 keeps loads and stores in the order of the code, but moves what is
// computed down to the store that needs it: with all loads ahead of all stores, as when a group runs level by level, what
// was loaded early waits in registers, which run out. So what the first store needs comes first, then what the second one
// needs besides, and so on.

import type { Instruction } from './lower.js'

/**
 * The instructions that stored values depend on, depth first, stored values in the order they had.
 * @param isStored whether a value leaves the function
 */
export function orderByStores(
  group: readonly Instruction[],
  isStored: (value: number) => boolean,
): Instruction[] {
  const pending = new Map(group.map((instruction) => [instruction.target, instruction]))
  const ordered: Instruction[] = []
  const take = (value: number) => {
    const instruction = pending.get(value)
    if (instruction === undefined) return
    pending.delete(value)
    for (const source of instruction.sources) take(source)
    ordered.push(instruction)
  }
  for (const { target } of group) if (isStored(target)) take(target)
  return ordered
}
