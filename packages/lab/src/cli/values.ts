// Values of options that are not settings of a run.

import { DctpsError } from 'dctps'

/** Reads a whole number for commander. @throws DctpsError `usage` naming the option */
export function wholeNumber(option: string, least: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text)
    if (Number.isSafeInteger(value) && value >= least) return value
    throw new DctpsError(
      'usage',
      `${option} must be a whole number of at least ${least}, received ${text || 'nothing'}`,
    )
  }
}

export function printJson(value: unknown): void {
  console.log(JSON.stringify(value, null, 2))
}
