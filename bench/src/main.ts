#!/usr/bin/env node
// The command `npm run bench`: its exit codes and its file. What is measured is measure.ts's.

import { accessSync, constants, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { CommanderError } from 'commander'
import { DctpsError } from 'dctps'
import { measure } from './measure.js'
import { type BenchOptions, parseOptions } from './options.js'
import type { BenchResults } from './results.js'

const exitCodes = { measured: 0, failed: 1, usage: 2 } as const

async function main(): Promise<number> {
  let options: BenchOptions
  try {
    options = parseOptions(process.argv.slice(2))
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.measured : exitCodes.usage
    throw error
  }
  try {
    const file = options.json === null ? null : writableFile(options.json)
    const save = (results: BenchResults) => {
      if (file !== null) writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)
    }
    const { steps } = await measure(options, save)
    return steps.length > 0 ? exitCodes.measured : exitCodes.failed
  } catch (error) {
    if (!(error instanceof Error)) throw error
    console.error(`error: ${error.message}`)
    return error instanceof DctpsError && error.code === 'usage' ? exitCodes.usage : exitCodes.failed
  }
}

/** @throws DctpsError `file` before anything is measured in vain */
function writableFile(name: string): string {
  const file = resolve(name)
  try {
    accessSync(dirname(file), constants.W_OK)
  } catch (cause) {
    throw new DctpsError(
      'file',
      `cannot write ${file}: its folder does not exist or is not writable; choose another`,
      {
        cause,
      },
    )
  }
  return file
}

process.exitCode = await main()
