// The one error class of the project. Every message names what was received, what was expected, where, and what
// to do next; the code lets a caller (and the command line's exit status) tell kinds of failure apart.

/**
 * - `usage`: the caller asked for something that does not exist or does not fit (a wrong option, name or number)
 * - `data`: a data set or an image is missing, damaged or does not fit the network
 * - `file`: a model or state file is missing, damaged, or cannot be read or written
 * - `program`: a network cannot be compiled or run here (does not fit in memory, a worker died)
 * - `numeric`: training produced a loss that is not finite
 * - `cancelled`: the caller stopped the work
 */
export type ErrorCode = 'usage' | 'data' | 'file' | 'program' | 'numeric' | 'cancelled'

export class DctpsError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'DctpsError'
    this.code = code
  }
}
