// Uniformly random supports, rebuilt at any time from (rule, density, seed): each layer from its own key, alone and in
// any order, in memory proportional to its non-zeros and never to its weights.

import { DctpsError } from '../errors.js'
import type { Key } from '../random/key.js'
import { type AllocateOptions, allocate } from './allocate.js'
import { type KernelShape, weightEntries } from './kernel-shape.js'
import type { SupportRule } from './rules/rule.js'

/** The largest kernel whose flat indices fit into a Uint32Array, with one number left to mark an empty slot. */
const maxEntries = 2 ** 32 - 1

/**
 * `count` positions out of `0..entries-1` without replacement, every subset equally likely, ascending `[count]`: the
 * first distinct values of `key.integer(0, entries), key.integer(1, entries), ...`; above half of the entries, the
 * positions that `entries - count` such values leave out.
 * @throws DctpsError `usage` unless `0 <= count <= entries < 2^32`
 */
export function randomPositions(key: Key, entries: number, count: number): Uint32Array {
  const valid = Number.isInteger(entries) && entries >= 0 && entries <= maxEntries
  if (!valid || !Number.isInteger(count) || count < 0 || count > entries) {
    throw new DctpsError(
      'usage',
      `random positions need 0 <= count <= entries <= ${maxEntries} in integers, received ${count} of ${entries}`,
    )
  }
  return count > entries / 2
    ? complement(firstDistinct(key, entries, entries - count), entries)
    : firstDistinct(key, entries, count)
}

function firstDistinct(key: Key, entries: number, count: number): Uint32Array {
  // An open-addressed hash table, at most half full; 0 marks an empty slot, so it holds position + 1.
  const bits = Math.max(1, Math.ceil(Math.log2(2 * count + 1)))
  const table = new Uint32Array(2 ** bits)
  const positions = new Uint32Array(count)
  let found = 0
  for (let counter = 0; found < count; counter++) {
    const position = key.integer(counter, entries)
    // Multiplicative hashing by 2^32 divided by the golden ratio: the upper bits are the best mixed.
    let slot = Math.imul(position, 0x9e3779b1) >>> (32 - bits)
    while (table[slot] !== 0 && table[slot] !== position + 1) slot = (slot + 1) % table.length
    if (table[slot] === 0) {
      table[slot] = position + 1
      positions[found++] = position
    }
  }
  return positions.sort()
}

function complement(excluded: Uint32Array, entries: number): Uint32Array {
  const positions = new Uint32Array(entries - excluded.length)
  let next = 0
  for (let position = 0, e = 0; position < entries; position++) {
    if (excluded[e] === position) e++
    else positions[next++] = position
  }
  return positions
}

/** The support of one kernel: `kernelIndex` counts the network's kernels in definition order. */
export function randomSupport(key: Key, kernelIndex: number, entries: number, count: number): Uint32Array {
  return randomPositions(key.fold('support', kernelIndex), entries, count)
}

/**
 * The supports of all kernels by layer id: flat indices into the dense weight, ascending. ALGORITHMS section 2.
 * @param kernels all kernels of the network in definition order
 * @param key the run's key; layers fold their own from it
 * @throws DctpsError `usage` as {@link allocate}, and for a kernel with 2^32 weights or more
 */
export function randomSupports(
  kernels: readonly (KernelShape & { readonly id: number })[],
  rule: string | SupportRule,
  density: number,
  key: Key,
  options: AllocateOptions = {},
): Map<number, Uint32Array> {
  const counts = allocate(kernels, rule, density, options)
  return new Map(
    kernels.map((kernel, index) => [
      kernel.id,
      randomSupport(key, index, weightEntries(kernel), counts[index]!),
    ]),
  )
}
