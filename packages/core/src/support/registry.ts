// The known support rules. A new rule is one file in `rules/` and one line here.

import { DctpsError } from '../errors.js'
import { didYouMean } from './nearest-name.js'
import { epf } from './rules/epf.js'
import { epl } from './rules/epl.js'
import { erk } from './rules/erk.js'
import type { SupportRule } from './rules/rule.js'
import { uniform } from './rules/uniform.js'

export const supportRules: readonly SupportRule[] = [uniform, epl, epf, erk]

/**
 * The rule of a name; a record of the caller's own is passed through.
 * @throws DctpsError `usage` for an unknown name
 */
export function findSupportRule(rule: string | SupportRule): SupportRule {
  if (typeof rule !== 'string') return rule
  const found = supportRules.find(({ name }) => name === rule)
  if (found !== undefined) return found
  const known = supportRules.map(({ name }) => name)
  throw new DctpsError(
    'usage',
    `unknown support rule '${rule}'${didYouMean(rule, known)}; the rules are ${known.join(', ')}`,
  )
}
