// Where and when a run was computed: one record for its start and one for every time it was resumed.

import { readFile } from 'node:fs/promises'
import { arch, availableParallelism, cpus, hostname, release, totalmem, type } from 'node:os'
import type { Runner } from 'dctps'
import { writeFileAtomic } from 'dctps/node'
import { z } from 'zod'
import { version } from './version.js'

const session = z.object({
  startedAt: z.string(),
  /** Epochs and optimiser steps done before. */
  fromEpoch: z.number(),
  fromStep: z.number(),
  seed: z.number(),
  threads: z.number(),
  /** The WebAssembly vector instructions that kernels are made of: `plain` or `relaxed`. */
  simd: z.string(),
  sharedMemory: z.boolean(),
  dctps: z.string(),
  node: z.string(),
  v8: z.string(),
  os: z.string(),
  cpu: z.string(),
  cores: z.number(),
  memoryBytes: z.number(),
  host: z.string(),
})

export type Session = z.output<typeof session>

const environment = z.object({ sessions: z.array(session) })

export function describeSession(
  runner: Runner,
  seed: number,
  from: { epoch: number; step: number },
): Session {
  return {
    startedAt: new Date().toISOString(),
    fromEpoch: from.epoch,
    fromStep: from.step,
    seed,
    threads: runner.threads,
    simd: runner.program.simd,
    sharedMemory: runner.program.sharedMemory,
    dctps: version,
    node: process.version,
    v8: process.versions.v8,
    os: `${type()} ${release()} ${arch()}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    host: hostname(),
  }
}

/**
 * Adds a session to the file. Earlier ones that cannot be read are dropped: nothing depends on them.
 * @throws DctpsError `file` when it cannot be written
 */
export async function recordSession(file: string, added: Session): Promise<void> {
  const earlier = await readSessions(file)
  await writeFileAtomic(file, Buffer.from(`${JSON.stringify({ sessions: [...earlier, added] }, null, 2)}\n`))
}

async function readSessions(file: string): Promise<Session[]> {
  try {
    return environment.parse(JSON.parse(await readFile(file, 'utf8'))).sessions
  } catch {
    return []
  }
}
