// The learning-rate schedule as one word of an option or a config file: `constant`, `cosine`, `multistep:60,120` or
// `multistep:60,120@0.2`. What a schedule does is the core's.

import type { ScheduleOptions } from 'dctps'

/** What {@link parseSchedule} takes, for messages. */
export const scheduleForms =
  'constant, cosine or multistep:60,120 (milestones in epochs; @0.2 at the end sets the factor)'

/** The paper divides by ten at each milestone. */
const defaultFactor = 0.1

/** Null when the text is no schedule. */
export function parseSchedule(text: string): ScheduleOptions | null {
  if (text === 'constant' || text === 'cosine') return { type: text }
  const [, list, factorText] = /^multistep:([\d.,]+)(?:@([\d.]+))?$/i.exec(text) ?? []
  if (list === undefined) return null
  const milestones = list.split(',').map((part) => (part === '' ? Number.NaN : Number(part)))
  const factor = factorText === undefined ? defaultFactor : Number(factorText)
  const rises = milestones.every((milestone, i) => milestone > (milestones[i - 1] ?? 0))
  return rises && factor > 0 && factor <= 1 ? { type: 'multiStep', milestones, factor } : null
}
