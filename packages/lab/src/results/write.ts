// The files of a report, each replaced in one step.

import { join } from 'node:path'
import { writeFileAtomic } from 'dctps/node'
import { createFolder } from '../run/folder.js'
import { curvesCsv, layersCsv, runsCsv, summaryCsv } from './csv-files.js'
import { resultsDocument, resultsMarkdown } from './documents.js'
import { resultsPage } from './page.js'
import type { Results } from './record.js'

/** Name and contents of every file, the page first. */
export async function resultsFiles(results: Results): Promise<[name: string, text: string][]> {
  return [
    ['report.html', await resultsPage(results)],
    ['results.csv', runsCsv(results)],
    ['summary.csv', summaryCsv(results)],
    ['curves.csv', curvesCsv(results)],
    ['layers.csv', layersCsv(results)],
    ['results.json', `${JSON.stringify(resultsDocument(results), null, 2)}\n`],
    ['results.md', resultsMarkdown(results)],
  ]
}

/**
 * Writes all files into a folder, which is made where it is missing.
 * @returns their paths
 * @throws DctpsError `file` when one cannot be written
 */
export async function writeResults(folder: string, results: Results): Promise<string[]> {
  const files = await resultsFiles(results)
  await createFolder(folder, async () => {
    for (const [name, text] of files) await writeFileAtomic(join(folder, name), Buffer.from(text))
  })
  return files.map(([name]) => join(folder, name))
}
