// What a reader does with a problem in its source. Opening a data set stops at the first; `checkSource` collects
// every one. Readers are written once for both: they report and go on as if the report had returned, and give null
// instead of data after any report.

import { DctpsError } from 'dctps/internal/errors'

export interface Problems {
  /** Problems reported so far. */
  readonly count: number
  /** Takes a problem; may throw it. */
  report(problem: DctpsError): void
}

/** Throws the first problem. */
export const stopAtFirst: Problems = {
  count: 0,
  report(problem) {
    throw problem
  },
}

/** Keeps every problem's message, in the order of reading. */
export class ProblemList implements Problems {
  readonly messages: string[] = []

  get count(): number {
    return this.messages.length
  }

  report(problem: DctpsError): void {
    this.messages.push(problem.message)
  }
}

/** A `DctpsError` about the data, with the cause kept when there is one. */
export function dataError(message: string, cause?: unknown): DctpsError {
  return new DctpsError('data', message, cause === undefined ? {} : { cause })
}

/** Runs one step of a reader: an error in the data is reported and the result is then null. */
export async function attempt<T>(problems: Problems, step: () => T | Promise<T>): Promise<T | null> {
  try {
    return await step()
  } catch (error) {
    if (!(error instanceof DctpsError) || error.code !== 'data') throw error
    problems.report(error)
    return null
  }
}

/** The first line of an error's message, for the brackets at the end of ours. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n', 1)[0] ?? text
}

/** @throws DctpsError `cancelled` once the signal is aborted */
export function throwIfCancelled(signal: AbortSignal | null): void {
  if (signal?.aborted) throw new DctpsError('cancelled', 'reading the data set was stopped before its end')
}
