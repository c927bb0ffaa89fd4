// `dctps report`: all runs in a folder as tables, plots and sentences.

import type { Command } from 'commander'
import { cachedTransforms } from 'dctps/node'
import { formatTable } from '../report/table.js'
import { LiveLine } from './live-line.js'
import { printJson } from './values.js'

interface ReportOptions {
  readonly out?: string
  readonly timings: boolean
  readonly quiet?: true
  readonly json?: true
}

const examples = `
DIR is the folder of a sweep, or any folder that holds run folders, such as
runs/. Runs that differ in their seed alone are shown as mean and deviation; of
several learning rates, the best by validation accuracy is shown. Damaged and
unfinished runs are named and left as they are.

Writes report.html, which needs nothing else, and beside it results.csv,
summary.csv, curves.csv, layers.csv, results.json and results.md. The same runs
give the same bytes; with --no-timings so do runs that were made again.

Examples:
  dctps report runs                      all runs that dctps train has written
  dctps report sweeps/NAME --out report  a sweep, the files elsewhere`

export function register(program: Command): void {
  program
    .command('report')
    .argument('<dir>', 'folder of a sweep, or folder that holds run folders')
    .description('Compare the runs in a folder: one HTML page, and CSV, JSON and Markdown.')
    .option('--out <folder>', 'where the files go (default: DIR)')
    .option('--no-timings', 'leave out seconds, images a second and dates')
    .option('--quiet', 'no progress')
    .option('--json', 'print the results as one JSON document; progress goes to stderr')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', examples)
    .action((folder: string, options: ReportOptions) => report(folder, options))
}

async function report(folder: string, options: ReportOptions): Promise<void> {
  const { out = folder, timings, quiet = false, json = false } = options
  const line = quiet ? null : new LiveLine(json ? process.stderr : process.stdout)
  // Plots take long to load: no other command needs them.
  const { readResults, resultsDocument, summaryTable, writeResults } = await import('../results/index.js')
  try {
    const results = await readResults(folder, {
      timings,
      transforms: cachedTransforms(),
      onProgress: (text) => line?.pass(text),
    })
    line?.pass('drawing')
    const files = await writeResults(out, results)
    line?.clear()
    if (json) {
      printJson({ files, ...resultsDocument(results) })
      return
    }
    for (const panel of results.panels) {
      const { columns, rows } = summaryTable(panel, results)
      console.log(`${panel.title}\n\n${formatTable(columns, rows)}\n`)
    }
    for (const finding of results.findings) console.log(finding)
    for (const { name, kind, reason } of results.problems) console.log(`${kind}: ${name}: ${reason}`)
    console.log(`\nThe report: ${files[0]}; its numbers beside it`)
  } finally {
    line?.clear()
  }
}
