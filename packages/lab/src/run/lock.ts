// Lock files: one process at a time trains a run or works through a sweep. A lock names its process and machine. One
// whose process has ended is taken over; whether a process of another machine still works cannot be seen from here, so
// its lock holds until someone deletes it.

import { open, readFile, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { DctpsError } from 'dctps'
import { fileError } from 'dctps/internal/file/node'
import { z } from 'zod'

const holderSchema = z.object({
  pid: z.int().positive(),
  host: z.string(),
  /** Of the process, in clock ticks since the machine started; null where it cannot be found out. */
  startTicks: z.string().nullable(),
  since: z.string(),
})

export type LockHolder = Readonly<z.output<typeof holderSchema>>

/** Removing a lock takes a moment; whoever has been at it for so long has ended. */
const guardMilliseconds = 10_000

export interface Lock {
  release(): Promise<void>
}

/** Another process holds the lock. */
export class LockedError extends DctpsError {
  readonly holder: LockHolder

  constructor(file: string, holder: LockHolder) {
    const { pid, host, since } = holder
    const next =
      host === hostname()
        ? 'wait for it or stop it'
        : `wait for it, or delete the file if that machine no longer works on it`
    super('usage', `${file}: process ${pid} on ${host} works here since ${since}; ${next}`)
    this.holder = holder
  }
}

/**
 * Takes a lock; the folder must exist.
 * @param onStale told when the lock of a process that has ended is taken over
 * @throws LockedError when another process holds it; DctpsError `file` when it cannot be written
 */
export async function takeLock(file: string, onStale: (message: string) => void): Promise<Lock> {
  const own: LockHolder = {
    pid: process.pid,
    host: hostname(),
    startTicks: (await statusOf(process.pid))?.startTicks ?? null,
    since: new Date().toISOString(),
  }
  while (!(await create(file, own))) {
    const holder = await readHolder(file)
    if (holder === null) continue
    if (holder !== 'unreadable' && (await isWorking(holder))) throw new LockedError(file, holder)
    if (await clear(file, holder, own)) {
      const whose = holder === 'unreadable' ? 'a process' : `process ${holder.pid}`
      onStale(`${file} was left by ${whose} that has ended: taken over`)
    }
  }
  return { release: () => rm(file, { force: true }) }
}

/** Waits while a process of this machine holds a lock, as one does for a moment whose sweep was killed: it saves and ends. */
export async function waitForLock(file: string, seconds: number, signal: AbortSignal): Promise<void> {
  const end = performance.now() + 1000 * seconds
  while (!signal.aborted && performance.now() < end) {
    const holder = await readHolder(file)
    if (holder === null || holder === 'unreadable') return
    if (holder.host !== hostname() || !(await isWorking(holder))) return
    await sleep(100)
  }
}

/** Whether the file was made; false when it was there. */
async function create(file: string, holder: LockHolder): Promise<boolean> {
  try {
    const handle = await open(file, 'wx')
    try {
      await handle.writeFile(`${JSON.stringify(holder)}\n`)
    } finally {
      await handle.close()
    }
    return true
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false
    throw fileError('write', file, error)
  }
}

type Held = LockHolder | 'unreadable'

/** Null when there is no lock. One that cannot be read is being written, or was when its process ended. */
async function readHolder(file: string): Promise<Held | null> {
  for (let attempt = 0; ; attempt++) {
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      if (isCode(error, 'ENOENT')) return null
      throw fileError('read', file, error)
    })
    if (text === null) return null
    const holder = parseHolder(text)
    // Ten attempts take far longer than writing a line.
    if (holder !== 'unreadable' || attempt === 10) return holder
    await sleep(50)
  }
}

function parseHolder(text: string): Held {
  try {
    return holderSchema.parse(JSON.parse(text))
  } catch {
    return 'unreadable'
  }
}

async function isWorking({ pid, host, startTicks }: LockHolder): Promise<boolean> {
  if (host !== hostname()) return true
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it is there and belongs to someone else.
    return isCode(error, 'EPERM')
  }
  const status = await statusOf(pid)
  if (status === null) return true
  // A zombie has ended; and numbers of processes are given out again.
  return status.state !== 'Z' && (startTicks === null || status.startTicks === startTicks)
}

/** From proc(5) stat, where there is such a file. The program's name, which may hold anything, ends with the last `)`. */
async function statusOf(pid: number): Promise<{ state: string; startTicks: string } | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ') ?? []
  // Fields 3 and 22 of the line.
  const [state, startTicks] = [fields[0], fields[19]]
  return state === undefined || startTicks === undefined ? null : { state, startTicks }
}

/** Removes a lock that was left behind, unless another process is faster. One at a time may look again and remove. */
async function clear(file: string, left: Held, own: LockHolder): Promise<boolean> {
  const guard = `${file}.tmp`
  if (!(await create(guard, own))) {
    const since = await stat(guard).catch(() => null)
    if (since !== null && Date.now() - since.mtimeMs > guardMilliseconds) await rm(guard, { force: true })
    await sleep(20)
    return false
  }
  try {
    if (!isDeepStrictEqual(await readHolder(file), left)) return false
    await rm(file, { force: true })
    return true
  } finally {
    await rm(guard, { force: true })
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
