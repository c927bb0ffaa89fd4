// Validates a whole source for `dctps data check`: every file is read and decoded, past the first problem to the last.

import { type ReadOptions, readSource } from './open.js'
import { attempt, ProblemList } from './problem.js'
import type { Splits } from './reader.js'
import { locateSource } from './source.js'
import type { DatasetSpec } from './spec.js'

export interface SourceCheck {
  /** Absolute path, or null when there is no such source. */
  readonly source: string | null
  /** One line each, naming the file; empty when all is well. */
  readonly problems: readonly string[]
  /** The data, when there is no problem. */
  readonly splits: Splits | null
}

/**
 * Reads everything from the source itself, never from a cache.
 * @throws DctpsError `cancelled`; problems in the data are returned
 */
export async function checkSource(spec: DatasetSpec, options: ReadOptions = {}): Promise<SourceCheck> {
  const problems = new ProblemList()
  const source = await attempt(problems, () => locateSource(spec, options.signal ?? null))
  const splits = source === null ? null : await attempt(problems, () => readSource(source, problems, options))
  return { source: source?.location ?? null, problems: problems.messages, splits }
}
