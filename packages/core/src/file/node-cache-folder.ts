// Where Node keeps what can be made again, and what the emitting code is called there.

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'

/** `$DCTPS_CACHE`, else `dctps` in the user's cache folder (`$XDG_CACHE_HOME`, else `~/.cache`). */
export function defaultCacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.DCTPS_CACHE) return environment.DCTPS_CACHE
  return path.join(environment.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'dctps')
}

/** `$DCTPS_TRANSFORM_CACHE`, else `transforms` in the {@link defaultCacheFolder}; null where the variable is `off`. */
export function transformFolder(environment: NodeJS.ProcessEnv = process.env): string | null {
  const { DCTPS_TRANSFORM_CACHE: chosen } = environment
  if (chosen === 'off') return null
  return chosen || path.join(defaultCacheFolder(environment), 'transforms')
}

/**
 * A hash of the compiled code that emits transforms, and of the engine that runs it, whose cosines go into them.
 * @param folder of the code; all of its files count
 */
export function emitterVersion(folder: URL): string {
  const hash = createHash('sha256').update(process.versions.v8)
  for (const name of readdirSync(folder).sort()) {
    if (name.endsWith('.js')) hash.update(`\n${name}\n`).update(readFileSync(new URL(name, folder)))
  }
  return hash.digest('hex')
}
