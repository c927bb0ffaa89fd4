// A part of a sweep's runs, for one of several machines: every n-th in the order of hashes of their names, so that each
// part holds some of everything, whatever the order of the experiment.

import { createHash } from 'node:crypto'
import { DctpsError } from 'dctps'

export interface Shard {
  /** From 1. */
  readonly index: number
  readonly count: number
}

/** Parses `2/4`. @throws DctpsError `usage` */
export function parseShard(text: string): Shard {
  const [, index, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(text.trim()) ?? []
  const shard = { index: Number(index), count: Number(count) }
  if (shard.index >= 1 && shard.index <= shard.count) return shard
  throw new DctpsError(
    'usage',
    `--shard must be PART/PARTS with a part from 1 to the number of parts, e.g. 2/4, received ${text || 'nothing'}`,
  )
}

/** The runs of a part, in their order. */
export function shardRuns<T extends { readonly name: string }>(
  runs: readonly T[],
  { index, count }: Shard,
): T[] {
  const hash = ({ name }: T) => createHash('sha256').update(name).digest('hex')
  const shuffled = runs.map((run) => ({ run, hash: hash(run) })).sort((a, b) => (a.hash < b.hash ? -1 : 1))
  const own = new Set(shuffled.filter((_, place) => place % count === index - 1).map(({ run }) => run))
  return runs.filter((run) => own.has(run))
}

export function shardText({ index, count }: Shard): string {
  return `${index}/${count}`
}
