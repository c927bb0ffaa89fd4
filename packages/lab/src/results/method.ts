// What a run is an example of, from its configuration alone: the method (kernels, rule or pruning, dynamic support) and the
// network and data that it is compared on.

import { basename } from 'node:path'
import { architectures } from 'dctps'
import type { ReadConfig } from './run-files.js'

/** Names of the field for values of settings; other values stand for themselves. */
const names: Readonly<Record<string, string>> = {
  dctps: 'DCTpS',
  epl: 'EPL',
  epf: 'EPF',
  erk: 'ERK',
  snip: 'SNIP',
  'iter-snip': 'Iter-SNIP',
  force: 'FORCE',
  'grasp-it': 'GRASP-It',
  grasp: 'GraSP',
  synflow: 'SynFlow',
  random: 'random pruning',
  magnitude: 'magnitude pruning',
  imp: 'IMP',
  rigl: 'RigL',
  set: 'SET',
}

function nameOf(value: string): string {
  return names[value] ?? value
}

/**
 * The author's label where there is one, else `DCTpS EPL`, `sparse EPL`, `SNIP`, `DCTpS + RigL`, `dense`. A support that moves keeps little of the rule that it began
 * with, so that goes unnamed (where runs differ in it, {@link variedSettings} names it).
 */
export function methodName({ kind, rule, prune, dynamic, alpha }: ReadConfig, label: string | null): string {
  if (label !== null) return label
  if (kind === 'dense') return 'dense'
  const start = prune ? nameOf(prune) : [nameOf(kind), dynamic ? '' : nameOf(rule ?? '')].join(' ').trim()
  const moved = dynamic ? ` + ${nameOf(dynamic)}` : ''
  return `${start}${moved}${kind === 'dctps' && alpha === 'frozen' ? ', alpha frozen' : ''}`
}

/** `resnet18, width 16`. */
export function networkName({ network, width, stable }: ReadConfig): string {
  const { defaultWidth } = architectures.find(({ name }) => name === network) ?? {}
  const options = [width && width !== defaultWidth ? `width ${width}` : '', stable ? 'stable' : '']
  return [network, ...options.filter((option) => option !== '')].join(', ')
}

/** `cifar10-jpeg`: a path is named by its last part. */
export function dataName({ data, size, cifar100Labels }: ReadConfig): string {
  const name = basename(data.replace(/[\\/]+$/, '')).replace(/\.(tar|tar\.gz|tgz)$/, '')
  const options = [size ? `at ${size}` : '', cifar100Labels === 'coarse' ? 'coarse labels' : '']
  return [name, ...options.filter((option) => option !== '')].join(', ')
}

/** Settings that name the network, the data or the seed, or that change no result worth telling. */
const spokenFor: ReadonlySet<string> = new Set([
  'network',
  'width',
  'stable',
  'density',
  'data',
  'size',
  'cifar100Labels',
  'seed',
  'simd',
  'threads',
  'saveEvery',
])

/**
 * Settings in which runs of one method differ, other than `select`: such runs are no repetitions of each other.
 * @param configs of one method on one network and data
 */
export function variedSettings(configs: readonly ReadConfig[], select: readonly string[]): string[] {
  const all = [...new Set(configs.flatMap((config) => Object.keys(config)))]
  return all.filter((setting) => {
    if (spokenFor.has(setting) || select.includes(setting)) return false
    const values = configs.filter((config) => Object.hasOwn(config, setting)).map((config) => config[setting])
    return new Set(values.map((value) => JSON.stringify(value))).size > 1
  })
}

/** `epochs 5, batch 64`; settings that a run does not have are passed over. */
export function settingsText(config: ReadConfig, settings: readonly string[]): string {
  return settings
    .filter((setting) => Object.hasOwn(config, setting))
    .map((setting) => `${setting} ${valueText(config[setting])}`)
    .join(', ')
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? nameOf(value) : JSON.stringify(value)
}
