// `dctps data list` and `dctps data get`: the data sets known by name, which of them are here, and getting one.

import type { Command } from 'commander'
import { DctpsError } from 'dctps'
import { didYouMean } from 'dctps/internal/support/nearest-name'
import {
  defaultDataFolder,
  findKnownDataset,
  getDataset,
  KNOWN_DATASETS,
  type KnownDataset,
  type ObtainedDataset,
  placeOf,
} from '../data/index.js'
import { formatBytes } from '../report/format.js'
import { formatTable } from '../report/table.js'
import { DownloadProgress } from './download-progress.js'
import { interruptSignal } from './interrupt.js'
import { printJson } from './values.js'

interface ListOptions {
  readonly json?: true
}

interface GetCommandOptions {
  readonly from?: string
  readonly json?: true
}

const folders = `
Data sets are kept in $DCTPS_DATA, else in dctps in the user's data folder
($XDG_DATA_HOME or ~/.local/share), a folder each.`

const getExamples = `${folders}

A file is complete and has its publisher's checksum before it gets its name; what
was received of it until then is kept beside it, so that a download that was cut
or stopped goes on with the same command. Proxies are not used: where one is
needed, fetch the files with another program and give them with --from.

Examples:
  dctps data get cifar10
  dctps data get tiny-imagenet --from ~/Downloads/tiny-imagenet-200.zip
  dctps data get fashion-mnist --from ~/fashion
  dctps train --data cifar10 --crop 4 --flip`

export function addList(data: Command): void {
  data
    .command('list')
    .description('Print the data sets known by name, and whether they are here.')
    .option('--json', 'print one JSON document')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', folders)
    .action((options: ListOptions) => list(options))
}

export function addGet(data: Command): void {
  const names = KNOWN_DATASETS.filter(({ origin }) => origin.kind === 'published').map(({ name }) => name)
  data
    .command('get')
    .argument('<name>', names.join(', '))
    .description('Fetch a data set from its publisher, or take files that you have.')
    .option('--from <path>', 'a file, or a folder with the files, to copy instead of fetching')
    .option('--json', 'print one JSON document; progress goes to stderr')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', getExamples)
    .action((name: string, options: GetCommandOptions) => get(name, options))
}

async function list(options: ListOptions): Promise<void> {
  const found = await Promise.all(
    KNOWN_DATASETS.map(async (dataset) => ({ dataset, ...(await placeOf(dataset)) })),
  )
  if (options.json === true) {
    printJson(
      found.map(({ dataset: { name, description }, location, missing }) => ({
        name,
        description,
        location,
        present: missing.length === 0,
        missing,
      })),
    )
    return
  }
  console.log('Known by name; any folder or archive can be named instead (see dctps data --help).\n')
  const here = (missing: readonly string[], absent: boolean) =>
    missing.length === 0 ? 'yes' : absent ? 'no' : 'in part'
  console.log(
    formatTable(
      [
        { header: 'name', align: 'left' },
        { header: 'here', align: 'left' },
        { header: 'download', align: 'right' },
        { header: 'what', align: 'left' },
      ],
      found.map(({ dataset, missing, absent }) => [
        dataset.name,
        here(missing, absent),
        downloadSize(dataset),
        dataset.description,
      ]),
    ),
  )
  console.log(`\ndctps data get NAME puts one into ${defaultDataFolder()}`)
}

function downloadSize({ origin }: KnownDataset): string {
  return origin.kind === 'built-in'
    ? ''
    : formatBytes(origin.files.reduce((sum, { bytes }) => sum + bytes, 0))
}

async function get(name: string, options: GetCommandOptions): Promise<void> {
  const dataset = findKnownDataset(name)
  if (dataset === null) throw unknownName(name)
  const progress = new DownloadProgress(process.stderr)
  const obtained = await getDataset(dataset, {
    from: options.from,
    signal: interruptSignal(),
    onEvent: (event) => progress.show(event),
  }).finally(() => progress.clear())
  if (options.json === true) printJson({ name, ...obtained })
  else for (const line of describe(dataset, obtained)) console.log(line)
}

function unknownName(name: string): DctpsError {
  const known = KNOWN_DATASETS.map((dataset) => dataset.name)
  return new DctpsError(
    'usage',
    `unknown data set '${name}', expected one of ${known.join(', ')}${didYouMean(name, known)}`,
  )
}

const deeds = {
  present: 'was here, checksum agrees',
  fetched: 'fetched, checksum agrees',
  copied: 'copied, checksum agrees',
} as const

function describe(
  { name, origin, trainOptions }: KnownDataset,
  { location, files }: ObtainedDataset,
): string[] {
  return [
    ...files.map((file) => `${file.name}: ${deeds[file.how]}`),
    origin.kind === 'built-in' ? `${name} is built in: ${location}` : `${name} is ready: ${location}`,
    `next: ${`dctps train --data ${name} ${trainOptions}`.trimEnd()}`,
  ]
}
