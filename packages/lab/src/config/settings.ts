// Everything that a training run can be told, key by key: one table that both config files and command-line options are
// checked by. A schema's description says what is allowed, as it follows "must be". Defaults, and which settings go
// together, are decided in `config.ts`.

import { simdFlavours } from 'dctps'
import { z } from 'zod'
import { parseImageSize } from '../data/index.js'
import { parseSchedule, scheduleForms } from './schedule.js'

/** Options arrive as text, so numbers may be written as text everywhere. */
function readNumber(value: unknown): unknown {
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : value
}

function readShare(value: unknown): unknown {
  const [, percent] = typeof value === 'string' ? (/^\s*(\S+?)\s*%\s*$/.exec(value) ?? []) : []
  // 0.1% is 0.001, which 0.1 / 100 in floating point is not: equal densities must have equal names.
  return percent === undefined ? readNumber(value) : Number(`${percent}e-2`)
}

function wholeFrom(least: number) {
  return z.preprocess(readNumber, z.int().min(least)).describe(`a whole number of at least ${least}`)
}

function oneOf<const T extends readonly [string, ...string[]]>(choices: T) {
  return z.enum(choices).describe(`one of ${choices.join(', ')}`)
}

const name = z.string().trim().min(1).describe('a name')
const positive = z.preprocess(readNumber, z.number().positive()).describe('a number above 0')
const notNegative = z.preprocess(readNumber, z.number().nonnegative()).describe('a number of at least 0')
const belowOne = z.preprocess(readNumber, z.number().min(0).lt(1)).describe('at least 0 and below 1')

const normalisation = z.strictObject({
  mean: z.array(z.number()).min(1),
  std: z.array(z.number().positive()).min(1),
})

const allSettings = z.strictObject({
  network: name,
  width: wholeFrom(1),
  stable: z.boolean().describe('true or false'),
  kind: oneOf(['dctps', 'sparse', 'dense']),
  density: z
    .preprocess(readShare, z.number().gt(0).max(1))
    .describe('above 0 and at most 1 (0.01 and 1% mean the same)'),
  rule: name,
  prune: name,
  pruneSteps: wholeFrom(1),
  alpha: oneOf(['trainable', 'frozen']),

  data: z.string().trim().min(1).describe('the name of a data set or a path'),
  size: z
    .union([z.string(), z.int()])
    .transform(String)
    .refine(isImageSize)
    .nullable()
    .describe('one number or HEIGHTxWIDTH, e.g. 32 or 24x32'),
  fit: oneOf(['fill', 'pad']),
  cifar100Labels: oneOf(['fine', 'coarse']),
  normalise: z
    .union([z.enum(['auto', 'data', 'published']), normalisation])
    .describe('one of auto, data, published (in a file also {mean: [...], std: [...]})'),
  validation: z.preprocess(readShare, z.number().min(0).max(0.9)).describe('at least 0 and at most 0.9'),
  crop: wholeFrom(0),
  flip: z.boolean().describe('true or false'),

  epochs: wholeFrom(1),
  batch: wholeFrom(1),
  lr: positive,
  optimizer: oneOf(['adam', 'sgd']),
  momentum: belowOne,
  beta1: belowOne,
  beta2: belowOne,
  epsilon: positive,
  weightDecay: notNegative,
  schedule: z
    .string()
    .trim()
    .refine((text) => parseSchedule(text) !== null)
    .describe(scheduleForms),
  warmup: notNegative,
  patience: z.preprocess(readNumber, z.int().min(1).nullable()).describe('a whole number of at least 1'),
  seed: wholeFrom(0),

  dynamic: oneOf(['rigl', 'set']),
  updateEvery: wholeFrom(1),
  dropFraction: z
    .preprocess(readShare, z.number().gt(0).max(1))
    .describe('above 0 and at most 1 (0.3 and 30% mean the same)'),
  updateUntil: z
    .preprocess(readShare, z.number().gt(0).max(1))
    .describe('above 0 and at most 1 (0.75 and 75% mean the same)'),

  simd: oneOf(simdFlavours),
  threads: wholeFrom(1),
  saveEvery: positive,
})

/** What one source says: any of the settings. */
export const settingsSchema = allSettings.partial()

/** All settings, each of its precise type. */
export type AllSettings = Readonly<z.output<typeof allSettings>>

export type Settings = Readonly<z.output<typeof settingsSchema>>

export type SettingName = keyof AllSettings

export const settingNames: readonly string[] = Object.keys(allSettings.shape)

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(allSettings.shape, name)
}

/** What a setting may be, as it follows "must be". */
export function expectedOf(name: SettingName): string {
  return allSettings.shape[name].description ?? 'given differently'
}

function isImageSize(text: string): boolean {
  try {
    parseImageSize(text)
    return true
  } catch {
    return false
  }
}
