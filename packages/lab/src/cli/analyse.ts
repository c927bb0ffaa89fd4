// `dctps analyse`: how signals and gradients travel through a network before training, for each kind of kernel.

import { type Command, Option } from 'commander'
import { DctpsError, type KernelKind, kernelKinds } from 'dctps'
import { findingsOf } from '../analyse/findings.js'
import { seriesLabel } from '../analyse/labels.js'
import { type AnalysisPlan, defaultAnalysisFolder } from '../analyse/plan.js'
import { runAnalysis } from '../analyse/run-analysis.js'
import { summaryHeadings, summaryNote, summaryRows } from '../analyse/summary-table.js'
import { parseSettings, type RunConfig, resolveConfig, type Settings } from '../config/index.js'
import { formatCount } from '../report/format.js'
import { formatTable } from '../report/table.js'
import { createFolder } from '../run/folder.js'
import { openConfiguredData } from '../run/index.js'
import { AnalysisLine } from './analysis-line.js'
import { interruptSignal } from './interrupt.js'
import { addSettingOptions, settingsOf } from './setting-options.js'
import { printJson, wholeNumber } from './values.js'

interface AnalyseOptions extends Readonly<Record<string, unknown>> {
  readonly kind: string
  readonly densities?: string
  readonly classes?: number
  readonly images: number
  readonly seeds: number
  readonly out?: string
  readonly quiet?: true
  readonly json?: true
}

const defaultDensities = '1%,0.1%,0.01%'

const examples = `
Nothing is trained. Each network is built as dctps train would build it, and a
few training images are sent through it in double precision: how large signals
and gradients are by depth, how alike two images look, which units are dead, and
the singular values of the Jacobian of the logits. Writes analysis.html, a page
of plots, and its numbers as analysis.csv and analysis.json. A logit takes one
backward pass, so 100 classes take ten times as long as 10; --classes 10 builds
the network with fewer.

Examples:
  dctps analyse lenet5
  dctps analyse vgg19 --data cifar10.tar.gz --densities 10%,1%,0.1%,0.01%,0.001%
  dctps analyse resnet50 --kind dctps,sparse --images 4 --seeds 1 --out runs/r50`

export function register(program: Command): void {
  const command = program
    .command('analyse')
    .argument('<network>', 'name of a network, see dctps train --help')
    .description('Show how signals and gradients travel through a network before training.')
    .addOption(
      new Option('--kind <kinds>', 'kinds of kernels, a column of plots each')
        .default(kernelKinds.join(','))
        .helpGroup('Network:'),
    )
    .addOption(
      new Option(
        '--densities <shares>',
        `of the sparse and DCTpS networks, e.g. 1%,0.1% (default "${defaultDensities}")`,
      ).helpGroup('Network:'),
    )
  addSettingOptions(command, ['rule', 'width', 'stable'])
    .optionsGroup('Network:')
    .option('--classes <n>', "outputs of the last layer (default: the data's)", wholeNumber('--classes', 2))
  addSettingOptions(command, ['data', 'size', 'fit', 'cifar100Labels'])
    .optionsGroup('Data:')
    .option('--images <n>', 'images that are sent through', wholeNumber('--images', 2), 8)
    .option('--seeds <n>', 'seeds, from 0 on: each its own images and values', wholeNumber('--seeds', 1), 3)
    .optionsGroup('Output:')
    .option('--out <folder>', 'folder of the page and the numbers (default: named after the settings)')
    .option('--quiet', 'no progress')
    .option('--json', 'print analysis.json; progress goes to stderr')
    .optionsGroup('Help:')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', examples)
    .action((network: string, options: AnalyseOptions) => analyse(network, options))
}

async function analyse(network: string, options: AnalyseOptions): Promise<void> {
  const { config, plan } = planOf(network, options)
  const signal = interruptSignal()
  const progress = options.quiet
    ? null
    : new AnalysisLine(plan, options.json ? process.stderr : process.stdout)
  const data = await openConfiguredData(config, {
    signal,
    onDataProgress: (done, total) => progress?.showData(done, total),
    onWarning: (message) => progress?.warn(message),
  }).finally(() => progress?.clear())
  const { channels, height, width } = data.train.shape
  const images = formatCount(data.train.labels.length)
  const dataText = `${data.train.name}: ${images} training images, ${channels} x ${height} x ${width}`
  // Plots take longer to load than everything else: no other command needs them.
  const { analysisJson, analysisPaths, writeAnalysis } = await import('../analyse/write-analysis.js')
  const paths = analysisPaths(options.out ?? defaultAnalysisFolder(plan))
  progress?.start()
  // A folder that cannot be made is found out before the work, not after it.
  const analysis = await createFolder(paths.folder, async () => {
    const result = await runAnalysis(plan, {
      data,
      signal,
      onProgress: (event) => progress?.show(event),
    }).finally(() => progress?.clear())
    await writeAnalysis(paths, result, dataText)
    return result
  })
  if (options.json === true) {
    printJson(analysisJson(analysis))
    return
  }
  const right = (header: string) => ({ header, align: 'right' as const })
  console.log(
    formatTable(
      [{ header: 'kernels', align: 'left' }, ...summaryHeadings.map(right)],
      summaryRows(analysis).map(({ series, cells }) => [seriesLabel(series), ...cells]),
    ),
  )
  console.log(`\n${summaryNote(analysis)}\n`)
  for (const finding of findingsOf(analysis)) console.log(finding)
  console.log(`\nThe plots: ${paths.page}; the numbers: ${paths.csv}`)
}

function planOf(network: string, options: AnalyseOptions): { config: RunConfig; plan: AnalysisPlan } {
  const { kind: kindList, densities: densityList, ...rest } = options
  const kinds = distinct('--kind', kindList, (kind) => parsed({ kind }, '--kind').kind ?? 'dctps')
  const shared = settingsOf(rest)
  const isSparse = kinds.some((kind) => kind !== 'dense')
  if (!isSparse && densityList !== undefined)
    throw new DctpsError('usage', 'dense kernels store every weight: leave out --densities, or add a kind')
  const densities = isSparse
    ? distinct(
        '--densities',
        densityList ?? defaultDensities,
        (density) => parsed({ density }, '--densities').density ?? 1,
      ).sort((a, b) => b - a)
    : []
  const kind: KernelKind = isSparse ? 'sparse' : 'dense'
  const config = resolveConfig({ ...shared, network, kind })
  const { data, size, fit, cifar100Labels } = config
  const plan: AnalysisPlan = {
    network: config.network,
    ...(config.width !== undefined && { width: config.width }),
    ...(config.stable !== undefined && { stable: config.stable }),
    kinds,
    densities,
    rule: 'rule' in config ? config.rule : null,
    data,
    size,
    fit,
    cifar100Labels,
    classes: options.classes ?? null,
    images: options.images,
    seeds: options.seeds,
  }
  return { config, plan }
}

function parsed(value: object, option: string): Settings {
  return parseSettings(value, () => option)
}

/** @throws DctpsError `usage` when one is wrong or stands there twice */
function distinct<T extends string | number>(option: string, list: string, read: (text: string) => T): T[] {
  const items = list.split(',').map((text) => read(text.trim()))
  const twice = items.find((item, i) => items.indexOf(item) !== i)
  if (twice === undefined) return items
  throw new DctpsError('usage', `${option} names ${twice} twice, received ${list}; leave one out`)
}
