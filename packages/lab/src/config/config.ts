// The resolved configuration of a run: every setting that applies, none that does not. It is flat, so that the
// `config.json` of a run is itself a config file. Also the precise types that the core takes, made from it.

import {
  type ArchitectureOptions,
  adamDefaults,
  checkArchitectureOptions,
  checkTrainOptions,
  DctpsError,
  findArchitecture,
  findSupportRule,
  type KernelOptions,
  type Normalisation,
  type OptimizerOptions,
  type ScheduleOptions,
  type SimdFlavour,
  type SupportSource,
  sgdDefaults,
  type TrainOptions,
  trainDefaults,
} from 'dctps'
import { defaultThreads, enableRelaxedSimd, fastestSimd } from 'dctps/node'
import { DEFAULT_DATASET } from '../data/index.js'
import { parseSchedule, scheduleForms } from './schedule.js'
import type { AllSettings, SettingName, Settings } from './settings.js'

/** Width and stable where the network has such an option. */
export type NetworkConfig = Pick<AllSettings, 'network'> & Partial<Pick<AllSettings, 'width' | 'stable'>>

export type KernelConfig =
  | ({ readonly kind: 'dctps' } & Pick<AllSettings, 'density' | 'rule' | 'alpha'>)
  | ({ readonly kind: 'sparse' } & Pick<AllSettings, 'density' | 'rule'>)
  | { readonly kind: 'dense' }

export type OptimizerConfig =
  | ({ readonly optimizer: 'adam' } & Pick<AllSettings, 'beta1' | 'beta2' | 'epsilon' | 'weightDecay'>)
  | ({ readonly optimizer: 'sgd' } & Pick<AllSettings, 'momentum' | 'weightDecay'>)

type OtherSetting = Exclude<
  SettingName,
  | 'network'
  | 'width'
  | 'stable'
  | 'kind'
  | 'density'
  | 'rule'
  | 'alpha'
  | 'optimizer'
  | 'momentum'
  | 'beta1'
  | 'beta2'
  | 'epsilon'
  | 'weightDecay'
>

/** Settings that cannot be used beside the others. They are named, so that a grid can do without them. */
export class UnusableSettingsError extends DctpsError {
  readonly settings: readonly SettingName[]

  constructor(settings: readonly SettingName[], reason: string) {
    const names = settings.join(', ')
    super('usage', `${names} cannot be used here: ${reason}; leave out ${names}`)
    this.settings = settings
  }
}

export type RunConfig = NetworkConfig & KernelConfig & OptimizerConfig & Pick<AllSettings, OtherSetting>

/** The paper's 200 epochs are for whole data sets; the built-in one has said what it has to say after 20. */
const defaultEpochs = 20

/** Seconds of work that a crash may cost. */
const defaultSaveEvery = 30

/** What is used where nothing is said, apart from what depends on other settings. */
export const defaultSettings = {
  network: 'lenet5',
  kind: 'dctps',
  density: 0.01,
  rule: 'epl',
  alpha: 'trainable',
  data: DEFAULT_DATASET,
} as const satisfies Settings

/** Later sources override earlier ones, setting by setting. */
export function mergeSettings(...sources: readonly Settings[]): Settings {
  return Object.assign({}, ...sources.map(given))
}

/**
 * Fills in defaults and checks everything that can be checked without data.
 * @throws DctpsError `usage` on unknown names, and on settings that do not go together; an
 * {@link UnusableSettingsError} where leaving out some of them would do
 */
export function resolveConfig(settings: Settings): RunConfig {
  const config: RunConfig = {
    ...networkConfig(settings),
    ...kernelConfig(settings),
    data: settings.data ?? defaultSettings.data,
    size: settings.size ?? null,
    fit: settings.fit ?? 'fill',
    cifar100Labels: settings.cifar100Labels ?? 'fine',
    normalise: settings.normalise ?? 'auto',
    validation: settings.validation ?? trainDefaults.validation,
    crop: settings.crop ?? trainDefaults.augmentation.cropPadding,
    flip: settings.flip ?? trainDefaults.augmentation.flip,
    epochs: settings.epochs ?? defaultEpochs,
    batch: settings.batch ?? trainDefaults.batch,
    lr: settings.lr ?? trainDefaults.learningRate,
    ...optimizerConfig(settings),
    schedule: settings.schedule ?? 'constant',
    warmup: settings.warmup ?? trainDefaults.warmUpEpochs,
    patience: settings.patience ?? null,
    seed: settings.seed ?? trainDefaults.seed,
    simd: simdFlavour(settings),
    threads: settings.threads ?? defaultThreads(),
    saveEvery: settings.saveEvery ?? defaultSaveEvery,
  }
  checkTrainOptions(trainOptions(config, null))
  return config
}

function networkConfig(settings: Settings): NetworkConfig {
  const network = settings.network ?? defaultSettings.network
  const architecture = findArchitecture(network)
  const { width, stable = false } = settings
  checkArchitectureOptions(architecture, { ...(width !== undefined && { width }), stable })
  const { defaultWidth, canBeStable } = architecture
  return {
    network,
    ...(defaultWidth !== undefined && { width: width ?? defaultWidth }),
    ...(canBeStable && { stable }),
  }
}

function kernelConfig(settings: Settings): KernelConfig {
  const kind = settings.kind ?? defaultSettings.kind
  if (kind === 'dense') {
    refuse(settings, ['density', 'rule', 'alpha'], 'dense kernels (kind dense) store every weight')
    return { kind }
  }
  const density = settings.density ?? defaultSettings.density
  const rule = findSupportRule(settings.rule ?? defaultSettings.rule).name
  if (kind === 'dctps') return { kind, density, rule, alpha: settings.alpha ?? defaultSettings.alpha }
  refuse(settings, ['alpha'], 'plain sparse kernels (kind sparse) have no transform to scale')
  return { kind, density, rule }
}

function simdFlavour({ simd }: Settings): SimdFlavour {
  if (simd === 'relaxed' && !enableRelaxedSimd()) {
    throw new DctpsError(
      'usage',
      `simd relaxed is not to be had here (Node ${process.versions.node}); use simd plain, whose results differ in the last bits`,
    )
  }
  return simd ?? fastestSimd()
}

function optimizerConfig(settings: Settings): OptimizerConfig {
  const defaults = settings.optimizer === 'sgd' ? sgdDefaults : adamDefaults
  const weightDecay = settings.weightDecay ?? defaults.weightDecay
  if (defaults.type === 'sgd') {
    refuse(settings, ['beta1', 'beta2', 'epsilon'], 'this is SGD, they belong to Adam (optimizer adam)')
    return { optimizer: defaults.type, momentum: settings.momentum ?? defaults.momentum, weightDecay }
  }
  refuse(settings, ['momentum'], 'this is Adam, it belongs to SGD (optimizer sgd)')
  return {
    optimizer: defaults.type,
    beta1: settings.beta1 ?? defaults.beta1,
    beta2: settings.beta2 ?? defaults.beta2,
    epsilon: settings.epsilon ?? defaults.epsilon,
    weightDecay,
  }
}

function refuse(settings: Settings, names: readonly SettingName[], reason: string): void {
  const given = names.filter((name) => settings[name] !== undefined)
  if (given.length > 0) throw new UnusableSettingsError(given, reason)
}

/** @param normalisation as found out from the data; null: measured on the training split */
export function trainOptions(config: RunConfig, normalisation: Normalisation | null): TrainOptions {
  return {
    epochs: config.epochs,
    batch: config.batch,
    learningRate: config.lr,
    optimizer: optimizerOptions(config),
    schedule: scheduleOptions(config.schedule),
    warmUpEpochs: config.warmup,
    seed: config.seed,
    validation: config.validation,
    augmentation: { cropPadding: config.crop, flip: config.flip },
    normalisation,
    patience: config.patience,
  }
}

function scheduleOptions(text: string): ScheduleOptions {
  const schedule = parseSchedule(text)
  if (schedule !== null) return schedule
  throw new DctpsError('usage', `schedule must be ${scheduleForms}, received ${text}`)
}

function optimizerOptions(config: OptimizerConfig): OptimizerOptions {
  if (config.optimizer === 'sgd')
    return { type: 'sgd', momentum: config.momentum, weightDecay: config.weightDecay }
  const { beta1, beta2, epsilon, weightDecay } = config
  return { type: 'adam', beta1, beta2, epsilon, weightDecay }
}

/** The options of the config's network that are not its defaults. */
export function architectureOptions({
  network,
  width,
  stable,
}: NetworkConfig): Pick<ArchitectureOptions, 'width'> & { readonly stable?: true } {
  const chosen = width !== findArchitecture(network).defaultWidth
  return { ...(width !== undefined && chosen && { width }), ...(stable && { stable }) }
}

/** How the config's kernels are made. */
export function kernelOptions(config: KernelConfig): Required<KernelOptions> {
  // Only DCTpS kernels have an alpha; the field of the others says nothing.
  return { kind: config.kind, alpha: config.kind === 'dctps' ? config.alpha : 'trainable' }
}

/** Where the config's supports come from. */
export function supportSource(config: RunConfig): SupportSource {
  if (config.kind === 'dense') return { type: 'dense' }
  return { type: 'random', rule: config.rule, density: config.density, seed: config.seed }
}

function given(settings: Settings): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
}
