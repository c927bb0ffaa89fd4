// Starts of a process of ours that finds no transforms kept, and of one that finds those of the first. The user's own
// are left alone.

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

export function startTwice(command: string, args: readonly string[]): Promise<TwoStarts> {
  return withFolder(async (environment) => {
    const first = await Contender.start(command, args, environment)
    if (!(first instanceof Contender)) return { contender: first, coldStartSeconds: null }
    first.close()
    await first.ended()
    const contender = await Contender.start(command, args, environment)
    return { contender, coldStartSeconds: first.startSeconds }
  })
}

/** A cold start only; of a peer, which keeps no transforms, any start. */
export function startOnce(command: string, args: readonly string[]): Promise<Contender | Refusal> {
  return withFolder((environment) => Contender.start(command, args, environment))
}

async function withFolder<T>(use: (environment: Record<string, string>) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'dctps-bench-'))
  try {
    return await use({ DCTPS_TRANSFORM_CACHE: folder })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
