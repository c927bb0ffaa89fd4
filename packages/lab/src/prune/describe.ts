// What a person is told about a pruning: a line or two, warnings where something is cut off.

import { formatDuration } from '../report/format.js'
import type { PruningRecord } from './prune-run.js'

/** More names than this are counted. */
const mostNames = 6

export function describePruning(record: PruningRecord): string[] {
  const { method, steps, seconds, hessianError, layers, empty, unusedInputs, unreachedOutputs } = record
  const how = steps === null ? '' : `, ${steps} ${steps === 1 ? 'step' : 'steps'}`
  const cutUnits = layers.reduce((sum, layer) => sum + layer.cutUnits, 0)
  const units = layers.reduce((sum, layer) => sum + layer.units, 0)
  const error = hessianError === null ? '' : `, error of Hg ${(100 * hessianError).toPrecision(2)}%`
  const lines = [
    `pruned by ${method}${how}, in ${formatDuration(seconds)}: ${cutUnits} of ${units} units are on no path from input to output${error}`,
  ]
  if (empty.length > 0) {
    lines.push(`warning: ${empty.length} of ${layers.length} layers are empty: ${listNames(empty)}`)
  }
  if (unreachedOutputs.length > 0) {
    lines.push(
      `warning: no input reaches ${unreachedOutputs.length} of the outputs: ${listNames(unreachedOutputs)}`,
    )
  }
  if (unusedInputs.length > 0) {
    lines.push(`warning: no output depends on input channels ${listNames(unusedInputs)}`)
  }
  return lines
}

function listNames(names: readonly (string | number)[]): string {
  const shown = names.slice(0, mostNames).join(', ')
  return names.length > mostNames ? `${shown} and ${names.length - mostNames} more` : shown
}
