// From an experiment to its runs: every method at every point of the grid, each resolved and so checked in full before
// anything starts. A grid setting that a method does not take (the density of dense networks) is left out for it, so
// that points which differ in nothing else become one run.

import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { DctpsError } from 'dctps'
import {
  isSettingName,
  mergeSettings,
  type RunConfig,
  resolveConfig,
  type SettingName,
  type Settings,
  settingNames,
  UnusableSettingsError,
} from '../config/index.js'
import { defaultRunFolder, identityOf } from '../run/index.js'
import { type Experiment, type Method, withoutSettings } from './experiment.js'

export interface SweepRun {
  /** Of its folder; the same for the same configuration, whichever experiment it belongs to. */
  readonly name: string
  /** The method's label; the kind where the experiment compares no methods. */
  readonly label: string
  /** Grid settings that this run has, in the grid's order. */
  readonly values: Settings
  /** Label and values without seed and the selected setting: runs that a report takes together. */
  readonly group: string
  readonly config: RunConfig
  /** Threads that the experiment asks for; null: the sweep decides. */
  readonly threads: number | null
}

export interface SweepPlan {
  readonly experiment: Experiment
  readonly runs: readonly SweepRun[]
  /** 12 hex digits: of everything that the result depends on. */
  readonly hash: string
}

/**
 * All runs of an experiment.
 * @throws DctpsError `usage` when settings do not go together, apply to no run, or make the same run twice
 */
export function expandExperiment(experiment: Experiment): SweepPlan {
  const points = gridPoints(experiment)
  const used = new Set<SettingName>()
  const unusable = new Map<SettingName, string>()
  const runs = new Map<string, SweepRun>()
  for (const method of experiment.methods) {
    for (const point of points) {
      const run = resolveRun(experiment, method, point, used, unusable)
      const same = runs.get(run.name)
      if (same === undefined) runs.set(run.name, run)
      else if (describeRun(same) !== describeRun(run)) throw duplicate(experiment, same, run)
    }
  }
  for (const [name, reason] of unusable) {
    if (used.has(name)) continue
    const path = experiment.grid.some((axis) => axis.name === name) ? 'grid' : 'settings'
    throw usage(experiment, `${path}.${name} applies to no run: ${reason}`)
  }
  const list = [...runs.values()]
  checkSelection(experiment, list)
  return { experiment, runs: list, hash: hashOf(experiment, list) }
}

/** `DCTpS density 0.01 seed 0`: the run in words. */
export function describeRun({ label, values }: Pick<SweepRun, 'label' | 'values'>): string {
  return [label, ...formatValues(values)].join(' ')
}

function formatValues(values: Settings): string[] {
  return Object.entries(values).map(
    ([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`,
  )
}

/** The cartesian product, the last setting changing fastest. */
function gridPoints({ grid }: Experiment): Settings[] {
  let points: Settings[] = [{}]
  for (const { values } of grid) {
    points = points.flatMap((point) => values.map((value) => mergeSettings(point, value)))
  }
  return points
}

function resolveRun(
  experiment: Experiment,
  method: Method,
  point: Settings,
  used: Set<SettingName>,
  unusable: Map<SettingName, string>,
): SweepRun {
  const isMethods = (name: string) => Object.hasOwn(method.settings, name)
  let values = withoutSettings(point, isMethods)
  let shared = withoutSettings(experiment.settings, isMethods)
  for (;;) {
    const settings = mergeSettings(shared, values, method.settings)
    try {
      const config = resolveConfig(settings)
      for (const name of namesOf(settings)) used.add(name)
      return makeRun(experiment, method, values, config, settings.threads ?? null)
    } catch (error) {
      if (!(error instanceof DctpsError)) throw error
      const names = error instanceof UnusableSettingsError ? error.settings : []
      if (names.length === 0 || names.some(isMethods)) {
        const label = method.label ?? 'the runs'
        throw usage(experiment, `${describeRun({ label, values })}: ${error.message}`, error)
      }
      const isUnusable = (name: string) => names.some((unusableName) => unusableName === name)
      for (const name of names) unusable.set(name, error.message)
      values = withoutSettings(values, isUnusable)
      shared = withoutSettings(shared, isUnusable)
    }
  }
}

function makeRun(
  { select }: Experiment,
  { label: given }: Method,
  values: Settings,
  config: RunConfig,
  threads: number | null,
): SweepRun {
  const label = given ?? config.kind
  const together = withoutSettings(values, (name) => name === 'seed' || name === select)
  return {
    name: basename(defaultRunFolder(config)),
    label,
    values,
    group: describeRun({ label, values: together }),
    config,
    threads,
  }
}

function namesOf(settings: Settings): SettingName[] {
  return settingNames.filter(isSettingName).filter((name) => settings[name] !== undefined)
}

/** Values are selected by validation accuracy, so every run needs one. */
function checkSelection({ select, where }: Experiment, runs: readonly SweepRun[]): void {
  const blind = select === null ? undefined : runs.find(({ config }) => config.validation === 0)
  if (blind === undefined) return
  throw new DctpsError(
    'usage',
    `select ${select} in ${where} needs validation images, ${describeRun(blind)} holds out none (validation 0); raise validation, or leave out select`,
  )
}

function duplicate(experiment: Experiment, first: SweepRun, second: SweepRun): DctpsError {
  return usage(
    experiment,
    `'${describeRun(first)}' and '${describeRun(second)}' are the same run (${first.name}): settings that they differ in change no result; leave one out`,
  )
}

function usage({ where }: Experiment, message: string, cause?: DctpsError): DctpsError {
  return new DctpsError('usage', `${where}: ${message}`, cause && { cause })
}

function hashOf({ title, shows, select }: Experiment, runs: readonly SweepRun[]): string {
  const identities = runs.map(({ name, label, values, group, config }) => ({
    name,
    label,
    values,
    group,
    identity: identityOf(config),
  }))
  return createHash('sha256')
    .update(JSON.stringify({ title, shows, select, runs: identities }))
    .digest('hex')
    .slice(0, 12)
}
