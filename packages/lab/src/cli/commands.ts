// The commands, in the order of the help. A new one is one file that exports `register`, and one line here.

import type { Command } from 'commander'
import * as train from './train.js'

interface CommandModule {
  /** Adds the command to the program. */
  register(program: Command): void
}

export const commands: readonly CommandModule[] = [train]
