#!/usr/bin/env node
// The command `npm run test:reference -- DIR`: checks the engine against PyTorch's numbers.

import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Argument, Command, CommanderError, Option } from 'commander'
import { DctpsError } from 'dctps/internal/errors'
import { type SimdFlavour, simdFlavours } from 'dctps/internal/transform/simd'
import { enableRelaxedSimd } from 'dctps/node'
import { allPassed, type FileReport } from './comparison.js'
import { formatFile, formatJson, formatSummary } from './print.js'
import { runReference } from './run.js'

const exitCodes = { passed: 0, failed: 1, usage: 2 } as const

/** Beside the repository. */
const defaultFolder = fileURLToPath(new URL('../../../../../shared/reference', import.meta.url))

const examples = `
Prints, for each file, the largest error of each kind of tensor against its tolerance. Fixtures of networks that do
not exist here yet are skipped and named.

Exit code: 0 all within tolerance, 1 a tolerance exceeded, a damaged file, or nothing run, 2 wrong usage.

Examples:
  npm run test:reference
  npm run test:reference -- ../my-fixtures
  npm run test:reference -- --simd relaxed
  npm run test:reference --silent -- ../my-fixtures --json > errors.json`

async function main(): Promise<number> {
  const command = new Command('test:reference')
    .description('Check layers and whole training steps against fixtures made with PyTorch.')
    .addArgument(
      new Argument('[dir]', 'folder of the fixtures').default(defaultFolder, '../shared/reference'),
    )
    .addOption(
      new Option('--simd <flavour>', 'vector code of the engine').choices(simdFlavours).default('plain'),
    )
    .option('--json', 'print one JSON object for machines instead of tables')
    .addHelpText('after', examples)
    .exitOverride()
  try {
    command.parse()
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.passed : exitCodes.usage
    throw error
  }
  const folder = resolve(command.processedArgs[0])
  const { json, simd } = command.opts<{ json?: true; simd: SimdFlavour }>()
  if (simd === 'relaxed' && !enableRelaxedSimd()) {
    console.error('error: this engine has no relaxed SIMD; leave out --simd')
    return exitCodes.usage
  }
  try {
    const print = (report: FileReport) => {
      if (json === undefined) console.log(`${formatFile(report)}\n`)
    }
    const run = await runReference(folder, print, simd)
    console.log(json === true ? formatJson(run) : formatSummary(run))
    return allPassed(run.files) ? exitCodes.passed : exitCodes.failed
  } catch (error) {
    if (!(error instanceof DctpsError)) throw error
    console.error(`error: ${error.message}`)
    return error.code === 'usage' ? exitCodes.usage : exitCodes.failed
  }
}

process.exitCode = await main()
