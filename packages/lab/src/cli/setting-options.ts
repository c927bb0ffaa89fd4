// The settings as options: how each is spelled on the command line. What a setting may be is checked where
// config files are checked, so both get the same answers.

import { type Command, Option } from 'commander'
import { architectures, dynamicDefaults, pruningMethods, supportRules, trainDefaults } from 'dctps'
import {
  defaultSettings,
  parseSettings,
  resolveConfig,
  type SettingName,
  type Settings,
} from '../config/index.js'

interface OptionText {
  readonly flags: string
  readonly help: string
}

const { network, kind, density, rule, alpha, data } = defaultSettings
const names = (list: readonly { readonly name: string }[]) => list.map((item) => item.name).join(', ')

function defaultWidths(): string {
  const widths = architectures.flatMap(({ defaultWidth }) => defaultWidth ?? [])
  return [...new Set(widths)].join(' or ')
}

function defaultPruneSteps(): string {
  return pruningMethods.flatMap(({ name, steps }) => (steps === null ? [] : `${name} ${steps}`)).join(', ')
}

const standard = resolveConfig({})

/** Every setting under its heading. */
const groups: Readonly<Record<string, Partial<Record<SettingName, OptionText>>>> = {
  'Network:': {
    network: { flags: '--network <name>', help: `${names(architectures)} (default ${network})` },
    width: {
      flags: '--width <channels>',
      help: `of the first stage of a residual network, all others in proportion (default ${defaultWidths()})`,
    },
    stable: {
      flags: '--stable',
      help: 'residual networks: branches divided by the root of their number (default off)',
    },
    kind: {
      flags: '--kind <kind>',
      help: `how kernels are made: dctps (transform plus sparse), sparse, dense (default ${kind})`,
    },
    density: {
      flags: '--density <share>',
      help: `share of kernel weights that exist, e.g. 0.01 or 1% (default ${100 * density}%)`,
    },
    rule: {
      flags: '--rule <name>',
      help: `how they are shared among layers: ${names(supportRules)}; see dctps allocate --help (default ${rule})`,
    },
    prune: {
      flags: '--prune <method>',
      help: `instead of a rule, choose the weights of a plain sparse network by their saliency: ${names(pruningMethods)}`,
    },
    pruneSteps: {
      flags: '--prune-steps <n>',
      help: `steps of an iterated method (default ${defaultPruneSteps()})`,
    },
    alpha: {
      flags: '--alpha <how>',
      help: `weight of the transform: trainable or frozen (default ${alpha})`,
    },
  },
  'Data:': {
    data: {
      flags: '--data <name|path>',
      help: `a known data set, a folder or an archive; see dctps data list (default ${data})`,
    },
    size: {
      flags: '--size <size>',
      help: 'bring all images to this size, e.g. 32 or 24x32 (height x width)',
    },
    fit: { flags: '--fit <how>', help: 'how: fill stretches, pad keeps the aspect ratio (default fill)' },
    cifar100Labels: { flags: '--cifar100-labels <which>', help: 'fine or coarse (default fine)' },
    normalise: {
      flags: '--normalise <how>',
      help: 'mean and deviation: data (of the training images), published, auto (published where known) (default auto)',
    },
    validation: {
      flags: '--validation <share>',
      help: `share of training images held out to choose the best epoch; 0 for none (default ${trainDefaults.validation})`,
    },
    crop: { flags: '--crop <pixels>', help: 'pad by so many pixels, then crop at random (default 0: off)' },
    flip: { flags: '--flip', help: 'mirror half of the images (default off)' },
  },
  'Training:': {
    epochs: {
      flags: '--epochs <n>',
      help: `passes over the training images (default ${standard.epochs}; the paper: ${trainDefaults.epochs})`,
    },
    batch: { flags: '--batch <n>', help: `images per step (default ${standard.batch})` },
    lr: { flags: '--lr <rate>', help: `learning rate (default ${standard.lr})` },
    optimizer: { flags: '--optimizer <name>', help: 'adam or sgd (default adam)' },
    momentum: { flags: '--momentum <m>', help: 'SGD only (default 0.9)' },
    beta1: { flags: '--beta1 <b>', help: 'Adam only (default 0.9)' },
    beta2: { flags: '--beta2 <b>', help: 'Adam only (default 0.999)' },
    epsilon: { flags: '--epsilon <e>', help: 'Adam only (default 1e-8)' },
    weightDecay: {
      flags: '--weight-decay <d>',
      help: `L2, added to the gradient (default ${standard.weightDecay})`,
    },
    schedule: {
      flags: '--schedule <form>',
      help: 'constant, cosine or multistep:60,120 (epochs; divides by 10, or add @0.2 as the factor) (default constant)',
    },
    warmup: { flags: '--warmup <epochs>', help: 'rise of the learning rate from 0 (default 0)' },
    patience: {
      flags: '--patience <epochs>',
      help: 'stop when validation accuracy has not risen for so long (default: never)',
    },
    seed: {
      flags: '--seed <n>',
      help: 'of support, initial values, split, order and augmentation (default 0)',
    },
  },
  'Dynamic supports:': {
    dynamic: {
      flags: '--dynamic <method>',
      help: 'move the smallest weights while training: rigl (to the largest gradients) or set (at random) (default: off)',
    },
    updateEvery: {
      flags: '--update-every <steps>',
      help: `steps between two updates (default ${dynamicDefaults.updateEvery})`,
    },
    dropFraction: {
      flags: '--drop-fraction <share>',
      help: `share of the weights that move at first; falls to 0 as a cosine (default ${dynamicDefaults.dropFraction})`,
    },
    updateUntil: {
      flags: '--update-until <share>',
      help: `share of all steps after which supports stay (default ${dynamicDefaults.updateUntil})`,
    },
  },
  'Running:': {
    simd: {
      flags: '--simd <flavour>',
      help: 'relaxed is faster, plain gives the same bits on every machine (default: relaxed where it is to be had)',
    },
    threads: { flags: '--threads <n>', help: 'any number gives the same result (default: all cores)' },
    saveEvery: {
      flags: '--save-every <seconds>',
      help: `how much work a crash may cost (default ${standard.saveEvery})`,
    },
  },
}

const optionTexts = Object.values(groups).flatMap((group) => Object.entries(group))

/** Adds an option for each of the settings, all of them by default. */
export function addSettingOptions(command: Command, wanted?: readonly SettingName[]): Command {
  const isWanted = (name: string) => wanted === undefined || wanted.some((setting) => setting === name)
  for (const [heading, texts] of Object.entries(groups)) {
    for (const [name, { flags, help }] of Object.entries(texts)) {
      if (isWanted(name)) command.addOption(new Option(flags, help).helpGroup(heading))
    }
  }
  return command
}

/**
 * The settings among a command's options.
 * @throws DctpsError `usage`
 */
export function settingsOf(options: Readonly<Record<string, unknown>>): Settings {
  const given = optionTexts.flatMap(([name]) => (options[name] === undefined ? [] : [[name, options[name]]]))
  return parseSettings(Object.fromEntries(given), spellOption)
}

/** `--weight-decay` for `weightDecay`. */
function spellOption(name: string): string {
  const [, text] = optionTexts.find(([setting]) => setting === name) ?? []
  return text === undefined ? name : text.flags.split(' ', 1)[0]!
}
