// Checks of labels that every layout with stored label numbers shares.

import { dataError, type Problems } from './problem.js'

/** Reports the first label that has no class; true when all have one. */
export function checkLabels(
  labels: Uint8Array | Uint16Array,
  classes: number,
  where: string,
  problems: Problems,
): boolean {
  const bad = labels.findIndex((label) => label >= classes)
  if (bad < 0) return true
  problems.report(
    dataError(
      `${where}: image ${bad} has label ${labels[bad]}, but there are only ${classes} classes (labels 0 to ${classes - 1})`,
    ),
  )
  return false
}
