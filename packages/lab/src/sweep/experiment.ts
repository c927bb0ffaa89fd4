// An experiment as a file describes it: what it shows, settings that all runs share, a grid of settings to vary, and
// methods to compare. It is checked here piece by piece, so that a message can name the place; which runs it amounts to
// is found out in `expand.ts`.

import { DctpsError } from 'dctps'
import { didYouMean } from 'dctps/internal/support/nearest-name'
import { z } from 'zod'
import {
  briefly,
  isSettingName,
  mergeSettings,
  parseSettings,
  readDocument,
  type SettingName,
  type Settings,
  settingNames,
} from '../config/index.js'

/** One setting of the grid. */
export interface Axis {
  readonly name: SettingName
  /** Each with this setting alone. */
  readonly values: readonly Settings[]
}

export interface Method {
  /** As reports name it; null where an experiment compares no methods. */
  readonly label: string | null
  /** What makes the method; such a setting is not varied for it. */
  readonly settings: Settings
}

export interface Experiment {
  readonly title: string
  /** One sentence: what the table or figure shows. */
  readonly shows: string
  /** File or other origin, for messages. */
  readonly where: string
  /** Shared by all runs. */
  readonly settings: Settings
  /** In the order of the file; the last one changes fastest. */
  readonly grid: readonly Axis[]
  /** At least one. */
  readonly methods: readonly Method[]
  /** The grid setting whose value with the best validation accuracy stands for the others. */
  readonly select: SettingName | null
}

const text = z.string().trim().min(1)

/** The outline of a file; settings are checked where all settings are. */
const outline = z.strictObject({
  title: text.describe('a line of text'),
  shows: text.describe('one sentence that says what the result shows'),
  settings: z.record(z.string(), z.unknown()).default({}).describe('names and values of settings'),
  grid: z
    .record(z.string(), z.array(z.unknown()).min(1))
    .default({})
    .describe('names of settings, each with a list of at least one value, e.g. "seed: [0, 1, 2]"'),
  methods: z
    .array(z.looseObject({ label: text }))
    .min(1)
    .optional()
    .describe('a list of at least one method, each with a label and its settings'),
  select: z.string().optional().describe('the name of a setting of the grid'),
})

const keys = Object.keys(outline.shape)

/**
 * Reads an experiment from a JSON or YAML file.
 * @throws DctpsError `file` when it cannot be read, `usage` as {@link parseExperiment}
 */
export async function readExperimentFile(file: string): Promise<Experiment> {
  return parseExperiment(await readDocument(file), file)
}

/** Title and sentence of an experiment file whose settings need not be known. @throws DctpsError as {@link readExperimentFile} */
export async function readOutline(file: string): Promise<Pick<Experiment, 'title' | 'shows'>> {
  return parseOutline(await readDocument(file), file)
}

/**
 * Checks an experiment.
 * @param where names it in messages
 * @throws DctpsError `usage` naming the key by its path, what was received and what is expected
 */
export function parseExperiment(value: unknown, where = 'the experiment'): Experiment {
  const { title, shows, settings, grid, methods, select } = parseOutline(value, where)
  const parse = (path: string, given: unknown) => parseSettings(given, (name) => `${path}${name} in ${where}`)
  const axes = Object.entries(grid).map(([name, values]): Axis => {
    if (!isSettingName(name)) throw unknownKey(name, `grid.${name}`, settingNames, where)
    return {
      name,
      values: values.map((entry, index) =>
        parseSettings({ [name]: entry }, () => `grid.${name}[${index}] in ${where}`),
      ),
    }
  })
  const experiment: Experiment = {
    title,
    shows,
    where,
    settings: parse('settings.', settings),
    grid: axes,
    methods: methods?.map(({ label, ...rest }, index) => ({
      label,
      settings: parse(`methods[${index}].`, rest),
    })) ?? [{ label: null, settings: {} }],
    select: selected(select, axes, where),
  }
  if (axes.length === 0 && methods === undefined) {
    throw usage(
      `${where} holds no runs: expected a grid of settings ("grid: {seed: [0, 1, 2]}") or a list of methods`,
    )
  }
  checkRepeats(experiment)
  return experiment
}

/** The experiment with some settings fixed for all its runs, whatever it says of them. */
export function fixSettings(experiment: Experiment, fixed: Settings): Experiment {
  const isFixed = (name: string) => isSettingName(name) && fixed[name] !== undefined
  const { settings, grid, methods, select } = experiment
  return {
    ...experiment,
    settings: mergeSettings(settings, fixed),
    grid: grid.filter(({ name }) => !isFixed(name)),
    methods: methods.map((method) => ({ ...method, settings: withoutSettings(method.settings, isFixed) })),
    select: select !== null && isFixed(select) ? null : select,
  }
}

export function withoutSettings(settings: Settings, isUnwanted: (name: string) => boolean): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !isUnwanted(name)))
}

function parseOutline(value: unknown, where: string): z.output<typeof outline> {
  const parsed = outline.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  const path = issue.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
  const place = path.join('').replace(/^\./, '')
  if (issue.code === 'unrecognized_keys') {
    const unknown = issue.keys[0]!
    const setting = settingNames.includes(unknown) ? '; settings of all runs belong below settings' : ''
    throw usage(
      `unknown key '${unknown}' in ${where}${didYouMean(unknown, keys)}; the keys are ${keys.join(', ')}${setting}`,
    )
  }
  if (place === '') {
    throw usage(
      `${where} holds no experiment: expected the keys ${keys.join(', ')}, received ${briefly(value)}`,
    )
  }
  const received = issue.path.reduce<unknown>(member, value)
  const key = String(issue.path[0])
  const expected = Object.entries(outline.shape).find(([name]) => name === key)?.[1].description
  throw usage(`${place} in ${where} must be ${expected}, received ${briefly(received)}`)
}

function member(value: unknown, name: PropertyKey): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.getOwnPropertyDescriptor(value, name)?.value
}

function selected(name: string | undefined, axes: readonly Axis[], where: string): SettingName | null {
  if (name === undefined) return null
  if (name === 'seed') {
    throw usage(
      `select in ${where} must not be seed: choosing the best seed would make every method look better`,
    )
  }
  const axis = axes.find((candidate) => candidate.name === name)
  if (axis !== undefined) return axis.name
  const known = axes.map((candidate) => candidate.name)
  throw usage(
    `select in ${where} must be a setting of the grid (${known.join(', ') || 'which has none'}), received ${name}${didYouMean(name, known)}`,
  )
}

/** Twice the same value or label is a slip that would count runs double. */
function checkRepeats({ grid, methods, where }: Experiment): void {
  for (const { name, values } of grid) {
    const seen = values.map((value) => JSON.stringify(value[name]))
    const repeated = seen.find((value, index) => seen.indexOf(value) !== index)
    if (repeated !== undefined) throw usage(`grid.${name} in ${where} has the value ${repeated} twice`)
  }
  const labels = methods.map(({ label }) => label)
  const index = labels.findIndex((label, place) => labels.indexOf(label) !== place)
  if (index >= 0) {
    throw usage(
      `methods[${index}] in ${where} has the label '${labels[index]}' of methods[${labels.indexOf(labels[index]!)}]; give it another`,
    )
  }
}

function unknownKey(name: string, path: string, known: readonly string[], where: string): DctpsError {
  return usage(
    `unknown setting '${name}'${didYouMean(name, known)} (${path} in ${where}); the settings are ${known.join(', ')}`,
  )
}

function usage(message: string): DctpsError {
  return new DctpsError('usage', message)
}
