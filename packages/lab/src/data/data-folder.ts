// Where data sets that were fetched by name are kept. They are no cache: nothing removes them, and they cannot always be
// fetched again.

import { homedir } from 'node:os'
import { join } from 'node:path'

/** `$DCTPS_DATA`, else `dctps` in the user's data folder (`$XDG_DATA_HOME`, else `~/.local/share`). */
export function defaultDataFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.DCTPS_DATA) return environment.DCTPS_DATA
  return join(environment.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'dctps')
}
