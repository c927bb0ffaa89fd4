// The best scores of a whole network: exactly so many, ties broken by flat index over all kernels. A radix selection over
// the bits of the scores: two passes, no sorting, no second copy.

import { DctpsError } from '../errors.js'
import type { LayerId } from '../network/layer.js'
import type { Supports } from '../network/parameters.js'

/** One number for each weight of each dense kernel, `[Cout * Cg * K * K]`, kernels in definition order. */
export type Scores = ReadonlyMap<LayerId, Float32Array>

/** Scores below all others: a pruned weight that must not return. All others are at least 0 where this is used. */
export const neverKept = -1

const buckets = 2 ** 16

/**
 * The supports of the `count` highest scores.
 * @throws DctpsError `numeric` when a score is not finite; `usage` unless `0 <= count <=` the number of scores
 */
export function topScores(scores: Scores, count: number): Supports {
  const total = [...scores.values()].reduce((sum, { length }) => sum + length, 0)
  if (!Number.isInteger(count) || count < 0 || count > total) {
    throw new DctpsError('usage', `expected a count of 0 to ${total} scores to keep, received ${count}`)
  }
  checkFinite(scores)
  const upper = selectBucket(scores, count, (key) => key >>> 16)
  const lower = selectBucket(scores, upper.missing, (key) =>
    key >>> 16 === upper.bucket ? key & 0xffff : -1,
  )
  const threshold = upper.bucket * buckets + lower.bucket
  let ties = lower.missing
  const supports = new Map<LayerId, Uint32Array>()
  for (const [layer, values] of scores) {
    const keys = bitsOf(values)
    const kept = new Uint32Array(countAbove(keys, threshold, ties))
    let next = 0
    for (let i = 0; next < kept.length; i++) {
      const key = orderOf(keys[i]!)
      if (key < threshold || (key === threshold && ties === 0)) continue
      if (key === threshold) ties--
      kept[next++] = i
    }
    supports.set(layer, kept)
  }
  return supports
}

/** Gives all weights outside of the supports a score that no other is below. */
export function excludePruned(scores: Scores, supports: Supports): void {
  for (const [layer, values] of scores) {
    const kept = supports.get(layer) ?? new Uint32Array()
    for (let i = 0, next = 0; i < values.length; i++) {
      if (i === kept[next]) next++
      else values[i] = neverKept
    }
  }
}

/**
 * Refuses scores that say nothing.
 * @throws DctpsError `usage` when all are 0
 */
export function checkInformative(scores: Scores, method: string, network: string): void {
  for (const values of scores.values()) if (values.some((value) => value !== 0)) return
  throw new DctpsError(
    'usage',
    `${method} gives every weight of ${network} the score 0, so it cannot choose among them (kernels that start at zero let nothing through); use a support rule instead`,
  )
}

function checkFinite(scores: Scores): void {
  for (const values of scores.values()) {
    const index = values.findIndex((value) => !Number.isFinite(value))
    if (index < 0) continue
    throw new DctpsError(
      'numeric',
      `the score of a weight is ${values[index]} (entry ${index} of a kernel of ${values.length}), expected a finite number; the loss of the untrained network is not finite either, or its gradients overflow: check the normalisation`,
    )
  }
}

/** The scores' bits, without a copy. */
function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length)
}

/** An unsigned integer in the order of the float32 that has these bits; both zeros are equal. */
function orderOf(bits: number): number {
  if (bits === 0x80000000) return 0x80000000
  return bits >= 0x80000000 ? ~bits >>> 0 : bits + 0x80000000
}

/**
 * The bucket in which the `count`-th highest key lies, and how many of it are still missing once all higher buckets are
 * taken. Keys of bucket -1 do not count.
 */
function selectBucket(
  scores: Scores,
  count: number,
  bucketOf: (key: number) => number,
): { bucket: number; missing: number } {
  const histogram = new Uint32Array(buckets)
  for (const values of scores.values()) {
    const keys = bitsOf(values)
    for (let i = 0; i < keys.length; i++) {
      const bucket = bucketOf(orderOf(keys[i]!))
      if (bucket >= 0) histogram[bucket]!++
    }
  }
  let missing = count
  let bucket = buckets - 1
  while (bucket > 0 && histogram[bucket]! < missing) missing -= histogram[bucket--]!
  return { bucket, missing }
}

/** Keys above the threshold, and those equal to it as long as `ties` may be taken. */
function countAbove(keys: Uint32Array, threshold: number, ties: number): number {
  let above = 0
  let equal = 0
  for (let i = 0; i < keys.length; i++) {
    const key = orderOf(keys[i]!)
    if (key > threshold) above++
    else if (key === threshold) equal++
  }
  return above + Math.min(equal, ties)
}
