// The known methods of pruning at initialisation. A new one is one file in `methods/` and one line here.

import { DctpsError } from '../errors.js'
import { didYouMean } from '../support/index.js'
import type { PruningMethod } from './method.js'
import { force } from './methods/force.js'
import { grasp } from './methods/grasp.js'
import { graspIt } from './methods/grasp-it.js'
import { imp } from './methods/imp.js'
import { iterSnip } from './methods/iter-snip.js'
import { magnitude } from './methods/magnitude.js'
import { random } from './methods/random.js'
import { snip } from './methods/snip.js'
import { synflow } from './methods/synflow.js'

export const pruningMethods: readonly PruningMethod[] = [
  snip,
  iterSnip,
  force,
  graspIt,
  grasp,
  synflow,
  magnitude,
  random,
  imp,
]

/**
 * The method of a name; a record of the caller's own is passed through.
 * @throws DctpsError `usage` for an unknown name
 */
export function findPruningMethod(method: string | PruningMethod): PruningMethod {
  if (typeof method !== 'string') return method
  const found = pruningMethods.find(({ name }) => name === method)
  if (found !== undefined) return found
  const known = pruningMethods.map(({ name }) => name)
  throw new DctpsError(
    'usage',
    `unknown pruning method '${method}'${didYouMean(method, known)}; the methods are ${known.join(', ')}`,
  )
}
