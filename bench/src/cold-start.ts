// Two starts of the same process of ours: one that finds no transforms kept, and one that finds those of the first.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Contender, type Refusal } from './contender.js'

export interface TwoStarts {
  /** The second process, or why there is none. */
  readonly contender: Contender | Refusal
  /** From the start of the first process to the end of its first step; null where it came to none. */
  readonly coldStartSeconds: number | null
}

export async function startTwice(command: string, args: readonly string[]): Promise<TwoStarts> {
  const folder = await mkdtemp(join(tmpdir(), 'dctps-bench-'))
  try {
    const environment = { DCTPS_TRANSFORM_CACHE: folder }
    const first = await Contender.start(command, args, environment)
    if (!(first instanceof Contender)) return { contender: first, coldStartSeconds: null }
    first.close()
    await first.ended()
    const contender = await Contender.start(command, args, environment)
    return { contender, coldStartSeconds: first.startSeconds }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
