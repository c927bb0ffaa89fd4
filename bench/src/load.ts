// How much other work the machine does. A turn that it disturbed is repeated, since libraries suffer differently from it.

import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

/** Share of the machine above which a figure is not to be trusted. */
export const tolerableLoad = 0.1

/** Processor time of the whole machine so far, over all cores. */
export interface ProcessorTime {
  readonly busySeconds: number
  readonly totalSeconds: number
}

export function processorTime(): ProcessorTime {
  let busy = 0
  let idle = 0
  for (const { times } of cpus()) {
    busy += times.user + times.nice + times.sys + times.irq
    idle += times.idle
  }
  return { busySeconds: busy / 1000, totalSeconds: (busy + idle) / 1000 }
}

/** Share of the machine that anything but our own `ownSeconds` of work took since `before`. */
export function otherLoadSince(before: ProcessorTime, ownSeconds: number): number {
  const after = processorTime()
  const other = after.busySeconds - before.busySeconds - ownSeconds
  return Math.min(1, Math.max(0, other / Math.max(1e-3, after.totalSeconds - before.totalSeconds)))
}

/** The load while this process waits. */
export async function currentLoad(): Promise<number> {
  const before = processorTime()
  await sleep(500)
  return otherLoadSince(before, 0)
}
