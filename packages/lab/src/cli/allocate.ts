// `dctps allocate`: how many weights each layer gets, by a support rule from shapes alone, or by a method of pruning from
// data, without training.

import { type Command, Option } from 'commander'
import {
  allocate,
  buildNetwork,
  DctpsError,
  findArchitecture,
  findSupportRule,
  formatSupportReport,
  namedKernels,
  type SupportReport,
  supportReport,
  supportRules,
} from 'dctps'
import { architectureOptions, defaultSettings, resolveConfig } from '../config/index.js'
import { describePruning } from '../prune/index.js'
import { formatCount, formatDensity } from '../report/format.js'
import { formatTable } from '../report/table.js'
import { prepareRun } from '../run/index.js'
import { interruptSignal } from './interrupt.js'
import { Progress } from './progress.js'
import { addSettingOptions, settingsOf } from './setting-options.js'
import { printJson, wholeNumber } from './values.js'

interface AllocateOptions extends Readonly<Record<string, unknown>> {
  readonly prune?: string
  readonly rule?: string
  readonly classes?: number
  readonly channels?: number
  readonly size?: number
  readonly published?: true
  readonly json?: true
}

const allRules = 'all'

/** What a method of pruning depends on. */
const pruningSettings = [
  ...(['prune', 'pruneSteps', 'data', 'fit', 'cifar100Labels', 'normalise', 'validation'] as const),
  ...(['batch', 'seed', 'simd', 'threads'] as const),
]

const examples = `
Nothing is built or trained: a rule needs shapes only. The counts of all
layers add up to the density exactly; --published gives the published formulas
instead, which round down and lose what does not fit into a layer.

With --prune a method of pruning chooses the weights of a plain sparse network
for the images of --data, as dctps train would before training; classes and
shapes are those of the data.

Examples:
  dctps allocate --network resnet8 --density 0.5%
  dctps allocate --network resnet8 --density 0.1% --rule all
  dctps allocate --network lenet5 --channels 3 --classes 100 --rule erk --json
  dctps allocate --network lenet5 --density 1% --prune synflow`

export function register(program: Command): void {
  const rules = supportRules.map(({ name, summary }) => `${name} (${summary})`)
  const command = program
    .command('allocate')
    .description('Show how many weights each layer gets at a density.')
  addSettingOptions(command, ['network', 'width', 'stable', 'density', ...pruningSettings])
    .addOption(
      new Option('--rule <name>', `${rules.join('; ')}; or all side by side (default epl)`).helpGroup(
        'Network:',
      ),
    )
    .optionsGroup('Shapes:')
    .option('--classes <n>', 'outputs of the last layer (default 10)', wholeNumber('--classes', 2))
    .option('--channels <n>', 'of the images: 1 grey (default), 3 colour', wholeNumber('--channels', 1))
    .option(
      '--size <pixels>',
      "height and width of the network's input (default: its smallest)",
      wholeNumber('--size', 1),
    )
    .optionsGroup('Output:')
    .option('--published', 'counts of the published formulas, without an exact budget')
    .option('--json', 'print one JSON document')
    .optionsGroup('Help:')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', examples)
    .action((options: AllocateOptions) =>
      options.prune === undefined ? showAllocation(options) : showPruning(options),
    )
}

function showAllocation(options: AllocateOptions): void {
  const { rule: asked, ...rest } = options
  refuseOptions(
    options,
    pruningSettings,
    'a rule needs no data and no training; name a method of pruning with --prune',
  )
  const config = resolveConfig(settingsOf(rest))
  if (config.kind === 'dense') throw new DctpsError('usage', 'dense networks have no density to share')
  const { network: name, density } = config
  const rules = asked === allRules ? supportRules : [findSupportRule(asked ?? defaultSettings.rule)]
  const { channels = 1, classes = 10, size = Math.min(...findArchitecture(name).inputSizes) } = options
  const network = buildNetwork(name, {
    input: { channels, height: size, width: size },
    classes,
    kernel: { kind: config.kind },
    ...architectureOptions(config),
  })
  const kernels = namedKernels(network)
  const exactBudget = options.published !== true
  const reports = rules.map((rule) => ({
    rule: rule.name,
    report: supportReport(kernels, allocate(kernels, rule, density, { exactBudget })),
  }))
  if (options.json === true) {
    printJson({ network: name, density, classes, input: [channels, size, size], exactBudget, rules: reports })
    return
  }
  console.log(
    `${name}, ${channels} x ${size} x ${size}, ${classes} classes, density ${formatDensity(density)}`,
  )
  const [first] = reports
  if (reports.length === 1 && first !== undefined) {
    console.log(`rule ${first.rule}\n\n${formatSupportReport(first.report)}`)
    return
  }
  console.log(`\n${compareRules(reports)}`)
}

async function showPruning(options: AllocateOptions): Promise<void> {
  refuseOptions(
    options,
    ['rule', 'published'],
    'a method of pruning has no rule and no published formula; leave it out, or --prune',
  )
  refuseOptions(
    options,
    ['classes', 'channels'],
    'pruning takes classes and channels from the data; leave it out',
  )
  const config = resolveConfig({ ...settingsOf(options), kind: 'sparse' })
  const progress = new Progress(process.stderr)
  const { data, pruning } = await prepareRun(config, {
    signal: interruptSignal(),
    onDataProgress: (done, total) => progress.show({ type: 'data', done, total }),
    onWarning: (message) => progress.show({ type: 'warning', message }),
    onPrune: (done, steps) => progress.show({ type: 'prune', method: options.prune ?? '', done, steps }),
  }).finally(() => progress.clear())
  if (pruning === null) throw new DctpsError('usage', 'nothing was pruned; name a method with --prune')
  if (options.json === true) {
    printJson({ network: config.network, data: data.train.name, ...pruning })
    return
  }
  console.log(`${config.network}, ${data.train.name}, seed ${config.seed}`)
  console.log(`${describePruning(pruning).join('\n')}\n\n${formatSupportReport(pruning)}`)
}

function refuseOptions(options: AllocateOptions, names: readonly string[], reason: string): void {
  const given = names.filter((name) => options[name] !== undefined)
  if (given.length === 0) return
  throw new DctpsError('usage', `${given.join(', ')} cannot be used here: ${reason}`)
}

/** Non-zeros and density of each layer, two columns a rule. */
function compareRules(reports: readonly { rule: string; report: SupportReport }[]): string {
  const cells = (row: { nnz: number; density: number }) => [formatCount(row.nnz), formatDensity(row.density)]
  const [first] = reports
  const rows = (first?.report.layers ?? []).map((layer, index) => [
    layer.name,
    layer.shape.join('x'),
    formatCount(layer.entries),
    ...reports.flatMap(({ report }) => cells(report.layers[index] ?? layer)),
  ])
  const total = [
    'total',
    '',
    formatCount(first?.report.total.entries ?? 0),
    ...reports.flatMap(({ report }) => cells(report.total)),
  ]
  const left = (header: string) => ({ header, align: 'left' as const })
  const right = (header: string) => ({ header, align: 'right' as const })
  return formatTable(
    [
      left('layer'),
      left('shape'),
      right('weights'),
      ...reports.flatMap(({ rule }) => [right(rule), right('density')]),
    ],
    [...rows, total],
  )
}
