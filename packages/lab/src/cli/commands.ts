// The commands, in the order of the help. A new one is one file that exports `register`, and two lines here.

import type { Command } from 'commander'
import * as allocate from './allocate.js'
import * as analyse from './analyse.js'
import * as data from './data.js'
import * as demo from './demo.js'
import * as evaluate from './eval.js'
import * as exportModel from './export.js'
import * as inspect from './inspect.js'
import * as predict from './predict.js'
import * as profile from './profile.js'
import * as report from './report.js'
import * as sweep from './sweep.js'
import * as train from './train.js'

interface CommandModule {
  /** Adds the command to the program. */
  register(program: Command): void
}

export const commands: readonly CommandModule[] = [
  demo,
  train,
  sweep,
  evaluate,
  report,
  predict,
  inspect,
  allocate,
  analyse,
  profile,
  data,
  exportModel,
]
