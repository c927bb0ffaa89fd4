// What the process says to scripts when it ends.

import { CommanderError } from 'commander'
import { DctpsError } from 'dctps'

export const exitCodes = {
  success: 0,
  /** The job failed: damaged data or files, a full disk, a loss that is not finite. */
  failure: 1,
  /** The command line or a config file asks for something that does not exist or does not fit. */
  usage: 2,
  /** Ctrl-C, as shells count it. */
  interrupted: 130,
} as const

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.success : exitCodes.usage
  if (!(error instanceof DctpsError)) return exitCodes.failure
  if (error.code === 'usage') return exitCodes.usage
  return error.code === 'cancelled' ? exitCodes.interrupted : exitCodes.failure
}
