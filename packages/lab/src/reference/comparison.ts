// What a fixture file's check finds: errors against tolerances, one record a tensor, and what made of them a whole file.
// How the numbers come about is the business of the fixtures' own modules.

import { DctpsError } from 'dctps/internal/errors'

/** One tensor (or one count) of ours against the fixture's. */
export interface Comparison {
  /** Groups tensors in the table: `dvalues`, `gradient of kernel`, `sgd.losses`. */
  readonly kind: string
  /** Where in the file: a tensor's name or a network's. */
  readonly name: string
  /** Largest absolute difference; NaN when either side is not a number. */
  readonly error: number
  /** Largest absolute difference allowed. */
  readonly tolerance: number
}

export interface FileReport {
  /** Name in the folder. */
  readonly file: string
  readonly comparisons: readonly Comparison[]
  /** Whatever kept a tensor from being compared; each fails the file. */
  readonly problems: readonly string[]
  /** Networks that do not exist here yet, so that what belongs to them was left out. */
  readonly skipped: readonly string[]
}

export type FileStatus = 'passed' | 'failed' | 'skipped'

/** A NaN error exceeds everything. */
export function exceeds({ error, tolerance }: Comparison): boolean {
  return !(error <= tolerance)
}

/** A file that compared nothing is skipped, unless it had problems. */
export function statusOf({ comparisons, problems }: FileReport): FileStatus {
  if (problems.length > 0 || comparisons.some(exceeds)) return 'failed'
  return comparisons.length > 0 ? 'passed' : 'skipped'
}

/** Whether something was compared and nothing failed. */
export function allPassed(reports: readonly FileReport[]): boolean {
  const statuses = reports.map(statusOf)
  return statuses.includes('passed') && !statuses.includes('failed')
}

/** @returns the largest `|ours - reference|`, NaN if a difference is not a number; 0 for empty tensors */
export function largestDifference(ours: ArrayLike<number>, reference: ArrayLike<number>): number {
  let largest = 0
  for (let i = 0; i < reference.length; i++) {
    const difference = Math.abs(ours[i]! - reference[i]!)
    if (!(difference <= largest)) largest = difference
    if (Number.isNaN(largest)) return largest
  }
  return largest
}

export function largestMagnitude(values: ArrayLike<number>): number {
  let largest = 0
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!))
  return largest
}

/** The comparison of each kind that comes nearest to its tolerance (or exceeds it most), in order of appearance. */
export function worstOfEachKind(
  comparisons: readonly Comparison[],
): { readonly count: number; readonly worst: Comparison }[] {
  const kinds = new Map<string, { count: number; worst: Comparison }>()
  for (const comparison of comparisons) {
    const kind = kinds.get(comparison.kind)
    if (kind === undefined) kinds.set(comparison.kind, { count: 1, worst: comparison })
    else {
      kind.count++
      if (badness(comparison) > badness(kind.worst)) kind.worst = comparison
    }
  }
  return [...kinds.values()]
}

/** Error as a multiple of the tolerance, infinite for NaN. */
export function badness({ error, tolerance }: Comparison): number {
  if (error === 0) return 0
  return Number.isNaN(error) ? Infinity : error / tolerance
}

/** Runs one part of a file's check, with its error, if any, as a problem. */
export async function noting<T>(
  problems: string[],
  where: string,
  part: () => T | Promise<T>,
): Promise<T | null> {
  try {
    return await part()
  } catch (error) {
    problems.push(problemOf(error, where))
    return null
  }
}

/** The text of an error of the file or of the engine; a mistake in the code is thrown on. */
export function problemOf(error: unknown, where = ''): string {
  if (!(error instanceof DctpsError)) throw error
  return where === '' ? error.message : `${where}: ${error.message}`
}
