#!/usr/bin/env node
// The command `npm run bench`: its exit codes and its file. What is measured is measure.ts's.

import { accessSync, constants, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { CommanderError } from 'commander'
import { DctpsError } from 'dctps'
import { measure } from './measure.js'
import { measureGrowth } from './measure-growth.js'
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
    const save = writer(options.json)
    const saveResults = (results: BenchResults) => save(`${JSON.stringify(results, null, 2)}\n`)
    if (options.type === 'growth') {
      await measureGrowth(options, saveResults, writer(options.plot))
      return exitCodes.measured
    }
    const { steps } = await measure(options, saveResults)
    return steps.length > 0 ? exitCodes.measured : exitCodes.failed
  } catch (error) {
    if (!(error instanceof Error)) throw error
    console.error(`error: ${error.message}`)
    return error instanceof DctpsError && error.code === 'usage' ? exitCodes.usage : exitCodes.failed
  }
}

/**
 * Writes a file, as often as it is called; nothing for null.
 * @throws DctpsError `file` at once where it could not, before anything is measured in vain
 */
function writer(name: string | null): (text: string) => void {
  if (name === null) return () => {}
  const file = resolve(name)
  try {
    accessSync(dirname(file), constants.W_OK)
  } catch (cause) {
    const message = `cannot write ${file}: its folder does not exist or is not writable; choose another`
    throw new DctpsError('file', message, { cause })
  }
  return (text) => writeFileSync(file, text)
}

process.exitCode = await main()
